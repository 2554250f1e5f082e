"""Profiles: for how many problems, or runs, is a method within reach of the best, or of a threshold.

Sources: Dolan and Moré 2002, "Benchmarking optimization software with performance profiles"; Agarwal et al. 2021,
section 4.2 (score distributions); Gould and Scott 2016 on reading a profile of more than two methods as a ranking (do not).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import FloatArray, as_array, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.ties import RELATIVE


def performance_profile(costs: ArrayLike, solved: ArrayLike, factors: ArrayLike) -> FloatArray | Undefined:
    """Return `(methods, factors)`: the fraction of problems that a method solves within each factor of the cheapest one.

    A problem that no method solves counts against all.

    Args:
        costs: `(methods, problems)`, > 0 where solved; what stands elsewhere is not read.
        solved: `(methods, problems)`, boolean.
        factors: multiples of the cheapest cost, >= 1.

    Raises:
        NasbenchError: shapes differ, a cost that is not positive, a factor under one.
    """
    reached = np.asarray(solved, dtype=bool)
    if np.shape(costs) != reached.shape:
        raise NasbenchError(f"costs have shape {np.shape(costs)} and solved {reached.shape}; they must be the same.")
    cost = as_array(np.where(reached, costs, 1.0), 2, "costs")
    grid = as_array(factors, 1, "factors")
    if cost.size == 0:
        return Undefined("there are no problems or no methods")
    if not (cost > 0.0).all():
        raise NasbenchError("A performance profile needs a positive cost of every solved problem.")
    if not (grid >= 1.0).all():
        raise NasbenchError("The factors of a performance profile are at least one.")
    cheapest = np.where(reached, cost, np.inf).min(axis=0)
    within = reached[:, :, None] & (cost[:, :, None] <= cheapest[:, None] * grid * (1.0 + RELATIVE))
    return np.asarray(within.mean(axis=1))


def score_distribution(scores: ArrayLike, thresholds: ArrayLike) -> FloatArray | Undefined:
    """Return `(thresholds,)`: the fraction of runs, over all tasks, that score at or below each threshold.

    Args:
        scores: `(runs, tasks)`, lower is better.
        thresholds: in the units of the scores.
    """
    array = as_array(scores, 2, "scores")
    grid = as_array(thresholds, 1, "thresholds")
    return incomplete(array, "scores") or np.searchsorted(np.sort(array.ravel()), grid, side="right") / array.size
