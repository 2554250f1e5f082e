"""Uniform random search in closed form: the law of its incumbent under a budget of queries or of time.

Architectures are drawn uniformly with replacement, so the incumbent is worse than the best r of N iff no query hit these. Under n
queries that has the probability (1 - r/N)^n. Under a budget B of time let W be the rest of the space, mu its costs with mass
|W|/N, and U = sum over n of mu^(*n) the renewal measure. Where the query that crosses B counts, no query leaves W with probability

    1 - U([0, B)) (1 - |W|/N),

because U([0, B)) is the expected number of queries that are begun while none has left W. Where it does not count, the last time
within the budget is at t, and the next cost C (of any architecture) exceeds what is left: the integral of P(C > B - t) over U(dt).

U is the impulse response of a recursive filter on a grid of time; each cost is split between the two grid points around it so that
its mean is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.spaces.space import Floats

STEPS = 4_000
"""Points of the grid of time."""

LEVELS = 400
"""Ranks at which the law is computed; between them it is spread evenly."""


@dataclass(frozen=True)
class Law:
    """Distribution of the incumbent.

    Attributes:
        weights: probability of each row, `(N,)`.
    """

    weights: Floats

    def mean(self, values: Floats) -> float:
        """Expectation of a value by row."""
        return float(self.weights @ values)

    def deviation(self, values: Floats) -> float:
        """Standard deviation of a value by row."""
        variance = float(self.weights @ values**2) - self.mean(values) ** 2
        return float(np.sqrt(np.maximum(variance, 0.0)))


def law_of_queries(signal: Floats, queries: int) -> Law:
    """The incumbent of `queries` draws with replacement; of equal signals the one drawn first, so they share alike.

    Args:
        signal: what the search sees by row, `(N,)`, higher is better.
        queries: n.
    """
    n = len(signal)
    _, group, size = np.unique(-signal, return_inverse=True, return_counts=True)
    worse = 1.0 - np.concatenate([[0.0], np.cumsum(size) / n])
    mass = -np.diff(np.maximum(worse, 0.0) ** queries)
    return Law((mass / size)[group])


def law_of_unique_queries(signal: Floats, queries: int) -> Law:
    """Return the distribution of the incumbent of `queries` different architectures; of equal signals each is as likely.

    Args:
        signal: what the search sees by row, `(N,)`, higher is better.
        queries: n.
    """
    n = len(signal)
    _, group, size = np.unique(-signal, return_inverse=True, return_counts=True)
    worse = n - np.concatenate([[0], np.cumsum(size)])
    # None of the n drawn is among the better ones with the probability C(worse, n) / C(N, n), a product of n factors.
    drawn = np.arange(queries)
    none = np.prod(np.maximum(worse[:, None] - drawn, 0) / (n - drawn), axis=1)
    return Law((-np.diff(none) / size)[group])


def law_of_time(signal: Floats, cost: Floats, budget: float, *, crossing_counts: bool = True) -> Law:
    """The incumbent under a budget of time.

    Args:
        signal: what the search sees by row, `(N,)`, higher is better.
        cost: seconds by row, `(N,)`.
        budget: seconds.
        crossing_counts: whether the query that crosses the budget counts.
    """
    n = len(signal)
    order = np.argsort(-signal, kind="stable")
    levels = np.unique(np.concatenate([[0], np.round(np.geomspace(1, n, LEVELS)).astype(np.int64)]))
    grid = _spread(cost[order] / (budget / STEPS))
    tail = 1.0 - np.cumsum(grid.total) / n
    stays = np.array([_stays(grid, int(level), n, tail, crossing_counts) for level in levels])
    stays[-1] = 0.0
    mass = -np.diff(stays) / np.diff(levels)
    weights = np.empty(n)
    weights[order] = np.repeat(mass, np.diff(levels))
    return Law(weights / weights.sum())


@dataclass(frozen=True)
class _Grid:
    """Costs by rank between grid points `low` and `low + 1`, the share `high` on the second; `total` counts per point."""

    low: np.ndarray
    high: Floats
    total: Floats

    def counts(self, first: int) -> Floats:
        """Count per grid point of all ranks from `first` on."""
        size = len(self.total)
        low, high = self.low[first:], self.high[first:]
        counts = np.bincount(low, 1.0 - high, minlength=size) + np.bincount(low + 1, high, minlength=size)
        return counts.astype(float)


def _spread(steps: Floats) -> _Grid:
    low = np.floor(steps).astype(np.int64)
    high = steps - low
    grid = _Grid(low, high, np.zeros(int(low.max()) + 2))
    return _Grid(low, high, grid.counts(0))


def _stays(grid: _Grid, level: int, n: int, tail: Floats, crossing_counts: bool) -> float:
    """Probability that no query that counts hits the best `level`."""
    from scipy.signal import lfilter

    sub = grid.counts(level) / n
    impulse = np.zeros(STEPS + 1)
    impulse[0] = 1.0
    denominator = -sub
    denominator[0] = 1.0 - sub[0]
    renewals = lfilter([1.0], denominator, impulse)
    if crossing_counts:
        return float(1.0 - renewals[:-1].sum() * level / n)
    left = STEPS - np.arange(STEPS + 1)
    return float(renewals @ np.where(left < len(tail), tail[np.minimum(left, len(tail) - 1)], 0.0))
