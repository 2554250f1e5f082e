"""PASHA (Bohdal, Balles, Wistuba, Ermis, Archambeau and Zappella, ICLR 2023, algorithm 1)."""

from __future__ import annotations

import numpy as np

from nasbench.baselines.asha import Asha, PromotionRung
from nasbench.baselines.successive_halving import Eta
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.spaces.space import Floats

PERCENTILE = 90.0
"""Percentile of the distances between criss-crossing configurations that is taken as epsilon (section 4.2)."""


class Pasha(Asha):
    """ASHA that begins with its two lowest rungs, and opens the next whenever the ranking of the top two has not settled.

    The ranking is soft: an architecture may take the place of another whose error on the rung below differs from its own by at
    most epsilon, estimated from pairs of architectures whose order changed and changed back. The authors' code (Syne Tune,
    `optimizer/schedulers/hyperband_pasha.py`) sees the error after every epoch, and here it is that of the rungs, since on
    tables each number of epochs is a training of its own; epsilon is thus 0 until three rungs are open, and with two rungs in
    all PASHA is ASHA. The ranking is checked when a result enters the top rung, as in the paper (the code: at every result).

    Queries are charged, and results that it did not propose are entered, as in ASHA.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        eta: factor between rungs, and one in how many goes up; the paper's 3.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, *, eta: Eta = 3.0) -> None:
        super().__init__(problem, rng, eta=eta)
        self._n_open = min(2, len(self._rungs))
        self._epsilon = 0.0

    @property
    def _open_rungs(self) -> list[PromotionRung]:
        return self._rungs[: self._n_open]

    def _record(self, rung: PromotionRung, architecture: bytes, error: float) -> None:
        super()._record(rung, architecture, error)
        if rung is not self._open_rungs[-1] or self._n_open == len(self._rungs):
            return
        everywhere = [a for a in rung.errors if all(a in below.errors for below in self._open_rungs)]
        curves = np.array([[below.errors[a] for below in self._open_rungs] for a in everywhere]).reshape(
            -1, self._n_open
        )
        distances = crossing_distances(curves)
        if len(distances):
            self._epsilon = float(np.percentile(distances, PERCENTILE))
        if not is_ranking_stable(curves[:, -2], curves[:, -1], self._epsilon):
            self._n_open += 1


def is_ranking_stable(below: Floats, top: Floats, epsilon: float) -> bool:
    """Return whether the ranking of `n` architectures on the top rung agrees softly with that on the rung below (section 4.1).

    At each place of the ranking, the error on the rung below of the architecture that holds the place on the top rung may differ
    by at most epsilon from that of the architecture that holds it below.

    Args:
        below: errors on the rung below, `(n,)`.
        top: errors on the top rung, `(n,)`; of equals, the first ranks first.
        epsilon: tolerance, not negative.
    """
    moved = np.abs(below[np.argsort(top, kind="stable")] - np.sort(below))
    return bool((moved <= epsilon).all())


def crossing_distances(curves: Floats) -> Floats:
    """Return the distance on the last rung, `(p,)`, of each pair of architectures whose order on it was the opposite on an earlier
    rung and the same on a still earlier one (section 4.2).

    Args:
        curves: errors by architecture and rung, `(n, K)`.
    """
    if curves.shape[1] < 3:
        return np.empty(0)
    first, second = np.triu_indices(len(curves), 1)
    order = np.sign(curves[first] - curves[second])
    opposite = np.zeros(len(first), dtype=bool)
    crossing = np.zeros(len(first), dtype=bool)
    for earlier in order.T[-2::-1]:
        crossing |= opposite & (earlier == order[:, -1])
        opposite |= earlier == -order[:, -1]
    kept = crossing & (order[:, -1] != 0)
    distances: Floats = np.abs(curves[first, -1] - curves[second, -1])[kept]
    return distances


OPTIMIZER = PerRun(Pasha, fidelities=True)
