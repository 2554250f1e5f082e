"""Basins of steepest ascent on a complete landscape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import Landscape


def basins(landscape: Landscape) -> NDArray[np.intp]:
    """Return for each architecture the local optimum in which steepest ascent from it ends, shape (N,)."""
    neighbours = landscape.neighbours
    best = np.take_along_axis(neighbours, landscape.rank[neighbours].argmin(axis=1)[:, None], axis=1)[:, 0]
    step = np.where(landscape.rank[best] < landscape.rank, best, np.arange(landscape.size))
    while True:
        twice = step[step]
        if np.array_equal(twice, step):
            return step
        step = twice
