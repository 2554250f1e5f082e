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


def bracket_sizes(halvings: int, first: int, eta: float) -> list[int]:
    """Return the number of architectures on each rung of a bracket, `max(floor(first * eta^-i), 1)` for `i = 0, ..., halvings`."""
    return [max(int(first * eta**-i + 1e-9), 1) for i in range(halvings + 1)]


def offered_epochs(epochs: tuple[int, ...], eta: float, number: int) -> list[int]:
    """Return the epochs of each of `number` rungs that end with the longest training: rung `i` trains for
    `longest * eta^(i - number + 1)` epochs, rounded down to an available fidelity (up for the shortest).

    Args:
        epochs: available fidelities, ascending.
        eta: factor between the rungs.
        number: how many rungs.
    """
    targets = [epochs[-1] * eta ** (i - number + 1) * (1 + 1e-9) for i in range(number)]
    return [max((e for e in epochs if e <= target), default=epochs[0]) for target in targets]


def rungs(epochs: tuple[int, ...], eta: float, sizes: list[int]) -> tuple[Rung, ...]:
    """Return the rungs of a bracket that ends with the longest training, with the epochs of `offered_epochs`.

    Rungs with the same fidelity are merged into one of the size of the first, since a table would return the same
    results.

    Args:
        epochs: available fidelities, ascending.
        eta: factor between the rungs.
        sizes: number of architectures on each rung, from the first.
    """
    result: list[Rung] = []
    for offered, size in zip(offered_epochs(epochs, eta, len(sizes)), sizes, strict=True):
        if not result or result[-1].epochs != offered:
            result.append(Rung(offered, size))
    return tuple(result)


def hpbandster_bracket(epochs: tuple[int, ...], eta: float, number: int) -> tuple[int, int]:
    """Return the number of halvings in a bracket of Hyperband, and the size of its first rung, as HpBandSter has them.

    With `s` from the largest number of halvings down to 0, over and over: `floor((s_max + 1) / (s + 1)) * eta^s`, where
    Hyperband's paper rounds up.

    Args:
        epochs: available fidelities, ascending.
        eta: factor between the rungs.
        number: brackets before it.
    """
    most = levels(epochs, eta)
    halvings = most - number % (most + 1)
    return halvings, int((most + 1) // (halvings + 1) * eta**halvings + 1e-9)


@dataclass
class Bracket:
    """One race: many architectures at few epochs, the best of each rung at more.

    Attributes:
        rungs: the levels.
        level: the current one.
        awaited: proposals for it that have not been measured.
        members: architectures on it that have been measured, `(n, d)`.
        errors: their errors, `(n,)`.
        promoted: architectures that have come up to it from below and have not been taken, `(m, d)`; none on the first.
    """

    rungs: tuple[Rung, ...]
    d: int
    level: int = 0
    awaited: int = 0
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
        """Places on the first rung that are neither filled nor awaited; 0 on the others."""
        return self.rungs[0].size - len(self.members) - self.awaited if self.level == 0 else 0

    @property
    def over(self) -> bool:
        """Whether the last rung is complete."""
        return self.level == len(self.rungs)

    def take_promoted(self) -> Architectures:
        """Return what has come up to this rung, `(m, d)`; once."""
        promoted, self.promoted = self.promoted, np.empty((0, self.d), dtype=np.int8)
        return promoted

    def record(self, architectures: Architectures, errors: Floats) -> None:
        """Enter measurements; when the rung is complete the best go up (of equals, the first measured)."""
        self.awaited = max(self.awaited - len(architectures), 0)
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

    On several workers a rung is synchronous: all of it must come back before the best go up. Meanwhile free workers wait, as in
    the papers, or start the next bracket, as in HpBandSter and DEHB. What was not proposed for a rung does not enter it.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        n_configurations: architectures on the first rung, by default `eta^s` with `s` the number of halvings, so that one remains.
        eta: factor between rungs.
        overlap: whether a worker for which every bracket waits starts the next one; otherwise it waits, too.
    """

    ASYNCHRONOUS = True

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_configurations: Annotated[int, count(100_000), IntRange(3, 81, log=True)] | None = None,
        eta: Eta = 3.0,
        overlap: bool = False,
    ) -> None:
        self._space = problem.space
        self._rng = rng
        self._epochs = problem.epochs
        self._eta = eta
        self._configurations = n_configurations
        self._overlap = overlap
        self._brackets = 0
        self._active = [Bracket(self._next_rungs(), self._space.d)]
        self._pending: dict[tuple[bytes, int], list[Bracket]] = {}

    def _next_rungs(self) -> tuple[Rung, ...]:
        """Return the rungs of the next bracket."""
        return rungs(self._epochs, self._eta, bracket_sizes(*self._next_size(), self._eta))

    def _next_size(self) -> tuple[int, int]:
        """Return the number of halvings in the next bracket, and the size of its first rung."""
        halvings = levels(self._epochs, self._eta)
        return halvings, self._configurations or round(self._eta**halvings)

    def _propose(self, number: int) -> Architectures:
        """Return new architectures for the first rung, `(number, d)` or fewer."""
        return self._space.sample(self._rng.random((number, self._space.d)))

    def ask(self) -> tuple[Architectures, Ints]:
        """Propose what the current rung of a bracket still needs, `(B, d)`, with its epochs `(B,)`; none to wait for results."""
        self._active = [bracket for bracket in self._active if not bracket.over]
        for bracket in self._active:
            batch = self._propose(bracket.open) if bracket.open else bracket.take_promoted()
            if len(batch):
                return self._hand_out(bracket, batch)
        if self._active and not self._overlap:
            return np.empty((0, self._space.d), dtype=np.int8), np.empty(0, dtype=np.int64)
        self._brackets += 1
        bracket = Bracket(self._next_rungs(), self._space.d)
        self._active.append(bracket)
        return self._hand_out(bracket, self._propose(bracket.open))

    def _hand_out(self, bracket: Bracket, batch: Architectures) -> tuple[Architectures, Ints]:
        bracket.awaited += len(batch)
        for architecture in batch:
            self._pending.setdefault((architecture.tobytes(), bracket.epochs), []).append(bracket)
        return batch, np.full(len(batch), bracket.epochs)

    def tell(self, observations: RunObservations) -> None:
        """Enter the measurements of what was proposed into its bracket."""
        keys = zip((a.tobytes() for a in observations.architectures), observations.epochs.tolist(), strict=True)
        owners = [self._owner(key) for key in keys]
        for bracket in self._active:
            own = [owner is bracket for owner in owners]
            if any(own):
                bracket.record(observations.architectures[own], observations.objectives[own, 0])

    def _owner(self, key: tuple[bytes, int]) -> Bracket | None:
        """Return the bracket for which an architecture was proposed at these epochs, and note that it has come back; None if it was
        not.
        """
        brackets = self._pending.get(key)
        if brackets is None:
            return None
        owner = brackets.pop(0)
        if not brackets:
            del self._pending[key]
        return owner


OPTIMIZER = PerRun(SuccessiveHalving, fidelities=True)
