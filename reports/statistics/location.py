"""Where a method's scores lie: mean, median, interquartile mean, optimality gap.

Each statistic maps `(..., runs, tasks)` to `(...)`, so that a bootstrap evaluates all resamples in one call.
`locate` evaluates one on a study's scores and answers `Undefined` where they are incomplete.
Source: Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from nasbench.reports.statistics.inputs import FloatArray, as_array, check_level, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

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


def median_bounds(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float] | Undefined:
    """Return one-sided bounds of the median of a law, each at `level` by itself, from order statistics.

    They need no assumption on the law and err on the wide side where values tie (Conover 1999, section 3.2).

    Args:
        values: `(runs,)`; infinite for a run that never arrived, so a bound may be infinite.
        level: of each bound.

    Returns:
        `Undefined` where so few runs have no such bounds.
    """
    from scipy.stats import binom

    check_level(level)
    ordered = np.sort(np.asarray(values, dtype=float))
    n = ordered.size
    # The k-th smallest lies at or above the median if at most k - 1 values lie below it.
    k = int(binom.ppf(level, n, 0.5)) + 1 if n else 1
    if k > n:
        return Undefined(
            f"{pluralize(n, 'run')} {'is' if n == 1 else 'are'} too few for a bound of the median at {100 * level:g}%"
        )
    return float(ordered[n - k]), float(ordered[k - 1])
