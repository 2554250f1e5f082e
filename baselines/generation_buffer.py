"""Generations of policy-based algorithms in lockstep, filled by whatever is observed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasbench.search.observations import Observations
from nasbench.spaces.space import Architectures, Floats, Ints


class GenerationBuffer:
    """Deals the observations of each run to the places of a generation in turn, whoever proposed them.

    Where every batch is a generation that is told whole, observation `b` takes place `b`.

    Args:
        runs: number of runs, `R`.
        size: observations of a generation, `P`.
        d: number of decisions.
    """

    def __init__(self, runs: int, size: int, d: int) -> None:
        self._architectures: Architectures = np.zeros((runs, size, d), dtype=np.int8)
        self._errors: Floats = np.zeros((runs, size))
        self._filled: Ints = np.zeros(runs, dtype=np.int64)

    def fill(self, observations: Observations) -> Iterator[tuple[Ints, Architectures, Floats]]:
        """Yield generations when they are complete: the runs `(n,)`, their architectures `(n, P, d)` and errors `(n, P)`."""
        if observations.answered.shape == self._errors.shape and observations.answered.all() and not self._filled.any():
            yield np.arange(len(self._errors)), observations.architectures, observations.objectives[..., 0]
            return
        for b in range(observations.answered.shape[1]):
            told = np.flatnonzero(observations.answered[:, b])
            self._architectures[told, self._filled[told]] = observations.architectures[told, b]
            self._errors[told, self._filled[told]] = observations.objectives[told, b, 0]
            self._filled[told] += 1
            complete = np.flatnonzero(self._filled == self._errors.shape[1])
            if len(complete):
                self._filled[complete] = 0
                yield complete, self._architectures[complete], self._errors[complete]
