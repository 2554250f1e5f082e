"""Where a method's scores lie: mean, median, interquartile mean, optimality gap.

Each statistic maps `(..., runs, tasks)` to `(...)`, so that a bootstrap evaluates all resamples in one call.
`locate` evaluates one on a study's scores and answers `Undefined` where they are incomplete.
Source: Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from reports.statistics.inputs import FloatArray, as_array, incomplete
from reports.statistics.result import Undefined

Statistic = Callable[[FloatArray], FloatArray]


def mean(scores: FloatArray) -> FloatArray:
    """Return the mean over runs and tasks."""
    return np.asarray(scores.mean(axis=(-2, -1)))


def median(scores: FloatArray) -> FloatArray:
    """Return the median of all runs of all tasks, pooled."""
    return np.asarray(np.median(scores, axis=(-2, -1)))


def median_of_task_means(scores: FloatArray) -> FloatArray:
    """Return the median over tasks of each task's mean over runs (the "median" of Agarwal et al.)."""
    return np.asarray(np.median(scores.mean(axis=-2), axis=-1))


def interquartile_mean(scores: FloatArray) -> FloatArray:
    """Return the mean of the middle half of all runs of all tasks, pooled.

    As in Agarwal et al., `floor(size / 4)` values are cut at each end.
    """
    pooled = scores.reshape(*scores.shape[:-2], -1)
    size = pooled.shape[-1]
    cut = size // 4
    if cut:
        pooled = np.partition(pooled, (cut, size - cut - 1), axis=-1)[..., cut : size - cut]
    return np.asarray(pooled.mean(axis=-1))


def optimality_gap(target: float) -> Statistic:
    """Return the statistic "mean excess over `target`": a score at or below the target counts as none.

    Scores are minimised here; Agarwal et al. maximise, and theirs is this one with both signs flipped.
    """

    def gap(scores: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(scores - target, 0.0).mean(axis=(-2, -1)))

    return gap


def locate(scores: ArrayLike, statistic: Statistic) -> float | Undefined:
    """Return `statistic` of `scores (runs, tasks)`, undefined where a run is missing."""
    array = as_array(scores, 2, "scores")
    return incomplete(array, "scores") or float(statistic(array))
