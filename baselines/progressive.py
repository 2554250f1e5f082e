"""Progressive search after PNAS (Liu, Zoph, Neumann et al., ECCV 2018): grow, predict, keep the best."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.bananas import mutations
from nasbench.baselines.mlp_ensemble import MlpEnsemble
from nasbench.ranges import count
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange
from nasbench.spaces.space import Architectures

POOL = 20_000
"""Maximum number of grown architectures to score; beyond it, a random subset is used."""


class Progressive:
    """Beam search that sets one more decision at each level; a predictor selects which of the grown architectures are
    evaluated.

    PNAS's algorithm 1 with its predictor of the kind "MLP-ensemble" (five networks, their mean), retrained on all
    observations at each level. Differences, since a `Space` has a fixed number of decisions: size grows by decisions
    that leave choice 0 (the absent operation, if there is one) instead of blocks; the beam width is 15, since budgets
    are hundreds of queries (the paper: 256); a random subset of a first level larger than the beam is evaluated (the
    paper evaluates all); and the search continues after the last level with beams of mutations of the best, selected by
    the same predictor. A level is what was told with one decision more off choice 0 than the level below, since the beginning; the
    predictor is trained on whatever was told.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        beam_width: K, architectures evaluated at each level.
        steps: training steps of the predictor.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        beam_width: Annotated[int, count(1_000), IntRange(5, 60, log=True)] = 15,
        steps: Annotated[int, count(10_000), IntRange(50, 400, log=True)] = 150,
    ) -> None:
        self._space = problem.space
        self._rng = rng
        self._beam = beam_width
        self._ensemble = MlpEnsemble(steps=steps)
        self._history = History(self._space, len(problem.objectives))
        self._level = 0
        self._kept: Architectures = np.zeros((1, self._space.d), dtype=np.int8)
        self._has_begun = False

    def ask(self) -> Architectures:
        """Propose the next level, `(beam, d)` or fewer; none when all architectures are evaluated."""
        self._has_begun = True
        if self._level < self._space.d:
            pool = self._history.unseen(grow(self._kept, self._space.cardinalities))
            if len(pool):
                return self._choose(pool[np.sort(self._rng.permutation(len(pool))[:POOL])])
            self._level = self._space.d
        if len(self._history) == 0:
            return self._space.sample(self._rng.random((self._beam, self._space.d)))
        return self._choose(mutations(self._space, self._history, self._beam, 10 * self._beam, self._rng))

    def tell(self, observations: RunObservations) -> None:
        """Store the observations, from which the next level is grown."""
        self._history.add_new(observations)
        if not self._has_begun:
            return
        for architecture in observations.architectures:
            size = int(np.count_nonzero(architecture))
            if size == self._level + 1:
                self._level, self._kept = size, architecture[None]
            elif size == self._level < self._space.d:
                self._kept = np.concatenate([self._kept, architecture[None]])

    def _choose(self, pool: Architectures) -> Architectures:
        if len(pool) <= self._beam:
            return pool
        if len(self._history) == 0:
            return pool[self._rng.permutation(len(pool))[: self._beam]]
        encode = self._space.encoding
        predicted = self._ensemble.predict_after_fit(
            encode(self._history.architectures), self._history.objectives[:, 0], encode(pool), self._rng
        )
        return pool[np.argsort(predicted.mean(axis=0), kind="stable")[: self._beam]]


def grow(architectures: Architectures, cardinalities: np.ndarray) -> Architectures:
    """Return every architecture with one more decision off choice 0: `(n, d)` to `(m, d)`, including duplicates."""
    grown = []
    for decision, k in enumerate(cardinalities):
        bare = architectures[architectures[:, decision] == 0]
        for choice in range(1, int(k)):
            child = bare.copy()
            child[:, decision] = choice
            grown.append(child)
    return np.concatenate(grown)


OPTIMIZER = PerRun(Progressive)
