"""Successive halving (Jamieson and Talwalkar, AISTATS 2016), and the bracket shared with Hyperband and BOHB."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from nasbench.ranges import between, count
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats, Ints

Eta = Annotated[float, between(1.1, 1_000), FloatRange(2.0, 5.0)]
"""Factor between the rungs of a bracket; the nearer to 1, the more rungs."""


@dataclass(frozen=True)
class Rung:
    """One rung of a bracket: number of architectures and epochs."""

    epochs: int
    size: int


def levels(epochs: tuple[int, ...], eta: float) -> int:
    """Return the largest number `s` of halvings between the shortest and the longest training:
    `floor(log_eta(longest / shortest))`.
    """
    return math.floor(math.log(epochs[-1] / epochs[0]) / math.log(eta) + 1e-9)


def rungs(epochs: tuple[int, ...], eta: float, sizes: list[int]) -> tuple[Rung, ...]:
    """Return the rungs of a bracket that ends with the longest training.

    Rung `i` of `n` trains for `longest * eta^(i - n + 1)` epochs, rounded down to an available fidelity (up for the
    shortest). Rungs with the same fidelity are merged into one of the size of the first, since a table would return the
    same results.

    Args:
        epochs: available fidelities, ascending.
        eta: factor between the rungs.
        sizes: number of architectures on each rung, from the first.
    """
    result: list[Rung] = []
    for i, size in enumerate(sizes):
        target = epochs[-1] * eta ** (i - len(sizes) + 1) * (1 + 1e-9)
        offered = max((e for e in epochs if e <= target), default=epochs[0])
        if not result or result[-1].epochs != offered:
            result.append(Rung(offered, size))
    return tuple(result)


@dataclass
class Bracket:
    """One race: many architectures at few epochs, the best of each rung at more.

    Attributes:
        rungs: the levels.
        level: the current one.
        members: architectures on it that have been measured, `(n, d)`.
        errors: their errors, `(n,)`.
        promoted: architectures that have come up to it from below, `(m, d)`; none on the first.
    """

    rungs: tuple[Rung, ...]
    d: int
    level: int = 0
    members: Architectures = field(init=False)
    errors: Floats = field(init=False)
    promoted: Architectures = field(init=False)

    def __post_init__(self) -> None:
        self._clear(np.empty((0, self.d), dtype=np.int8))

    def _clear(self, promoted: Architectures) -> None:
        self.promoted = promoted
        self.members = np.empty((0, self.d), dtype=np.int8)
        self.errors = np.empty(0)

    @property
    def epochs(self) -> int:
        """Fidelity of the current rung."""
        return self.rungs[self.level].epochs

    @property
    def open(self) -> int:
        """Places on the first rung that are not filled; 0 on the others."""
        return self.rungs[0].size - len(self.members) if self.level == 0 else 0

    @property
    def over(self) -> bool:
        """Whether the last rung is complete."""
        return self.level == len(self.rungs)

    def record(self, architectures: Architectures, errors: Floats) -> None:
        """Enter measurements; when the rung is complete the best go up (of equals, the first measured)."""
        self.members = np.concatenate([self.members, architectures])
        self.errors = np.concatenate([self.errors, errors])
        if len(self.members) < self.rungs[self.level].size:
            return
        best = np.argsort(self.errors, kind="stable")
        self.level += 1
        if not self.over:
            self._clear(self.members[best[: self.rungs[self.level].size]])


class SuccessiveHalving:
    """Start many architectures at the shortest training, keep the best 1 / eta at eta times the epochs, and so on; then again.

    A query is charged for its whole training: nothing is continued from a rung below, as in the NATS-Bench experiments.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        n_configurations: architectures on the first rung, by default `eta^s` with `s` the number of halvings, so that one remains.
        eta: factor between rungs.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_configurations: Annotated[int, count(100_000), IntRange(3, 81, log=True)] | None = None,
        eta: Eta = 3.0,
    ) -> None:
        self._space = problem.space
        self._rng = rng
        self._epochs = problem.epochs
        self._eta = eta
        self._configurations = n_configurations
        self._brackets = 0
        self._bracket = Bracket(self._next_rungs(), self._space.d)

    def _next_rungs(self) -> tuple[Rung, ...]:
        """Return the rungs of the next bracket."""
        halvings, first = self._next_size()
        sizes = [max(int(first * self._eta**-i + 1e-9), 1) for i in range(halvings + 1)]
        return rungs(self._epochs, self._eta, sizes)

    def _next_size(self) -> tuple[int, int]:
        """Return the number of halvings in the next bracket, and the size of its first rung."""
        halvings = levels(self._epochs, self._eta)
        return halvings, self._configurations or round(self._eta**halvings)

    def _propose(self, number: int) -> Architectures:
        """Return new architectures for the first rung, `(number, d)` or fewer."""
        return self._space.sample(self._rng.random((number, self._space.d)))

    def ask(self) -> tuple[Architectures, Ints]:
        """Propose what the current rung still needs, `(B, d)`, with its epochs `(B,)`."""
        if self._bracket.over:
            self._brackets += 1
            self._bracket = Bracket(self._next_rungs(), self._space.d)
        here = self._bracket
        batch = self._propose(here.open) if here.open else here.promoted
        return batch, np.full(len(batch), here.epochs)

    def tell(self, observations: RunObservations) -> None:
        """Enter the measurements into the bracket."""
        self._bracket.record(observations.architectures, observations.objectives[:, 0])


OPTIMIZER = PerRun(SuccessiveHalving, fidelities=True)
