"""A wrapper by which no optimizer evaluates an architecture twice.

A proposal that the run has evaluated before, at the same fidelity, is answered from the run's own history: the optimizer is told what it
was told then, no query is made, and it is asked again. Isomorphic architectures are one where the study says so (`repeat_policy`
"cache_isomorphic"), and what is still in training counts as evaluated. An optimizer that proposes nothing new `MOST_ASKS` times in a row
is told an architecture that is drawn uniformly from those that the run has not evaluated; where there is none, the run is over. What
was given to a run before its first proposal (a warm start) was evaluated elsewhere, and does not count as evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.search.observations import Observations, RunObservations, join
from nasbench.search.optimizer import Lockstep, Optimizer, PerRun, RunByRun, RunOptimizer, own_proposals_only
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.single_run import Proposal, SingleRun
from nasbench.spaces.space import Architectures, Ints

MOST_ASKS = 100
"""How often in a row an optimizer may propose nothing new."""
SAMPLES = 256
"""Uniform architectures among which one is looked for that was not evaluated, before a space that is small enough is listed."""
OWN, SUBSTITUTE = "proposed", "substitute"
"""Operators in traces: the optimizer itself, where it names none, or a uniform draw instead."""

Key = tuple[bytes, int]


@dataclass(frozen=True)
class WithoutRepeats(PerRun):
    """An algorithm in the wrapper; each run has an instance of its own, also of one that is written for all runs in lockstep.

    Attributes:
        inner: the algorithm alone.
    """

    inner: Lockstep | PerRun = field(kw_only=True)

    def _build(self, problem: Problem, streams: Streams, settings: Mapping[str, Any]) -> Optimizer:
        members: list[RunOptimizer] = []
        for run in streams.runs:
            alone = Streams(streams.seed, (run,))
            optimizer = self.inner._build(problem, alone, settings)
            if reason := own_proposals_only(optimizer):
                raise NasbenchError(f"{self.name} cannot be run without repeats. {reason}")
            members.append(_wrap(optimizer, problem, alone.substitutes(0)))
        return RunByRun(members, problem.space.d)


def without_repeats(optimizer: Lockstep | PerRun) -> WithoutRepeats:
    """Return an optimizer that evaluates no architecture twice."""
    return WithoutRepeats(**{one.name: getattr(optimizer, one.name) for one in fields(optimizer)}, inner=optimizer)


def _wrap(optimizer: Optimizer, problem: Problem, rng: np.random.Generator) -> NoRepeats:
    alone = SingleRun(optimizer, problem.space.d)
    return (NoRepeatsInBatches if alone.has_batch_rule else NoRepeats)(alone, problem, rng)


class NoRepeats:
    """One run of an optimizer, whose repeats are answered from its history.

    Args:
        optimizer: of one run.
        problem: the search problem.
        rng: draws what is evaluated where the optimizer proposes nothing new.

    Attributes:
        ASYNCHRONOUS: as the optimizer.
        asker: the optimizer, for errors.
        operator: who proposed the last batch.
    """

    def __init__(self, optimizer: SingleRun, problem: Problem, rng: np.random.Generator) -> None:
        self.ASYNCHRONOUS = optimizer.is_asynchronous
        self.asker = optimizer.asker
        self.operator = OWN
        self._optimizer = optimizer
        self._one_by_one = optimizer.is_asynchronous or optimizer.has_batch_rule
        self._problem = problem
        self._rng = rng
        self._has_begun = False
        self._answers: dict[Key, Observations] = {}
        self._pending: set[Key] = set()
        # What the optimizer proposed and has not been told: batches, or single proposals if it is told results one by one.
        self._open: list[list[tuple[Key, Architectures]]] = []

    def ask(self) -> Architectures | tuple[Architectures, Ints]:
        """Propose what is new of the optimizer's next batch that has something new, `(B, d)`; none when it has proposed nothing, or
        everything is evaluated.
        """
        for _ in range(MOST_ASKS):
            proposals = self._optimizer.ask()
            new = self._sort_out(proposals)
            if new or not proposals:
                return self._as_batch(new)
        return self._as_batch(self._substitute(proposals[-1].epochs))

    def tell(self, observations: RunObservations) -> None:
        """Tell the optimizer the batches that are complete, and what it did not propose."""
        if not self._has_begun:
            self._optimizer.tell(observations.as_batch())
            return
        awaited = {key for batch in self._open for key, _ in batch}
        for one in observations.as_batch().columns():
            key = self._key(one.architectures[0, 0], int(one.epochs[0, 0]))
            self._pending.discard(key)
            self._answers.setdefault(key, one)
            if key not in awaited:
                self._optimizer.tell(one)
        self._tell_complete()

    def _sort_out(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Return the proposals that are new, and take note of what the optimizer is to be told of all."""
        self._has_begun = True
        new, keyed = [], []
        for proposal in (one for one in proposals if not one.is_padding):
            architecture = proposal.architecture
            if self.asker.repaired:
                architecture = self._problem.space.repair(architecture[None])[0]
            key = self._key(architecture, proposal.epochs)
            keyed.append((key, architecture))
            if key not in self._answers and key not in self._pending:
                self._pending.add(key)
                new.append(replace(proposal, architecture=architecture))
        self._open += [[one] for one in keyed] if self._one_by_one else [keyed] if keyed else []
        self._tell_complete()
        if new:
            self.operator = new[-1].operator or OWN
        return new

    def _tell_complete(self) -> None:
        complete = [batch for batch in self._open if all(key in self._answers for key, _ in batch)]
        self._open = [batch for batch in self._open if not all(key in self._answers for key, _ in batch)]
        for batch in complete:
            answers = [replace(self._answers[key], architectures=a[None, None]) for key, a in batch]
            self._optimizer.tell(join(answers))

    def _substitute(self, epochs: int | None) -> list[Proposal]:
        """Return a uniform draw from what is not evaluated at a fidelity; none if there is nothing."""
        space = self._problem.space
        candidates = space.sample(self._rng.random((SAMPLES, space.d)))
        found = next(filter(lambda a: self._is_new(a, epochs), candidates), None)
        if found is None and space.is_enumerable:
            found = next(filter(lambda a: self._is_new(a, epochs), space.all[self._rng.permutation(space.size)]), None)
        if found is None:
            return []
        self.operator = SUBSTITUTE
        self._pending.add(self._key(found, epochs))
        return [Proposal(found, epochs, SUBSTITUTE)]

    def _is_new(self, architecture: Architectures, epochs: int | None) -> bool:
        key = self._key(architecture, epochs)
        return key not in self._answers and key not in self._pending

    def _key(self, architecture: Architectures, epochs: int | None) -> Key:
        return self._problem.training_key(architecture), self._problem.epochs[-1] if epochs is None else epochs

    def _as_batch(self, proposals: Sequence[Proposal]) -> Architectures | tuple[Architectures, Ints]:
        d = self._problem.space.d
        architectures = np.array([one.architecture for one in proposals], dtype=np.int8).reshape(-1, d)
        if all(one.epochs is None for one in proposals):
            return architectures
        return architectures, np.array([one.epochs for one in proposals])


class NoRepeatsInBatches(NoRepeats):
    """The same of an optimizer with a batch rule of its own.

    Attributes:
        batch_operators: who proposed each of the last batch.
    """

    batch_operators: tuple[str, ...] = ()

    def ask_many(self, count: int, pending: Architectures) -> Architectures | tuple[Architectures, Ints]:
        """Propose at most `count` new architectures beside those that are pending, `(P, d)`."""
        for _ in range(MOST_ASKS):
            proposals = self._optimizer.ask_many(count, pending)
            new = self._sort_out(proposals)
            if new or not proposals:
                return self._as_named_batch(new)
        return self._as_named_batch(self._substitute(proposals[-1].epochs))

    def _as_named_batch(self, proposals: Sequence[Proposal]) -> Architectures | tuple[Architectures, Ints]:
        self.batch_operators = tuple(one.operator or OWN for one in proposals)
        return self._as_batch(proposals)
