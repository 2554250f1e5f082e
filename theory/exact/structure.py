"""What a complete landscape looks like: local optima, basins of steepest ascent, variance by order of interaction."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import Landscape


def local_optima(landscape: Landscape, ties: bool = False) -> NDArray[np.intp]:
    """Return the indices of the local optima under one changed decision, best first.

    Args:
        landscape: the table.
        ties: False takes the total order (each plateau is broken by index); True keeps whatever has no neighbour of
            strictly smaller value.
    """
    if ties:
        found = (landscape.values[landscape.neighbours] >= landscape.values[:, None]).all(axis=1)
    else:
        found = (landscape.rank[landscape.neighbours] > landscape.rank[:, None]).all(axis=1)
    indices = np.flatnonzero(found)
    return indices[np.argsort(landscape.rank[indices])]


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


def variance_by_order(landscape: Landscape) -> NDArray[np.float64]:
    """Return the share of the variance of each order of interaction, shape (n + 1,), entry 0 zero (Efron and Stein
    1981).

    Under the uniform distribution f is a sum of components f_S, one for each set S of decisions, orthogonal to one
    another; entry d is the share of all f_S with |S| = d.
    """
    f = landscape.values.reshape(landscape.cardinalities)
    shares = np.zeros(landscape.decisions + 1)
    for order in range(1, landscape.decisions + 1):
        for chosen in combinations(range(landscape.decisions), order):
            component = f
            for axis in range(landscape.decisions):
                mean = component.mean(axis=axis, keepdims=True)
                component = component - mean if axis in chosen else mean
            shares[order] += np.mean(component**2)
    return shares / f.var()
