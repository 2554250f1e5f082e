"""Evolution: NSGA-II ranking of what was measured, guided mutation and crossover.

Sources: Deb, Pratap, Agarwal and Meyarivan 2002 (ranking, crowding, survival, binary tournament); Zhang, Sun and Tsang 2005
(guided mutation: a new choice comes partly from a distribution that the search has learned).
"""

from __future__ import annotations

import numpy as np

from nasbench.search.simplex import sample
from nasbench.spaces.space import Architectures, Floats, Ints


def ranks(objectives: Floats) -> Ints:
    """Non-domination rank of each row of `(n, M)`, 0 for the front, minimised: `(n,)`."""
    no_worse = (objectives[:, None] <= objectives[None]).all(axis=-1)
    better = (objectives[:, None] < objectives[None]).any(axis=-1)
    dominates = np.asarray(no_worse & better)
    rank = np.full(len(objectives), -1)
    left = np.ones(len(objectives), dtype=bool)
    level = 0
    while left.any():
        front = left & ~dominates[left].any(axis=0)
        rank[front] = level
        left &= ~front
        level += 1
    return rank


def crowding(objectives: Floats) -> Floats:
    """Crowding distance within one front `(n, M)`: infinite at the ends of every objective."""
    n = len(objectives)
    distance = np.zeros(n)
    for column in objectives.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        distance[order[[0, -1]]] = np.inf
        if ordered[-1] > ordered[0] and n > 2:
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    return distance


def survivors(objectives: Floats, size: int) -> Ints:
    """Rows that survive, best first: by rank, then by crowding distance, then the older; at most `size`."""
    if objectives.shape[1] == 1:
        return np.argsort(objectives[:, 0], kind="stable")[:size]
    rank = ranks(objectives)
    crowd = np.empty(len(objectives))
    for level in range(int(rank.max(initial=-1)) + 1):
        here = rank == level
        crowd[here] = crowding(objectives[here])
    return np.lexsort((-crowd, rank))[:size]


class Evolution:
    """A population of the best measured architectures, and offspring of them.

    Args:
        cardinalities: `(d,)`.
        rng: random numbers of this part alone, so that it evolves the same with and without the others.
        population: survivors kept.
        crossover: probability that a child has two parents (uniform crossover).
        guidance: probability that a mutated decision takes its choice from `theta` and not uniformly.

    Attributes:
        architectures: survivors, best first, `(n, d)`.
        objectives: `(n, M)`.
    """

    def __init__(
        self, cardinalities: Ints, rng: np.random.Generator, *, population: int, crossover: float, guidance: float
    ) -> None:
        self.architectures: Architectures = np.empty((0, len(cardinalities)), dtype=np.int8)
        self.objectives: Floats = np.empty((0, 0))
        self._rng = rng
        self._population = population
        self._crossover = crossover
        self._guidance = guidance

    def add(self, architecture: Architectures, objectives: Floats) -> int | None:
        """Survival of the fittest among the survivors and a newcomer `(d,)`, `(M,)`; return its place, None if it has none."""
        together = np.concatenate([self.objectives.reshape(-1, len(objectives)), objectives[None]])
        kept = survivors(together, self._population)
        self.architectures = np.concatenate([self.architectures, architecture[None]])[kept]
        self.objectives = together[kept]
        place = np.flatnonzero(kept == len(together) - 1)
        return int(place[0]) if len(place) else None

    def propose(self, n: int, theta: Floats, uniform: Floats) -> Architectures:
        """Bear `n` children, `(n, d)`; some may be infeasible, or known.

        A parent wins a binary tournament. A child changes one decision of it, after uniform crossover with a second parent with
        the probability `crossover`.

        Args:
            n: number of children.
            theta: where guided mutation draws from, `(d, k)`.
            uniform: the uniform distribution over allowed choices, `(d, k)`.
        """
        d = self.architectures.shape[1]
        # Survivors are sorted, so the smaller of two positions wins.
        parents = self._rng.integers(len(self.architectures), size=(2, n, 2)).min(axis=-1)
        children = self.architectures[parents[0]]
        crossed = self._rng.random(n) < self._crossover
        mixed = crossed[:, None] & (self._rng.random((n, d)) < 0.5)
        children = np.where(mixed, self.architectures[parents[1]], children)
        return self._mutate(children, self._guidance * theta + (1 - self._guidance) * uniform)

    def _mutate(self, children: Architectures, distribution: Floats) -> Architectures:
        """Change one decision of each child to another choice, drawn from `distribution` `(d, k)` without the old choice."""
        rows = np.arange(len(children))
        decision = self._rng.integers(children.shape[1], size=len(children))
        chances = distribution[decision]
        chances[rows, children[rows, decision]] = 0.0
        total = chances.sum(axis=1, keepdims=True)
        movable = total[:, 0] > 0
        drawn = sample(chances[movable] / total[movable], self._rng.random(len(children))[None, movable])[0]
        children[rows[movable], decision[movable]] = drawn
        return children
