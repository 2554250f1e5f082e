"""Vectorised simulations, all runs at once, of the algorithms whose exact laws `nasbench.theory.exact` computes.

They share with them the landscape's total order and the clock: T counts evaluations, the first one included. Every
simulator takes its generator, and parameters that turn it into a mutant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact.landscape import Landscape

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
    for keys in _random_keys(rng, size, runs, weights):
        chosen = np.argpartition(keys, draws - 1, axis=1)[:, :draws]
        by_key = np.take_along_axis(keys, chosen, axis=1).argsort(axis=1)
        parts.append(np.take_along_axis(chosen, by_key, axis=1))
    return np.concatenate(parts)


def target_times(rng: np.random.Generator, size: int, targets: int, runs: int, weights: Floats | None = None) -> Ints:
    """Return when random search without replacement first draws an index below `targets`, shape (runs,)."""
    keys = _random_keys(rng, size, runs, weights)
    return np.concatenate([(k <= k[:, :targets].min(axis=1, keepdims=True)).sum(axis=1) for k in keys])


def _random_keys(rng: np.random.Generator, size: int, runs: int, weights: Floats | None) -> Iterator[Floats]:
    """Yield keys by which whole spaces are ordered at random, shape (runs, size), some runs at a time."""
    for start in range(0, runs, CHUNK):
        keys = rng.exponential(size=(min(CHUNK, runs - start), size))
        yield keys if weights is None else keys / weights


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
        child_rank = landscape.rank[child @ landscape.strides]
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
    return _first_better(landscape, current, targets, rng.permuted(landscape.neighbours[current], axis=1))


def _first_better(
    landscape: Landscape, current: Ints, targets: int, tried: Ints
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Take the first of the architectures tried, shape (R, m), that is better; all are paid for where none is."""
    better = landscape.rank[tried] < landscape.rank[current][:, None]
    first, found = better.argmax(axis=1), better.any(axis=1)
    chosen = tried[np.arange(len(current)), first]
    spent = np.where(found, first + 1, tried.shape[1])
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
        return _first_better(landscape, current, targets, np.take_along_axis(neighbours, picks, axis=1))


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


def selected_of_offspring(
    rng: np.random.Generator, landscape: Landscape, runs: int, offspring: int, steps: int, *, elitist: bool
) -> Ints:
    """Return the rank of the current architecture of a (1,l)- or (1+l)-EA over time, shape (runs, steps + 1).

    Args:
        rng: generator.
        landscape: the table.
        runs: independent runs, uniform starts.
        offspring: mutants a step (l), each decision changed with probability 1/d.
        steps: generations.
        elitist: whether the parent competes with its offspring (plus) or dies (comma).
    """
    k = np.array(landscape.cardinalities)
    digits = landscape.architectures[rng.integers(landscape.size, size=runs)].astype(np.int64)
    ranks = np.empty((runs, steps + 1), dtype=np.intp)
    ranks[:, 0] = landscape.rank[digits @ landscape.strides]
    for step in range(1, steps + 1):
        shape = (runs, offspring, landscape.decisions)
        shift = 1 + (rng.random(shape) * (k - 1)).astype(np.int64)
        children = np.where(rng.random(shape) < 1 / landscape.decisions, (digits[:, None] + shift) % k, digits[:, None])
        child_ranks = landscape.rank[children @ landscape.strides]
        best = child_ranks.argmin(axis=1)
        best_rank = child_ranks[np.arange(runs), best]
        accepted = (best_rank < ranks[:, step - 1]) | (not elitist)
        digits = np.where(accepted[:, None], children[np.arange(runs), best], digits)
        ranks[:, step] = np.where(accepted, best_rank, ranks[:, step - 1])
    return ranks


def regularized_evolution(
    rng: np.random.Generator,
    landscape: Landscape,
    runs: int,
    *,
    population: int,
    sample: int,
    queries: int,
    spare_best: bool = False,
) -> tuple[Ints, Ints]:
    """Simulate regularized evolution (Real et al. 2019): tournament of `sample`, one changed decision, the oldest dies.

    Returns:
        Ranks of all queries (runs, queries), and the best rank in the population after each query from the
        `population`-th on, shape (runs, queries - population + 1).
    """
    k = np.array(landscape.cardinalities)
    everyone = np.arange(runs)
    digits = landscape.architectures[rng.integers(landscape.size, size=(runs, population))].astype(np.int64)
    ranks = landscape.rank[digits @ landscape.strides]
    born = np.broadcast_to(np.arange(population), (runs, population)).copy()
    queried, best = [*ranks.T.copy()], [ranks.min(axis=1)]
    for query in range(population, queries):
        contestants = rng.random((runs, population)).argpartition(sample - 1, axis=1)[:, :sample]
        winner = contestants[everyone, np.take_along_axis(ranks, contestants, axis=1).argmin(axis=1)]
        child = digits[everyone, winner]
        decision = rng.integers(landscape.decisions, size=runs)
        shift = 1 + (rng.random(runs) * (k[decision] - 1)).astype(np.int64)
        child[everyone, decision] = (child[everyone, decision] + shift) % k[decision]
        child_rank = landscape.rank[child @ landscape.strides]
        age = born.copy()
        if spare_best:
            age[everyone, ranks.argmin(axis=1)] = queries
        oldest = age.argmin(axis=1)
        digits[everyone, oldest], ranks[everyone, oldest], born[everyone, oldest] = child, child_rank, query
        queried.append(child_rank)
        best.append(ranks.min(axis=1))
    return np.stack(queried, axis=1), np.stack(best, axis=1)


def randomised_onemax(rng: np.random.Generator, decisions: int, choices: int, runs: int) -> Ints:
    """Return the steps of randomised local search on separable OneMax from all wrong, shape (runs,)."""
    digits = np.ones((runs, decisions), dtype=np.int64)
    times = np.zeros(runs, dtype=np.intp)
    active = np.arange(runs)
    while len(active):
        times[active] += 1
        decision = rng.integers(decisions, size=len(active))
        proposal = (digits[active, decision] + rng.integers(1, choices, size=len(active))) % choices
        accepted = (proposal == 0) | (digits[active, decision] != 0)
        digits[active[accepted], decision[accepted]] = proposal[accepted]
        active = active[digits[active].any(axis=1)]
    return times
