"""Pareto dominance, all objectives minimised: non-dominated sorting, crowding distance and quality indicators.

moocore does the work and is imported when it is needed: a search with one objective runs without it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats, Ints


def nondominated(points: Floats) -> NDArray[np.bool_]:
    """Return which rows of `(n, M)` no other row dominates; of equal rows all are kept."""
    record("nondominated", len(points))
    if len(points) == 0:
        return np.zeros(0, dtype=bool)
    if points.shape[1] == 1:
        return np.asarray(points[:, 0] == points.min())
    import moocore

    return np.asarray(moocore.is_nondominated(_contiguous(points), keep_weakly=True))


def nondominated_ranks(points: Floats) -> Ints:
    """Return the non-domination rank of each row of `(n, M)`, 0 for the front: `(n,)`; equal rows have equal ranks."""
    if points.shape[1] == 1 or len(points) == 0:
        return np.unique(points, return_inverse=True)[1].reshape(len(points))
    import moocore

    return np.asarray(moocore.pareto_rank(_contiguous(points)), dtype=np.int64)


def crowding_distance(front: Floats) -> Floats:
    """Return the crowding distance of each point of one front `(n, M)`: infinite at the ends of every objective.

    Gaps are divided by the range of the objective and summed over objectives (Deb et al. 2002); of equal values the older comes first.
    """
    n = len(front)
    distance = np.zeros(n)
    for column in front.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        distance[order[[0, -1]]] = np.inf
        if ordered[-1] > ordered[0] and n > 2:
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    return distance


def hypervolume(points: Floats, reference: Floats) -> float:
    """Return the volume that `(n, M)` dominates below the reference point `(M,)`, 0 for no points."""
    if not len(points):
        return 0.0
    import moocore

    return float(moocore.hypervolume(_contiguous(points), ref=reference))


def additive_epsilon(points: Floats, other: Floats) -> float:
    """Return the least shift of `points`, in every objective, after which it weakly dominates the `other` set."""
    import moocore

    return float(moocore.epsilon_additive(_contiguous(points), ref=_contiguous(other)))


def _contiguous(points: Floats) -> Floats:
    return np.ascontiguousarray(points, dtype=float)
