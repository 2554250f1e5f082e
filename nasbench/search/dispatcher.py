"""Hands the proposals of one run to its workers one at a time, and results back to the optimizer in the form that it can take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from nasbench.search.constant_liar import ConstantLiar
from nasbench.search.observations import Observations, join
from nasbench.search.problem import Problem
from nasbench.search.single_run import Proposal, SingleRun
from nasbench.spaces.space import Architectures


@dataclass(eq=False)
class _Batch:
    """What one call of the optimizer proposed.

    Attributes:
        size: number of proposals.
        together: whether their results are told together, once all are back; otherwise one by one.
        queries: the query of each proposal that was started, with whether its result is back.
    """

    size: int
    together: bool
    queries: dict[int, tuple[Observations, bool]] = field(default_factory=dict)

    @property
    def is_back(self) -> bool:
        """Whether all results are back."""
        return len(self.queries) == self.size and all(is_back for _, is_back in self.queries.values())

    @property
    def in_order(self) -> list[tuple[Observations, bool]]:
        """The queries in the order of the proposals."""
        return [query for _, query in sorted(self.queries.items(), key=lambda item: item[0])]


@dataclass(frozen=True)
class Ticket:
    """A proposal that is handed out, and its place."""

    proposal: Proposal
    batch: _Batch
    position: int


class Dispatcher:
    """The proposals of one run, for one or more machines.

    With one machine, batches are proposed and told whole, as in a sequential run. With more,

    - an optimizer with a method `ask_many` is asked for as many as machines are free, and told results one by one;
    - one that declares `ASYNCHRONOUS = True` is asked, and told results one by one in the order in which they come back;
    - any other is told its batches whole, and asked itself when nothing is pending; otherwise the constant liar asks a copy of it.

    Proposals of a batch that find no free machine wait, and nothing new is proposed meanwhile.

    Args:
        problem: of one run.
        optimizer: of that run.
        machines: number of machines.
        lie: see `nasbench.search.constant_liar`.
    """

    def __init__(self, problem: Problem, optimizer: SingleRun, machines: int, lie: str) -> None:
        self._optimizer = optimizer
        self._d = problem.space.d
        self._liar = ConstantLiar(problem, lie)
        self._by_rule = optimizer.has_batch_rule and machines > 1
        self._together = not (self._by_rule or optimizer.is_asynchronous)
        self._waiting: deque[Ticket] = deque()
        self._open: list[_Batch] = []

    @property
    def lies(self) -> bool:
        """Whether a copy of the optimizer, which is told lies, would be asked now."""
        return self._together and bool(self._open) and not self._waiting

    def learn(self, given: Observations) -> None:
        """Take note of what the optimizer was told before, `(1, B)`."""
        self._liar.learn(given)

    def propose(self, free: int) -> Ticket | None:
        """Return the next proposal; None if there is none until a result comes back.

        Args:
            free: number of free machines.
        """
        if not self._waiting:
            proposals = self._ask(free)
            batch = _Batch(len(proposals), self._together)
            self._waiting.extend(Ticket(proposal, batch, i) for i, proposal in enumerate(proposals))
            self._open += [batch] if proposals else []
        return self._waiting.popleft() if self._waiting else None

    def _ask(self, free: int) -> list[Proposal]:
        if self._by_rule:
            return self._optimizer.ask_many(free, self._pending)
        if not self._together or not self._open:
            return self._optimizer.ask()
        return self._liar.ask(self._optimizer, [batch.in_order for batch in self._open])

    @property
    def _pending(self) -> Architectures:
        """Architectures in training, `(P, d)`, in the order of their proposal."""
        queries = [query for batch in self._open for query, is_back in batch.in_order if not is_back]
        return (
            np.concatenate([q.architectures[0] for q in queries]) if queries else np.empty((0, self._d), dtype=np.int8)
        )

    def start(self, ticket: Ticket, query: Observations) -> None:
        """Take note that a proposal was started; `query` holds its result, `(1, 1)`, which nobody learns until it is back."""
        ticket.batch.queries[ticket.position] = (query, False)

    def finish(self, ticket: Ticket) -> None:
        """Tell the optimizer that a result is back, or wait for the rest of its batch."""
        batch = ticket.batch
        query, _ = batch.queries[ticket.position]
        batch.queries[ticket.position] = (query, True)
        self._liar.learn(query)
        if batch.is_back:
            self._open.remove(batch)
        if not batch.together:
            self._optimizer.tell(query)
        elif batch.is_back:
            self._optimizer.tell(join([query for query, _ in batch.in_order]))
