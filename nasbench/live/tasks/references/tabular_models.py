"""Models of rows of a table: gradient boosting, ridge regression and the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.extras import require_extra
from nasbench.live.tasks.task import Splits, Task

MOST_TREES = 300
"""Rounds of boosting; how many are kept is decided on the search split."""
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)


def training_mean(task: Task, splits: Splits) -> NDArray[np.float64]:
    """Return the mean of the training targets for every test example (a trivial baseline)."""
    return np.full(splits.test.y.shape, np.concatenate([splits.train.y, splits.search.y]).mean(dtype=np.float64))


def ridge_regression(task: Task, splits: Splits) -> NDArray[np.float64]:
    """Return the predictions of a linear model, whose penalty is selected on the search split; refitted on both splits."""
    ridge = require_extra("live", "sklearn.linear_model").Ridge
    models = [ridge(penalty).fit(splits.train.x, splits.train.y) for penalty in PENALTIES]
    errors = [np.square(_column(model.predict(splits.search.x)) - splits.search.y).mean() for model in models]
    return _column(ridge(PENALTIES[int(np.argmin(errors))]).fit(*_both(splits)).predict(splits.test.x))


def gradient_boosting(task: Task, splits: Splits) -> NDArray[np.float64]:
    """Return the test predictions of boosted trees (scikit-learn's histogram gradient boosting): probabilities `(n, classes)`,
    or numbers `(n, 1)`.

    The number of rounds is that of the least error on the search split; the model is refitted on both splits.
    """
    ensemble = require_extra("live", "sklearn.ensemble")
    classifies = task.shape.kind == "classification"
    kind = ensemble.HistGradientBoostingClassifier if classifies else ensemble.HistGradientBoostingRegressor

    def fitted(x: NDArray[Any], y: NDArray[Any], rounds: int) -> Any:
        return kind(max_iter=rounds, early_stopping=False, random_state=0).fit(x, y.ravel())

    first = fitted(splits.train.x, splits.train.y, MOST_TREES)
    if classifies:
        rows = np.arange(len(splits.search))
        errors = [-np.log(p[rows, splits.search.y] + 1e-9).mean() for p in first.staged_predict_proba(splits.search.x)]
    else:
        errors = [np.square(_column(p) - splits.search.y).mean() for p in first.staged_predict(splits.search.x)]
    last = fitted(*_both(splits), int(np.argmin(errors)) + 1)
    predicted: NDArray[np.float64] = (
        last.predict_proba(splits.test.x) if classifies else _column(last.predict(splits.test.x))
    )
    return predicted


def _both(splits: Splits) -> tuple[NDArray[Any], NDArray[Any]]:
    return (
        np.concatenate([splits.train.x, splits.search.x]),
        np.concatenate([splits.train.y, splits.search.y]),
    )


def _column(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1)
