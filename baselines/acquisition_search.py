"""What searches share that propose the largest acquisition value of a model: initial design, candidates, hill climbing."""

from __future__ import annotations

import numpy as np

from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats

STARTS, CLIMBS = 5, 3
"""Local search on the acquisition: number of starting points, and maximum number of steps."""
N_INCUMBENTS = 10
"""Evaluated architectures whose neighbours are candidates."""


class AcquisitionSearch:
    """Random architectures, then one at a time the unevaluated one with the largest acquisition value that was found.

    Candidates are the neighbours of the ten best (with several objectives: of ten of the front) and uniform architectures; a space
    with no more than `n_candidates` members is listed whole. From the best five of them the acquisition is climbed, at most three
    steps. Subclasses define `update` and `acquisition`.

    Args:
        problem: the search problem.
        rng: the run's generator.
        n_initial_samples: random architectures at the start; those that are told before count as well.
        n_candidates: uniform candidates.
    """

    NUMBERS = "in order"

    def __init__(self, problem: Problem, rng: np.random.Generator, n_initial_samples: int, n_candidates: int) -> None:
        self._space = problem.space
        self._rng = rng
        self._missing = n_initial_samples
        self._pool = n_candidates
        self._history = History(self._space, len(problem.objectives))

    def update(self) -> None:
        """Condition the model on the history."""
        raise NotImplementedError

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return the acquisition value of each architecture, larger is better: `(n, d)` to `(n,)`."""
        raise NotImplementedError

    def ask(self) -> Architectures:
        """Propose the random start, `(initial, d)`, then one architecture at a time, `(1, d)`; none when all are
        evaluated.
        """
        if self._missing > 0:
            return self._space.sample(self._rng.random((self._missing, self._space.d)))
        self.update()
        candidates = self._candidates()
        if len(candidates) == 0:
            return candidates
        gain = self.acquisition(candidates)
        best = np.argsort(-gain, kind="stable")[:STARTS]
        front, value = candidates[best], gain[best]
        for _ in range(CLIMBS):
            around = self._history.unseen(self._space.neighbours(front).reshape(-1, self._space.d))
            if len(around) == 0:
                break
            gain = self.acquisition(around)
            better = np.argsort(-gain, kind="stable")[:STARTS]
            if gain[better[0]] <= value[0]:
                break
            front, value = around[better], gain[better]
        return front[:1]

    def tell(self, observations: RunObservations) -> None:
        """Store the observations."""
        self._history.add_new(observations)
        self._missing -= len(observations)

    def _candidates(self) -> Architectures:
        if self._space.is_enumerable and self._space.product_size <= self._pool:
            return self._history.unseen(self._space.all)
        near = self._space.neighbours(self._incumbents()).reshape(-1, self._space.d)
        far = self._space.sample(self._rng.random((self._pool, self._space.d)))
        return self._history.unseen(np.concatenate([near, far]))

    def _incumbents(self) -> Architectures:
        """Return the ten best, or ten of the front drawn at random, `(n, d)`."""
        if self._history.objectives.shape[1] == 1:
            return self._history.architectures[self._history.best(N_INCUMBENTS)]
        front = self._history.front()
        return self._history.architectures[self._rng.permutation(front)[:N_INCUMBENTS]]
