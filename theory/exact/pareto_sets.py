"""Sets of trade-offs, all objectives minimised: dominance, indicators, fronts, and the cost of sorting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
REFERENCE = 1.1


def hypervolume(points: Floats) -> float:
    """Return the volume dominated by `points` (n, M) below the reference point (1.1, ..., 1.1), zero for none."""
    from moocore import hypervolume as volume

    return float(volume(points, ref=[REFERENCE] * points.shape[1])) if len(points) else 0.0


def weakly_dominates(a: Floats, b: Floats) -> bool:
    """Return whether every point of `b` is weakly dominated by one of `a`."""
    return bool((a[:, None] <= b[None]).all(axis=2).any(axis=0).all())


def front(points: Floats) -> Floats:
    """Return the non-dominated points of a set without duplicates."""
    better = (points[:, None] <= points[None]).all(axis=2) & (points[:, None] < points[None]).any(axis=2)
    return points[~better.any(axis=0)]


def additive_epsilon(a: Floats, b: Floats) -> float:
    """Return I_eps+(A, B): the least amount by which A must be improved everywhere to weakly dominate B."""
    return float((a[:, None] - b[None]).max(axis=2).min(axis=0).max())


def inverted_distance_plus(a: Floats, z: Floats) -> float:
    """Return IGD+ of A to the reference set Z: mean over Z of the least distance by which A falls short."""
    return float(np.linalg.norm(np.maximum(a[:, None] - z[None], 0), axis=2).min(axis=0).mean())


def front_sizes_two(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the front sizes of pairs of rankings, shape (R, N) each: records of the second along the first."""
    along = np.take_along_axis(second, first.argsort(axis=1), axis=1)
    lowest = np.minimum.accumulate(along, axis=1)
    return 1 + (lowest[:, 1:] < lowest[:, :-1]).sum(axis=1)


def count_comparisons(points: Floats, only_later: bool = False) -> tuple[NDArray[np.intp], int]:
    """Sort into fronts as NSGA-II does, counting directed dominance comparisons.

    Args:
        points: objectives, shape (N, M).
        only_later: a mutant that compares each pair in one direction only.

    Returns:
        Front number of each point (0 the first), and how many ordered pairs (p, q) were compared for "p dominates q".
    """
    n, comparisons = len(points), 0
    dominated: list[list[int]] = [[] for _ in range(n)]
    dominators = np.zeros(n, dtype=np.intp)
    for p in range(n):
        others = np.arange(p + 1, n) if only_later else np.delete(np.arange(n), p)
        comparisons += len(others)
        beaten = others[(points[p] <= points[others]).all(axis=1) & (points[p] < points[others]).any(axis=1)]
        dominated[p] = beaten.tolist()
        dominators[beaten] += 1
    level = 0
    ranks = np.full(n, -1, dtype=np.intp)
    current = np.flatnonzero(dominators == 0)
    while len(current):
        ranks[current] = level
        for q in current:
            dominators[dominated[int(q)]] -= 1
        current = np.flatnonzero((dominators == 0) & (ranks < 0))
        level += 1
    return ranks, comparisons
