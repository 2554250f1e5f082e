"""Weekly atmospheric CO2 at Mauna Loa, 1958 to 2001 (statsmodels, embedded): forecast 12 weeks from 52."""

from __future__ import annotations

import numpy as np

from nasbench.extras import require_extra
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Splits, Task, windows

LENGTH, HORIZON = 52, 12


def load() -> Splits:
    """Return windows of the first 60%, the next 20% and the last 20% of the weeks; no window crosses a boundary.

    The 59 missing weeks are interpolated linearly; values are first differences, standardised by the training part,
    since the level rises beyond the training range.
    """
    level = require_extra("live", "statsmodels.datasets.co2").load_pandas().data["co2"].interpolate().to_numpy()
    change = np.diff(level)
    cuts = [int(0.6 * len(change)), int(0.8 * len(change))]
    change = (change - change[: cuts[0]].mean()) / change[: cuts[0]].std()
    parts = np.split(change.astype(np.float32)[:, None], cuts)
    return Splits(*(windows(part, 0, LENGTH, HORIZON) for part in parts))


TASK = Task(
    name="co2",
    shape=TaskShape(dims=1, channels=1, size=LENGTH, outputs=HORIZON, kind="forecasting"),
    metric="mse",
    source="embedded: statsmodels datasets.co2",
    load=load,
    season=52,
)
