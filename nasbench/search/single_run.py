"""An optimizer that is driven for one run alone, proposal by proposal, whether it is written for one run or for all in lockstep."""

from __future__ import annotations

import copy
import gc
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.search.observations import PADDING, MultiFidelityBatch, Observations
from nasbench.search.optimizer import Optimizer, RunByRun, check_proposal, selected_operators
from nasbench.search.problem import Problem
from nasbench.search.proposals import Asker, as_architectures, as_epochs
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Architectures, Ints, Space

_RANDOM = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random, Streams)
_SHARED = (*_RANDOM, Problem, Space)


@dataclass(frozen=True)
class Proposal:
    """One proposal of a run.

    Attributes:
        architecture: `(d,)`; all `PADDING` if nothing is to be evaluated.
        epochs: its fidelity; None for the longest training.
        operator: name of the operator that proposed it; None if the optimizer does not report it.
    """

    architecture: Architectures
    epochs: int | None
    operator: str | None

    @property
    def is_padding(self) -> bool:
        """Whether it fills up a batch and nothing is to be evaluated."""
        return bool(self.architecture[0] == PADDING)

    @property
    def batch(self) -> Architectures | MultiFidelityBatch:
        """The proposal as a batch of one for one run, `(1, 1, d)`."""
        lone = self.architecture[None, None]
        return lone if self.epochs is None else MultiFidelityBatch(lone, np.array([[self.epochs]]))


class SingleRun:
    """The optimizer of a problem with one run.

    Args:
        optimizer: as `create` returns it.
        d: number of decisions.

    Attributes:
        asker: the algorithm, for errors.
        is_asynchronous: whether it may be asked while proposals are pending, and is told results one by one.
        has_batch_rule: whether it has a method `ask_many(count, pending)`.
    """

    def __init__(self, optimizer: Optimizer, d: int) -> None:
        self._optimizer = optimizer
        self._member: Any = optimizer.members[0] if isinstance(optimizer, RunByRun) else None
        self._algorithm: Any = optimizer if self._member is None else self._member
        self._d = d
        self.asker = Asker.from_instance(self._algorithm)
        self.is_asynchronous = bool(getattr(self._algorithm, "ASYNCHRONOUS", False))
        self.has_batch_rule = callable(getattr(self._algorithm, "ask_many", None))

    def ask(self) -> list[Proposal]:
        """Return the next batch; none if nothing is to be evaluated."""
        if self._member is not None:
            architectures, epochs = check_proposal(self._member.ask(), self._d, self.asker)
            return self._proposals(architectures, epochs)
        batch = self._optimizer.ask()
        if isinstance(batch, MultiFidelityBatch):
            architectures = as_architectures(batch.architectures, (1,), self._d, self.asker)[0]
            epochs = as_epochs(batch.epochs, (1, len(architectures)), self.asker)[0]
        else:
            architectures, epochs = as_architectures(batch, (1,), self._d, self.asker)[0], None
        return self._proposals(architectures, epochs)

    def ask_many(self, count: int, pending: Architectures) -> list[Proposal]:
        """Return at most `count` proposals by the algorithm's own batch rule.

        Args:
            count: number of free machines.
            pending: architectures in training, `(P, d)`.
        """
        architectures, epochs = check_proposal(self._algorithm.ask_many(count, pending), self._d, self.asker)
        if len(architectures) > count:
            raise NasbenchError(
                f"{self.asker.name} proposed {len(architectures)} architectures when {count} were asked for; ask_many returns no more than that."
            )
        return self._proposals(architectures, epochs, getattr(self._algorithm, "batch_operators", None))

    def _proposals(
        self, architectures: Architectures, epochs: Ints | None, operators: Sequence[str | None] | None = None
    ) -> list[Proposal]:
        if operators is None:
            names = selected_operators(self._optimizer)
            operators = [None if names is None else names[0]] * len(architectures)
        fidelities = [None] * len(architectures) if epochs is None else epochs.tolist()
        found = [Proposal(*one) for one in zip(architectures, fidelities, operators, strict=True)]
        return [] if all(proposal.is_padding for proposal in found) else found

    def tell(self, observations: Observations) -> None:
        """Pass on observations `(1, B)`; unanswered ones too if the algorithm advances in lockstep."""
        if self._member is None:
            self._optimizer.tell(observations)
        elif observations.answered.any():
            self._member.tell(observations.select_run(0))

    def copy(self) -> SingleRun:
        """Return a deep copy that shares the random numbers with this one: what a copy draws, the next one does not draw again.

        Raises:
            NasbenchError: if the algorithm cannot be copied.
        """
        memo = {id(thing): thing for thing in _shared_by(self._algorithm)}
        try:
            return SingleRun(copy.deepcopy(self._optimizer, memo), self._d)
        except TypeError as fault:
            raise NasbenchError(
                f"{self.asker.name} cannot be copied ({fault}), which the constant liar needs; run it with one worker, "
                "or give it ASYNCHRONOUS = True or a method ask_many."
            ) from None


def _shared_by(root: object) -> Iterator[Any]:
    """Yield what a copy of an optimizer shares with it: random numbers, the problem, and the space."""
    seen: set[int] = set()
    unvisited = [root]
    while unvisited:
        thing = unvisited.pop()
        # By its type, since an object that stands for another, as a weak reference may, answers for it.
        kind = type(thing)
        if id(thing) in seen or issubclass(kind, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        if issubclass(kind, _SHARED):
            yield thing
        else:
            unvisited += gc.get_referents(thing)
