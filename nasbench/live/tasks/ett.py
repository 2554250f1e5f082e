"""Electricity transformer temperature, hourly (Zhou et al., AAAI 2021, "ETTh1"):

forecast the oil temperature a day ahead.
"""

from __future__ import annotations

import numpy as np

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Splits, Task, reference_file, windows

LENGTH, HORIZON = 96, 24
MONTH = 30 * 24
TARGET = 6
BOUNDS = ((0, 12 * MONTH), (12 * MONTH - LENGTH, 16 * MONTH), (16 * MONTH - LENGTH, 20 * MONTH))
"""Hours of the customary 12 / 4 / 4 months; the later splits may read the window before them, never its targets."""


def load() -> Splits:
    """Return windows of all seven variables, standardised by the training months; the target is the last, `OT`."""
    import pandas as pd

    table = pd.read_csv(reference_file("ett", "time-series", "ETTh1.csv"))
    values = table.drop(columns="date").to_numpy(np.float64)
    first = values[: BOUNDS[0][1]]
    values = ((values - first.mean(axis=0)) / first.std(axis=0)).astype(np.float32)
    return Splits(*(windows(values[a:b], TARGET, LENGTH, HORIZON) for a, b in BOUNDS))


TASK = Task(
    name="ett",
    shape=TaskShape(dims=1, channels=7, size=LENGTH, outputs=HORIZON, kind="forecasting"),
    metric="mse",
    source="reference data (NASBENCH_DATA): time-series/ETTh1.csv",
    load=load,
    target=TARGET,
    season=24,
)
