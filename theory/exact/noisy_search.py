"""Simulations of registered optimizers that see one of several trainings of each architecture: the architectures of all queries.

Written from the optimizers' descriptions on plain arrays, all runs at once. A query of an architecture is answered by one of its trainings
at random: by a new draw each time ("retrain"), or by the same one again ("cache"). With one training there is no noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import Landscape

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class NoisyTable:
    """All trainings of every architecture of a product space.

    Attributes:
        trainings: values, minimised, shape (N, S); NaN where there is none.
        landscape: means over the trainings.
        repeats: "retrain" or "cache".
    """

    trainings: Floats
    landscape: Landscape
    repeats: str

    @cached_property
    def _sorted(self) -> tuple[Floats, Ints]:
        """The trainings of each architecture, those that there are first, and their number."""
        return np.sort(self.trainings, axis=1), np.isfinite(self.trainings).sum(axis=1)

    def observe(self, rng: np.random.Generator, runs: Ints, architectures: Ints) -> Floats:
        """Return an answer to each query, shape (n,).

        Args:
            rng: source of new draws.
            runs: number of the run of each query, shape (n,).
            architectures: index of each, shape (n,).
        """
        values, available = self._sorted
        uniform = rng.random(len(runs)) if self.repeats == "retrain" else _hashed(runs, architectures)
        return np.asarray(values[architectures, (uniform * available[architectures]).astype(np.intp)])


def _hashed(runs: Ints, architectures: Ints) -> Floats:
    """Return a number in [0, 1) that is the same whenever a run asks again (the finaliser of splitmix64)."""
    mixed = runs.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + architectures.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11), dtype=float) / 2.0**53


Simulation = Callable[[np.random.Generator, NoisyTable, int, int], Ints]
"""From a generator, a table, runs R and queries Q to the index of each architecture asked for, shape (R, Q)."""


def local_search(rng: np.random.Generator, table: NoisyTable, runs: int, queries: int, first: bool = False) -> Ints:
    """Simulate hill climbing with uniform restarts: the best of all neighbours, or the `first` that is better, in random order."""
    landscape, everyone = table.landscape, np.arange(runs)
    neighbours = landscape.neighbours
    width = neighbours.shape[1]
    here, value = np.zeros(runs, dtype=np.intp), np.full(runs, np.inf)
    best, least = here.copy(), value.copy()
    order, place = np.zeros((runs, width), dtype=np.intp), np.zeros(runs, dtype=np.intp)
    restart = np.ones(runs, dtype=bool)
    asked = np.empty((runs, queries), dtype=np.intp)
    for query in range(queries):
        fresh = rng.integers(landscape.size, size=runs)
        now = np.where(restart, fresh, neighbours[here, order[everyone, np.minimum(place, width - 1)]])
        seen = table.observe(rng, everyone, now)
        asked[:, query] = now
        better = ~restart & (seen < least)
        best[better], least[better] = now[better], seen[better]
        place[~restart] += 1
        done = ~restart & ((place == width) | (first & better))
        moved = done & (least < value)
        here[restart], value[restart] = now[restart], seen[restart]
        here[moved], value[moved] = best[moved], least[moved]
        arrived = restart | moved
        least[arrived], place[arrived] = value[arrived], 0
        order[arrived] = rng.random((int(arrived.sum()), width)).argsort(axis=1)
        restart = done & ~moved
    return asked


def one_plus_one(
    rng: np.random.Generator, table: NoisyTable, runs: int, queries: int, rate: float | None = None
) -> Ints:
    """Simulate the (1+1)-EA that keeps a child which is better, or equal with a smaller index; `rate` is 1/d where None."""
    landscape, everyone = table.landscape, np.arange(runs)
    k, change = np.array(landscape.cardinalities), 1 / landscape.decisions if rate is None else rate
    here = rng.integers(landscape.size, size=runs)
    value = table.observe(rng, everyone, here)
    asked = np.empty((runs, queries), dtype=np.intp)
    asked[:, 0] = here
    for query in range(1, queries):
        digits = landscape.architectures[here].astype(np.int64)
        shift = 1 + (rng.random(digits.shape) * (k - 1)).astype(np.int64)
        child = np.where(rng.random(digits.shape) < change, (digits + shift) % k, digits) @ landscape.strides
        seen = table.observe(rng, everyone, child)
        kept = (seen < value) | ((seen == value) & (child < here))
        here, value = np.where(kept, child, here), np.where(kept, seen, value)
        asked[:, query] = child
    return asked


def regularized_evolution(
    rng: np.random.Generator, table: NoisyTable, runs: int, queries: int, population: int, tournament: int
) -> Ints:
    """Simulate ageing evolution: the best of `tournament` members, drawn with replacement, has one decision changed; the oldest dies."""
    landscape, everyone = table.landscape, np.arange(runs)
    k = np.array(landscape.cardinalities)
    members, values = np.zeros((runs, population), dtype=np.intp), np.full((runs, population), np.inf)
    asked = np.empty((runs, queries), dtype=np.intp)
    for query in range(queries):
        if query < population:
            child = rng.integers(landscape.size, size=runs)
        else:
            drawn = rng.integers(population, size=(runs, tournament))
            winner = drawn[everyone, values[everyone[:, None], drawn].argmin(axis=1)]
            digits = landscape.architectures[members[everyone, winner]].astype(np.int64)
            decision = rng.integers(landscape.decisions, size=runs)
            shift = 1 + (rng.random(runs) * (k[decision] - 1)).astype(np.int64)
            digits[everyone, decision] = (digits[everyone, decision] + shift) % k[decision]
            child = digits @ landscape.strides
        members[:, query % population], values[:, query % population] = child, table.observe(rng, everyone, child)
        asked[:, query] = child
    return asked
