"""Approximation sets, all objectives minimised: dominance, indicators, and sizes of fronts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.search import dominance

Floats = NDArray[np.float64]
REFERENCE = 1.1


def hypervolume(points: Floats) -> float:
    """Return the hypervolume of `points` (n, M) with the reference point (1.1, ..., 1.1), zero for none."""
    return dominance.hypervolume(points, np.full(points.shape[1], REFERENCE))


def weakly_dominates(a: Floats, b: Floats) -> bool:
    """Return whether every point of `b` is weakly dominated by one of `a`."""
    return bool((a[:, None] <= b[None]).all(axis=2).any(axis=0).all())


def inverted_distance_plus(a: Floats, z: Floats) -> float:
    """Return IGD+ of A to the reference set Z: mean over Z of the least distance by which A falls short."""
    return float(np.linalg.norm(np.maximum(a[:, None] - z[None], 0), axis=2).min(axis=0).mean())


def front_sizes_two(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the front sizes of pairs of rankings, shape (R, N) each: records of the second along the first."""
    along = np.take_along_axis(second, first.argsort(axis=1), axis=1)
    lowest = np.minimum.accumulate(along, axis=1)
    return 1 + (lowest[:, 1:] < lowest[:, :-1]).sum(axis=1)
