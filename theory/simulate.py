"""Vectorised simulations, all runs at once, of the algorithms whose exact laws `theory.exact` computes.

They share with them the landscape's total order and the clock: T counts evaluations, the first one included. Every
simulator takes its generator, and knobs by which the planted faults turn it into a mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory.landscape import Landscape

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

CHUNK = 250
"""Runs whose random orders of the whole space are held in memory at once."""


def draws_without_replacement(
    rng: np.random.Generator, size: int, draws: int, runs: int, weights: Floats | None = None
) -> Ints:
    """Return the first `draws` indices of random orders of the whole space, shape (runs, draws).

    Args:
        rng: generator.
        size: number of architectures.
        draws: how many are drawn.
        runs: independent runs.
        weights: successive sampling with these weights (Efraimidis and Spirakis 2006); None is uniform.
    """
    parts = []
    for start in range(0, runs, CHUNK):
        keys = rng.exponential(size=(min(CHUNK, runs - start), size))
        if weights is not None:
            keys /= weights
        chosen = np.argpartition(keys, draws - 1, axis=1)[:, :draws]
        by_key = np.take_along_axis(keys, chosen, axis=1).argsort(axis=1)
        parts.append(np.take_along_axis(chosen, by_key, axis=1))
    return np.concatenate(parts)


def target_times(rng: np.random.Generator, size: int, targets: int, runs: int, weights: Floats | None = None) -> Ints:
    """Return when random search without replacement first draws an index below `targets`, shape (runs,)."""
    parts = []
    for start in range(0, runs, CHUNK):
        keys = rng.exponential(size=(min(CHUNK, runs - start), size))
        if weights is not None:
            keys /= weights
        parts.append((keys <= keys[:, :targets].min(axis=1, keepdims=True)).sum(axis=1))
    return np.concatenate(parts)


def one_plus_one(
    rng: np.random.Generator,
    landscape: Landscape,
    targets: int,
    runs: int,
    *,
    rate: float | None = None,
    accept_worse: float = 0.0,
    start: Ints | None = None,
    horizon: int = 1_000_000,
) -> Floats:
    """Return the hitting times of the (1+1)-EA, shape (runs,); infinite for a run that the horizon cuts off.

    Args:
        rng: generator.
        landscape: the table.
        targets: how many of the best architectures count as found.
        runs: independent runs.
        rate: probability that a decision changes; 1/d where None.
        accept_worse: probability that a worse mutant is accepted (0: elitist).
        start: indices of the first architectures; uniform where None.
        horizon: evaluations after which a run is given up.
    """
    change = 1 / landscape.decisions if rate is None else rate
    k = np.array(landscape.cardinalities)
    strides = np.concatenate([np.cumprod(k[:0:-1])[::-1], [1]])
    current = rng.integers(landscape.size, size=runs) if start is None else start.copy()
    times = np.full(runs, np.inf)
    times[landscape.rank[current] < targets] = 1
    active = np.flatnonzero(np.isinf(times))
    digits = landscape.architectures[current[active]].astype(np.int64)
    rank = landscape.rank[current[active]]
    for evaluation in range(2, horizon + 1):
        if not len(active):
            break
        shift = 1 + (rng.random(digits.shape) * (k - 1)).astype(np.int64)
        child = np.where(rng.random(digits.shape) < change, (digits + shift) % k, digits)
        child_rank = landscape.rank[child @ strides]
        accepted = child_rank < rank
        if accept_worse:
            accepted |= rng.random(len(rank)) < accept_worse
        digits[accepted] = child[accepted]
        rank = np.where(accepted, child_rank, rank)
        done = child_rank < targets
        if done.any():
            times[active[done]] = evaluation
            active, digits, rank = active[~done], digits[~done], rank[~done]
    return times


Step = Callable[[np.random.Generator, Landscape, Ints, int], tuple[Ints, Ints, NDArray[np.bool_]]]
"""From current architectures: where each goes (-1: gives up), evaluations spent, and whether a target was evaluated."""


def first_improvement_step(
    rng: np.random.Generator, landscape: Landscape, current: Ints, targets: int
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Scan the neighbours in random order; take the first better one."""
    neighbours = rng.permuted(landscape.neighbours[current], axis=1)
    better = landscape.rank[neighbours] < landscape.rank[current][:, None]
    first = better.argmax(axis=1)
    found = better.any(axis=1)
    chosen = neighbours[np.arange(len(current)), first]
    spent = np.where(found, first + 1, neighbours.shape[1])
    return np.where(found, chosen, -1), spent, found & (landscape.rank[chosen] < targets)


def steepest_step(
    rng: np.random.Generator, landscape: Landscape, current: Ints, targets: int
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Evaluate all neighbours in random order; take the best one if it is better; stop at once at a target."""
    neighbours = rng.permuted(landscape.neighbours[current], axis=1)
    ranks = landscape.rank[neighbours]
    aimed = ranks < targets
    hit = aimed.any(axis=1)
    best = neighbours[np.arange(len(current)), ranks.argmin(axis=1)]
    improved = landscape.rank[best] < landscape.rank[current]
    spent = np.where(hit, aimed.argmax(axis=1) + 1, neighbours.shape[1])
    return np.where(improved, best, -1), spent, hit


@dataclass(frozen=True)
class Randomised:
    """Randomised local search as a step: one uniform neighbour after another, given up after `patience` failures."""

    patience: int

    def __call__(
        self, rng: np.random.Generator, landscape: Landscape, current: Ints, targets: int
    ) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        """Draw until a better neighbour comes or patience ends."""
        neighbours = landscape.neighbours[current]
        picks = rng.integers(neighbours.shape[1], size=(len(current), self.patience))
        tried = np.take_along_axis(neighbours, picks, axis=1)
        better = landscape.rank[tried] < landscape.rank[current][:, None]
        first = better.argmax(axis=1)
        found = better.any(axis=1)
        chosen = tried[np.arange(len(current)), first]
        spent = np.where(found, first + 1, self.patience)
        return np.where(found, chosen, -1), spent, found & (landscape.rank[chosen] < targets)


def restarted(
    rng: np.random.Generator, landscape: Landscape, targets: int, runs: int, step: Step, free_failure: bool = False
) -> Ints:
    """Return the times of a local search with uniform restarts, shape (runs,).

    Args:
        rng: generator.
        landscape: the table.
        targets: how many of the best architectures count as found.
        runs: independent runs.
        step: one scan of the neighbourhood.
        free_failure: a mutant that does not pay for the scan by which it notices a local optimum.
    """
    times = np.zeros(runs, dtype=np.intp)
    current = np.full(runs, -1, dtype=np.intp)
    active = np.arange(runs)
    while len(active):
        fresh = active[current[active] < 0]
        current[fresh] = rng.integers(landscape.size, size=len(fresh))
        times[fresh] += 1
        active = active[~((landscape.rank[current[active]] < targets) & np.isin(active, fresh))]
        if not len(active):
            break
        onward, spent, hit = step(rng, landscape, current[active], targets)
        times[active] += np.where((onward < 0) & free_failure, 0, spent)
        current[active] = onward
        active = active[~hit]
    return times
