"""Electricity transformer temperature, hourly (Zhou et al., AAAI 2021, "ETTh1"):

forecast the oil temperature a day ahead.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Splits, Task, windows
from nasbench.live.tasks.user_files import UserFiles

LENGTH, HORIZON = 96, 24
MONTH = 30 * 24
TARGET = 6
BOUNDS = ((0, 12 * MONTH), (12 * MONTH - LENGTH, 16 * MONTH), (16 * MONTH - LENGTH, 20 * MONTH))
"""Hours of the customary 12 / 4 / 4 months; later splits may use the preceding window as input, but never its targets.
"""


def read(folder: Path) -> Splits:
    """Return windows of all seven variables, standardised by the training months; the target is the last, `OT`."""
    import pandas as pd

    table = pd.read_csv(folder / "ETTh1.csv")
    values = table.drop(columns="date").to_numpy(np.float64)
    if values.shape[1] != 7 or len(values) < BOUNDS[-1][1]:
        raise ValueError(f"{len(values)} hours of {values.shape[1]} variables")
    first = values[: BOUNDS[0][1]]
    values = ((values - first.mean(axis=0)) / first.std(axis=0)).astype(np.float32)
    return Splits(*(windows(values[a:b], TARGET, LENGTH, HORIZON) for a, b in BOUNDS))


FILES = UserFiles(
    task="ett",
    names=("ETTh1.csv",),
    published="ETTh1 of github.com/zhouhaoyi/ETDataset, licence CC BY-ND 4.0",
    read=read,
    sizes=(8521, 2857, 2857),
)
TASK = Task(
    name="ett",
    shape=TaskShape(dims=1, channels=7, size=LENGTH, outputs=HORIZON, kind="forecasting"),
    metric="mse",
    source=FILES.source,
    load=FILES.load,
    fetch=FILES.fetch,
    target=TARGET,
    season=24,
)
