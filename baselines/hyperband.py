"""Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, JMLR 2018, algorithm 1)."""

from __future__ import annotations

import math

import numpy as np

from nasbench.baselines.successive_halving import Eta, SuccessiveHalving, levels
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem


class Hyperband(SuccessiveHalving):
    """Successive halving that cycles through brackets from many architectures with short training to few with long
    training.

    Bracket `s` starts `ceil((s_max + 1) / (s + 1) * eta^s)` architectures at `longest * eta^-s` epochs, for `s = s_max, ..., 0`.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        eta: factor between rungs; the paper's 3.
        overlap: whether a worker for which every bracket waits starts the next one; otherwise it waits, too.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, *, eta: Eta = 3.0, overlap: bool = False) -> None:
        super().__init__(problem, rng, eta=eta, overlap=overlap)

    def _next_size(self) -> tuple[int, int]:
        most = levels(self._epochs, self._eta)
        halvings = most - self._brackets % (most + 1)
        return halvings, math.ceil((most + 1) / (halvings + 1) * self._eta**halvings - 1e-9)


OPTIMIZER = PerRun(Hyperband, fidelities=True)
