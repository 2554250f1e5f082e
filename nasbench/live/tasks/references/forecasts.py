"""Forecasts without a network: persistence, mean, seasonal naive, linear models of the window and ARIMA (statsmodels).

A target is relative to the last value of its window (`tasks.task.windows`), and so is a forecast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.tasks.task import Split, Splits, Task

Values = NDArray[np.float64]

ORDERS = ((2, 0, 1), (4, 0, 2), (2, 1, 1), (4, 1, 2))
"""Candidate orders (p, d, q) of ARIMA, selected on the search split."""
PENALTIES = (0.01, 1.0, 100.0, 1e4, 1e6)
"""Candidate penalties of the linear map."""


def persistence(task: Task, splits: Splits) -> Values:
    """Return the last value as the forecast of all steps."""
    return np.zeros(splits.test.y.shape)


def training_mean(task: Task, splits: Splits) -> Values:
    """Return the mean of the training targets as the forecast (a trivial baseline)."""
    level = np.mean(_last(task, splits.train) + splits.train.y)
    return np.repeat(level - _last(task, splits.test), splits.test.y.shape[1], axis=1)


def seasonal_naive(task: Task, splits: Splits) -> Values:
    """Return the value of one season before each target.

    Raises:
        NasbenchError: if the task has no season, or its window is shorter than one.
    """
    season, length, horizon = task.season, task.shape.size, task.shape.outputs
    if not horizon <= season <= length:
        raise NasbenchError(f"Task {task.name!r} has no season within its window; leave seasonal_naive out.")
    start = length - season
    return splits.test.x[:, task.target, start : start + horizon] - _last(task, splits.test)


def dlinear(task: Task, splits: Splits) -> Values:
    """Return the forecasts of a linear map from the window of the target to all steps.

    DLinear (Zeng et al., AAAI 2023) adds a linear map of a moving average and one of the rest, which together are a linear
    map of the window (Toner and Darlow, ICML 2024); fitted here by ridge regression in closed form. As targets are
    relative to the last value, so are inputs (NLinear of the same paper). The penalty is selected on the search split, and
    the model refitted on both splits.
    """

    def design(split: Split) -> Values:
        series = split.x[:, task.target].astype(np.float64) - _last(task, split)
        return np.concatenate([series, np.ones((len(split), 1))], axis=1)

    def fitted(x: Values, y: Values, penalty: float) -> Values:
        return np.asarray(np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y), np.float64)

    train, search = design(splits.train), design(splits.search)
    errors = [np.square(search @ fitted(train, splits.train.y, p) - splits.search.y).mean() for p in PENALTIES]
    both = np.concatenate([train, search]), np.concatenate([splits.train.y, splits.search.y])
    return np.asarray(design(splits.test) @ fitted(*both, PENALTIES[int(np.argmin(errors))]), np.float64)


def arima(task: Task, splits: Splits) -> Values:
    """Return the forecasts of an ARIMA model of the target alone.

    Its order is chosen by the mean squared error on the search split; coefficients are those of the training split. At
    each test example it has seen the test series up to there, which may be more than the window.
    """
    series = _series(task, splits.train)
    models = [_fitted(series, order) for order in ORDERS]
    errors = [np.square(_rolled(model, task, splits.search) - splits.search.y).mean() for model in models]
    return _rolled(models[int(np.argmin(errors))], task, splits.test)


def _fitted(series: Values, order: tuple[int, int, int]) -> Any:
    import warnings

    ARIMA = require_extra("live", "statsmodels.tsa.arima.model").ARIMA

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # about starting values and convergence; models are selected on the search split
        return ARIMA(series, order=order, trend="n").fit(low_memory=False)


def _rolled(model: Any, task: Task, split: Split) -> Values:
    """Return the forecasts at the end of every window, `(n, horizon)`, from one pass of the Kalman filter.

    The filtered state `a` after a window gives the forecast of step h as `Z T^h a`.
    """
    applied = model.apply(_series(task, split)[: len(split) + task.shape.size - 1])
    state = applied.filter_results.filtered_state[:, task.shape.size - 1 :].T
    transition, design = (applied.filter_results.__getattribute__(name)[..., 0] for name in ("transition", "design"))
    steps = []
    for _ in range(task.shape.outputs):
        state = state @ transition.T
        steps.append(state @ design[0])
    return np.stack(steps, axis=1) - _last(task, split)


def _series(task: Task, split: Split) -> Values:
    """Return the series underlying a split of windows that advance by one step."""
    x = split.x[:, task.target].astype(np.float64)
    return np.concatenate([x[0], x[1:, -1], x[-1, -1] + split.y[-1]])


def _last(task: Task, split: Split) -> Values:
    return split.x[:, task.target, -1:].astype(np.float64)
