"""Evolution: NSGA-II ranking of the evaluated architectures, guided mutation and crossover.

Sources: Deb, Pratap, Agarwal and Meyarivan 2002 (ranking, crowding, survival, binary tournament); Zhang, Sun and Tsang 2005
(guided mutation: a new choice comes partly from a distribution that the search has learned).
"""

from __future__ import annotations

import numpy as np

from nasbench.search.dominance import crowding_distance, nondominated_ranks
from nasbench.search.history import History
from nasbench.search.simplex import sample
from nasbench.spaces.space import Architectures, Floats, Ints


def select_survivors(objectives: Floats, size: int) -> Ints:
    """Return the rows that survive, best first: by rank, then by crowding distance, then the older; at most `size`."""
    if objectives.shape[1] == 1:
        return np.argsort(objectives[:, 0], kind="stable")[:size]
    rank = nondominated_ranks(objectives)
    crowding = np.empty(len(objectives))
    for level in range(int(rank.max(initial=-1)) + 1):
        front = rank == level
        crowding[front] = crowding_distance(objectives[front])
    return np.lexsort((-crowding, rank))[:size]


class Evolution:
    """A population of the best evaluated architectures, and their offspring.

    Args:
        history: the archive of the run.
        rng: random numbers of this operator alone, so that it evolves the same with and without the others.
        population_size: survivors kept.
        crossover_prob: probability that a child has two parents (uniform crossover).
        guided_mutation_prob: probability that a mutated decision takes its choice from `theta` and not uniformly.

    Attributes:
        rows: survivors, as rows of the history, best first.
    """

    def __init__(
        self,
        history: History,
        rng: np.random.Generator,
        *,
        population_size: int,
        crossover_prob: float,
        guided_mutation_prob: float,
    ) -> None:
        self.history = history
        self.rows: Ints = np.empty(0, dtype=np.int64)
        self._rng = rng
        self._population_size = population_size
        self._crossover_prob = crossover_prob
        self._guided_mutation_prob = guided_mutation_prob

    @property
    def architectures(self) -> Architectures:
        """Survivors, best first, `(n, d)`."""
        return self.history.architectures[self.rows]

    @property
    def objectives(self) -> Floats:
        """Objectives of the survivors, `(n, M)`."""
        return self.history.objectives[self.rows]

    def update(self) -> int | None:
        """Let the newest evaluation compete with the survivors; return its place among them, None if it has none."""
        newest = len(self.history) - 1
        candidates = np.append(self.rows, newest)
        self.rows = candidates[select_survivors(self.history.objectives[candidates], self._population_size)]
        place = np.flatnonzero(self.rows == newest)
        return int(place[0]) if len(place) else None

    def propose(self, n: int, theta: Floats, uniform: Floats) -> Architectures:
        """Generate `n` offspring, `(n, d)`; some may be infeasible or already evaluated.

        A parent wins a binary tournament. A child differs from it in one decision, after uniform crossover with a second parent
        with the probability `crossover_prob`.

        Args:
            n: number of children.
            theta: the distribution of guided mutation, `(d, k)`.
            uniform: the uniform distribution over allowed choices, `(d, k)`.
        """
        survivors = self.architectures
        d = survivors.shape[1]
        # Survivors are sorted, so the smaller of two positions wins.
        parents = self._rng.integers(len(survivors), size=(2, n, 2)).min(axis=-1)
        children = survivors[parents[0]]
        crossed = self._rng.random(n) < self._crossover_prob
        mixed = crossed[:, None] & (self._rng.random((n, d)) < 0.5)
        children = np.where(mixed, survivors[parents[1]], children)
        guidance = self._guided_mutation_prob
        return self._mutate(children, guidance * theta + (1 - guidance) * uniform)

    def _mutate(self, children: Architectures, distribution: Floats) -> Architectures:
        """Change one decision of each child to another choice, drawn from `distribution` `(d, k)` without the old choice."""
        rows = np.arange(len(children))
        decision = self._rng.integers(children.shape[1], size=len(children))
        probabilities = distribution[decision]
        probabilities[rows, children[rows, decision]] = 0.0
        total = probabilities.sum(axis=1, keepdims=True)
        movable = total[:, 0] > 0
        drawn = sample(probabilities[movable] / total[movable], self._rng.random(len(children))[None, movable])[0]
        children[rows[movable], decision[movable]] = drawn
        return children
