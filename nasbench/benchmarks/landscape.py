"""Landscape analysis of a table, computed exactly (without sampling). Values are minimised throughout."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Floats, Ints, Space
from nasbench.ties import is_constant

_CHUNK = 2048


def neighbour_rows(space: Space) -> Ints:
    """Return the position in `space.all` of every neighbour of every architecture, `(N, n)`; -1 where a neighbour is
    infeasible, or the architecture itself (which it is where a `MixedSpace` has fewer).
    """
    index = space.index(space.all)
    parts = []
    for first in range(0, len(index), _CHUNK):
        near = space.neighbours(space.all[first : first + _CHUNK])
        near_index = space.index(near)
        row = np.minimum(np.searchsorted(index, near_index), len(index) - 1)
        itself = near_index == index[first : first + _CHUNK, None]
        parts.append(np.where(space.is_feasible(near) & (index[row] == near_index) & ~itself, row, -1))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Basins:
    """Basins of attraction of steepest descent.

    Attributes:
        optimum: for each architecture the row in which steepest descent from it ends, `(N,)`.
        steps: number of moves, `(N,)`.
        optima: rows without a better neighbour, ascending, `(L,)`.
        sizes: number of architectures in the basin of each optimum, `(L,)`.
    """

    optimum: Ints
    steps: Ints
    optima: Ints
    sizes: Ints


def basins(values: Floats, neighbours: Ints) -> Basins:
    """Follow steepest descent from every architecture; ties between neighbours are resolved by the smallest row.

    A row is an optimum if no neighbour is strictly better, so every row of a plateau without exit is an optimum.

    Args:
        values: `(N,)`.
        neighbours: `(N, n)`, -1 for none.
    """
    rows = np.arange(len(values))
    order = np.sort(np.where(neighbours < 0, len(values), neighbours), axis=1)
    padded = np.append(values, np.inf)
    best = order[rows, padded[order].argmin(axis=1)]
    target = np.where(padded[best] < values, best, rows)
    steps = (target != rows).astype(np.int64)
    # Pointer doubling: after k rounds a pointer has moved 2^k steps.
    while (target != target[target]).any():
        steps = steps + steps[target]
        target = target[target]
    optima, sizes = np.unique(target, return_counts=True)
    return Basins(target, steps, optima, sizes)


def correlation(a: ArrayLike, b: ArrayLike) -> float | None:
    """Return Pearson's correlation of two columns; None where one of them does not vary."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not first.size or is_constant(first) or is_constant(second):
        return None
    return float(np.corrcoef(first, second)[0, 1])


def autocorrelation(values: Floats, neighbours: Ints) -> float | None:
    """Return the correlation of the values of neighbours, over all ordered pairs: that of one step of a random walk
    (Weinberger 1990).
    """
    row, slot = np.nonzero(neighbours >= 0)
    return correlation(values[row], values[neighbours[row, slot]])


def distance_to_nearest(space: Space, rows: Ints) -> Ints:
    """Return the number of decisions in which each architecture differs from the nearest of some, `(N,)`."""
    distance = np.full(space.size, space.d, dtype=np.int64)
    for row in rows:
        distance = np.minimum(distance, (space.all != space.all[row]).sum(axis=1))
    return distance


def variance_shares(values: Floats, cardinalities: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    """Return the functional ANOVA of a complete product: the share of the variance that each set of decisions explains
    by itself.

    Shares of all non-empty sets add up to one (Hoeffding 1948; Sobol 1993).

    Args:
        values: `(N,)` in the order of the index.
        cardinalities: choices of each decision.

    Raises:
        NasbenchError: if the values are not one for each combination, or do not vary.
    """
    d = len(cardinalities)
    if values.shape != (int(np.prod(cardinalities)),):
        raise NasbenchError(
            f"An analysis of variance needs all {int(np.prod(cardinalities))} combinations, not {len(values)}."
        )
    table = values.reshape(cardinalities)
    total = float(table.var())
    if is_constant(values):
        raise NasbenchError("An analysis of variance needs values that vary.")
    explained: dict[tuple[int, ...], float] = {(): 0.0}
    for size in range(1, d + 1):
        for kept in combinations(range(d), size):
            others = tuple(decision for decision in range(d) if decision not in kept)
            closed = float(table.mean(axis=others).var())
            parts = sum(explained[part] for k in range(size) for part in combinations(kept, k))
            explained[kept] = closed - parts
    del explained[()]
    return {kept: value / total for kept, value in explained.items()}


@dataclass(frozen=True)
class SeedNoise:
    """Variability due to the training seed.

    Attributes:
        architectures: number of architectures with two or more seeds.
        deviation: pooled standard deviation of one training about its architecture's mean, in the unit of the values.
        reliability: fraction of the variance of single trainings that is between architectures (intraclass correlation,
            one-way random effects; Shrout and Fleiss 1979, case 1, with the mean number of seeds of unequal groups).
    """

    architectures: int
    deviation: float
    reliability: float


def seed_noise(values: NDArray[np.float64], missing: NDArray[np.bool_] | None) -> SeedNoise | None:
    """Return the noise of the training seed in values `(N, S)`; None if no architecture has two seeds."""
    present = np.ones(values.shape, dtype=bool) if missing is None else ~np.asarray(missing)
    count = present.sum(axis=1)
    held = count >= 2
    if not held.any():
        return None
    count, present = count[held], present[held]
    values = np.where(present, np.asarray(values, dtype=np.float64)[held], 0.0)
    mean = values.sum(axis=1) / count
    within = float((np.where(present, values - mean[:, None], 0.0) ** 2).sum() / (count - 1).sum())
    groups, total = len(count), int(count.sum())
    grand = values.sum() / total
    between = float((count * (mean - grand) ** 2).sum() / max(groups - 1, 1))
    typical = (total - (count**2).sum() / total) / max(groups - 1, 1)
    component = max((between - within) / typical, 0.0) if typical > 0 else 0.0
    return SeedNoise(
        groups, float(np.sqrt(within)), component / (component + within) if component + within > 0 else 1.0
    )


def rank_correlations(a: Floats, b: Floats) -> tuple[float | None, float | None]:
    """Return Spearman's rho and Kendall's tau-b of two columns, over the architectures that have both; None where one
    does not vary.
    """
    from scipy.stats import kendalltau, spearmanr

    both = np.isfinite(a) & np.isfinite(b)
    if not both.any() or is_constant(a[both]) or is_constant(b[both]):
        return None, None
    return float(spearmanr(a[both], b[both]).statistic), float(kendalltau(a[both], b[both]).statistic)
