"""BANANAS (White, Neiswanger and Savani, AAAI 2021)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from nasbench.baselines.mlp_ensemble import MlpEnsemble
from nasbench.ranges import count
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, IntRange
from nasbench.spaces.space import Architectures, Floats, Space


class Bananas:
    """Simplified BANANAS: small networks on the path encoding, Thompson sampling, mutations of the ten best.

    The optimizer `bananas_naszilla` has the networks and the candidates of the authors' code. Settings here are those of
    naszilla (`nas_algorithms.py`, `params.py`) but for what follows: 10 random architectures, then
    batches of 10 out of 100 candidates; five networks trained from scratch before every batch. Differences: candidates
    are the 10 best in turn, each changed in one decision (naszilla: the best one, in a NAS-Bench-201 cell each decision
    with probability 1/4); the networks have two hidden layers of 20 units (naszilla: ten) and train on the absolute
    error of the standardised objective (naszilla: as it is) by 150 full-batch steps of Adam, in numpy (naszilla: 150
    passes in batches of 32); the path encoding is the space's, whole and with skips contracted (naszilla: the first 30
    paths); a space without paths is encoded one-hot.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        batch_size: architectures evaluated between two trainings.
        n_candidates: mutations scored per batch.
        n_parents: number of best architectures to mutate.
        ensemble_size: number of networks.
        training_steps: training steps of each network.
        encoding: "paths" or "one-hot"; without paths, "one-hot" is used.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        batch_size: Annotated[int, count(10_000), IntRange(1, 20)] = 10,
        n_candidates: Annotated[int, count(10_000), IntRange(20, 400, log=True)] = 100,
        n_parents: Annotated[int, count(10_000), IntRange(1, 20)] = 10,
        ensemble_size: Annotated[int, count(100, least=2)] = 5,
        training_steps: Annotated[int, count(10_000), IntRange(50, 400, log=True)] = 150,
        encoding: Annotated[Literal["paths", "one-hot"], Choice(("paths", "one-hot"))] = "paths",
    ) -> None:
        self._space = problem.space
        self._rng = rng
        self._missing, self._batch_size = n_initial_samples, batch_size
        self._n_candidates, self._n_parents = n_candidates, n_parents
        self._ensemble = MlpEnsemble(members=ensemble_size, steps=training_steps)
        self._encoding = encoding if self._space.has_paths else "one-hot"
        self._history = History(self._space, len(problem.objectives))

    def ask(self) -> Architectures:
        """Propose `(B, d)`: random architectures at the start (less what was told before), then the candidates with the best
        samples; none if no candidate is new.
        """
        if self._missing > 0:
            return self._space.sample(self._rng.random((self._missing, self._space.d)))
        pool = mutations(self._space, self._history, self._n_parents, self._n_candidates, self._rng)
        if len(pool) <= self._batch_size:
            return pool
        predicted = self._ensemble.predict_after_fit(
            self._encode(self._history.architectures), self._history.objectives[:, 0], self._encode(pool), self._rng
        )
        return pool[np.argsort(thompson(predicted, self._rng), kind="stable")[: self._batch_size]]

    def tell(self, observations: RunObservations) -> None:
        """Store the observations."""
        self._history.add_new(observations)
        self._missing -= len(observations)

    def _encode(self, architectures: Architectures) -> Floats:
        return self._space.paths(architectures) if self._encoding == "paths" else self._space.encoding(architectures)


def thompson(predicted: Floats, rng: np.random.Generator, ddof: int = 1) -> Floats:
    """Return one Thompson sample per candidate: a draw from the normal distribution with the ensemble's mean and
    deviation.

    `(members, m)` to `(m,)`; "its" of naszilla's `acquisition_functions.py`, there with the deviation over n (`ddof` 0).
    """
    mean, deviation = predicted.mean(axis=0), predicted.std(axis=0, ddof=ddof)
    return mean + deviation * rng.standard_normal(len(mean))


def mutations(space: Space, history: History, n_parents: int, number: int, rng: np.random.Generator) -> Architectures:
    """Return unevaluated mutations of the best, `(m, d)`: `number` are drawn, alternating between parents; duplicates
    are removed.

    If all of them are known, double mutations are tried, and so on; finally uniform architectures, which a small space
    may lack, too.
    """
    best = history.architectures[history.best(n_parents)]
    children = best[np.arange(number) % len(best)]
    for _ in range(space.d):
        children = space.mutate(children, rng.random((number, 2)))
        pool = history.unseen(children)
        if len(pool):
            return pool
    return history.unseen(space.sample(rng.random((number, space.d))))


OPTIMIZER = PerRun(Bananas)
