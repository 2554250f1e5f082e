"""ASHA (Li, Jamieson, Rostamizadeh, Gonina, Ben-Tzur, Hardt, Recht and Talwalkar, MLSys 2020, algorithm 2)."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import Counter
from itertools import pairwise

import numpy as np

from nasbench.baselines.successive_halving import Eta, levels, offered_epochs
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Ints


class PromotionRung:
    """A rung from which an architecture goes up as soon as it is among the best `1 / reduction` of those measured so far.

    An architecture, given by its bytes, is on a rung once: its first measurement stands.

    Args:
        epochs: length of its trainings.
        reduction: number of architectures of which one may go up.

    Attributes:
        errors: error of each architecture on the rung, in the order in which they came.
    """

    def __init__(self, epochs: int, reduction: float) -> None:
        self.epochs = epochs
        self.errors: dict[bytes, float] = {}
        self._reduction = reduction
        # Pairs of error and order of coming: of equals, the first measured goes first.
        self._ranked: list[tuple[float, int]] = []
        self._not_promoted: list[tuple[float, int, bytes]] = []

    def record(self, architecture: bytes, error: float) -> None:
        """Enter a measurement."""
        if architecture in self.errors:
            return
        entry = error, len(self.errors), architecture
        self.errors[architecture] = error
        insort(self._ranked, entry[:2])
        heapq.heappush(self._not_promoted, entry)

    def promote(self) -> bytes | None:
        """Return the best architecture that has not gone up, if it is among the best `floor(n / reduction)`; None otherwise."""
        if not self._not_promoted:
            return None
        error, order, architecture = self._not_promoted[0]
        if bisect_left(self._ranked, (error, order)) >= len(self._ranked) // self._reduction:
            return None
        heapq.heappop(self._not_promoted)
        return architecture


class Asha:
    """Asynchronous successive halving: what is among the best 1 / eta of its rung so far goes up, or else a new architecture starts.

    No worker ever waits. Rung `k` trains for `longest * eta^(k - s)` epochs with `s = floor(log_eta(longest / shortest))`, rounded
    down to what the benchmark offers; the paper's minimum early-stopping rate is 0, and is raised by offering longer trainings
    only. Rungs of the same epochs are one, since a table would return the same results: after `m` of them the best `eta^-m` go up.

    A query is charged for its whole training: on tables a short training is a training of its own, and nothing is continued from
    a rung below (the paper continues a training where its framework can). An architecture that is drawn again is not entered
    again. Results of architectures that it did not propose enter the rung of their epochs; those of other epochs are ignored.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        eta: factor between rungs, and one in how many goes up; the paper's experiments have 4, Hyperband and Syne Tune 3.
    """

    ASYNCHRONOUS = True

    def __init__(self, problem: Problem, rng: np.random.Generator, *, eta: Eta = 3.0) -> None:
        self._space = problem.space
        self._rng = rng
        of_one_fidelity = Counter(offered_epochs(problem.epochs, eta, levels(problem.epochs, eta) + 1))
        self._rungs = [PromotionRung(epochs, eta**number) for epochs, number in of_one_fidelity.items()]

    @property
    def _open_rungs(self) -> list[PromotionRung]:
        """Rungs that may be trained on, from the first."""
        return self._rungs

    def ask(self) -> tuple[Architectures, Ints]:
        """Propose one architecture, `(1, d)`, with its epochs, `(1,)`: a promotion from the highest rung that has one, or a
        uniform draw for the first.
        """
        for rung, above in reversed(list(pairwise(self._open_rungs))):
            while (promoted := rung.promote()) is not None:
                if promoted not in above.errors:
                    return np.frombuffer(promoted, dtype=np.int8)[None], np.array([above.epochs])
        return self._space.sample(self._rng.random((1, self._space.d))), np.array([self._rungs[0].epochs])

    def tell(self, observations: RunObservations) -> None:
        """Enter results into the rungs of their epochs."""
        by_epochs = {rung.epochs: rung for rung in self._rungs}
        for architecture, error, epochs in zip(
            observations.architectures,
            observations.objectives[:, 0].tolist(),
            observations.epochs.tolist(),
            strict=True,
        ):
            if epochs in by_epochs:
                self._record(by_epochs[epochs], architecture.tobytes(), error)

    def _record(self, rung: PromotionRung, architecture: bytes, error: float) -> None:
        rung.record(architecture, error)


OPTIMIZER = PerRun(Asha, fidelities=True)
