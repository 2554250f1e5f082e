"""The search of one run on several simulated machines: a discrete-event loop over recorded training times.

A machine trains an architecture for its charged seconds and comes back at that time of the simulated clock. Asynchronous workers are
given the next proposal as soon as they are free (of several the one with the lower number); all results that are back by then are
told before. With a barrier, all machines are given a proposal, and the clock then moves on to the end of the longest training.

Nothing is started once an account of the budget has reached its limit. A training that is started is charged, finishes and counts:
with `W` workers up to `W` of them cross a limit on the clock. A repeat of a training that is over costs nothing and is back at once;
one of a training that is still running is back with it, since nobody knows the result before. An optimizer that is asked through the
constant liar learns nothing from such repeats while a batch of its own is in training, and may propose them for ever; after `MOST_REPEATS`
in a row the free machines wait for the next training to end.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from nasbench.search.dispatcher import Dispatcher, Ticket
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Optimizer
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.single_run import SingleRun

MOST_REPEATS = 100
"""How many repeats in a row may be back at once while the constant liar is asked."""

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True)
class Completion:
    """A result that came back.

    Attributes:
        observations: of the one query, `(1, 1)`.
        worker: number of the machine, from 0.
        seconds: simulated clock when it came back.
    """

    observations: Observations
    worker: int
    seconds: float


def search_with_workers(
    problem: Problem,
    optimizer: Optimizer,
    parallelism: Parallelism,
    look: Callable[[Observations], object] = lambda observations: None,
    given: Observations | None = None,
) -> tuple[list[Completion], float]:
    """Simulate the search of one run until its budget is spent or nothing is proposed, and all trainings have come back.

    Args:
        problem: of one run.
        optimizer: of that run, as `create` returns it.
        parallelism: workers, or the size of a batch.
        look: called with each result that comes back.
        given: what the optimizer was told before, `(1, B)`, from which lies are computed as well; None if it was told nothing.

    Returns:
        the results in the order in which they came back, and the seconds of the optimizer itself.
    """
    machines = _Machines(problem, SingleRun(optimizer, problem.space.d), parallelism)
    if given is not None:
        machines.dispatcher.learn(given)
    in_batches = parallelism.batch_size is not None
    advance = machines.finish_batch if in_batches else machines.finish_next
    while True:
        while machines.start():
            if not in_batches:
                machines.finish_due(look)
        if not machines.running:
            return machines.completions, machines.optimizer_seconds
        advance(look)


@dataclass(frozen=True, order=True)
class _Training:
    """A query in progress; ordered by its end, and of equal ends by its start."""

    end: float
    number: int
    worker: int = field(compare=False)
    ticket: Ticket = field(compare=False)
    query: Observations = field(compare=False)


class _Machines:
    """The machines of a run, with the simulated clock."""

    def __init__(self, problem: Problem, optimizer: SingleRun, parallelism: Parallelism) -> None:
        self._problem = problem
        self._asker = optimizer.asker
        self.dispatcher = Dispatcher(problem, optimizer, parallelism.machines, parallelism.lie)
        self._free = list(range(parallelism.machines))
        self._clock = 0.0
        self._n_started = 0
        self._repeats = 0
        self.running: list[_Training] = []
        self.completions: list[Completion] = []
        self.optimizer_seconds = 0.0
        self._uncharged = 0.0

    def start(self) -> bool:
        """Give the next proposal to the first free machine; return whether there was a machine, a budget and a proposal."""
        if self.running and self.dispatcher.lies and self._repeats >= MOST_REPEATS:
            return False
        while self._free and not self._problem.ledger.exhausted[0]:
            ticket = self._timed(self.dispatcher.propose, len(self._free))
            if ticket is None:
                self._charge()
                return False
            query = self._problem.query(ticket.proposal.batch, self._asker)
            # Only now, as in a sequential search: a proposal that itself takes the rest of the budget is evaluated.
            self._charge()
            self._show_clock()
            self.dispatcher.start(ticket, query)
            if query.answered[0, 0]:
                worker = heapq.heappop(self._free)
                heapq.heappush(self.running, _Training(self._end_of(query), self._n_started, worker, ticket, query))
                self._n_started += 1
                return True
            self._timed(self.dispatcher.finish, ticket)  # padding, which needs no machine
            self._charge()
        return False

    def _end_of(self, query: Observations) -> float:
        """Return when a query that starts now will be back."""
        seconds = float(query.charged_seconds[0, 0])
        if seconds > 0.0:
            return self._clock + seconds
        return max([self._clock, *(one.end for one in self.running if self._key(one.query) == self._key(query))])

    def _key(self, query: Observations) -> tuple[bytes, int]:
        return self._problem.training_key(query.architectures[0, 0]), int(query.epochs[0, 0])

    def finish_due(self, look: Callable[[Observations], object]) -> None:
        """Let all trainings come back that have ended by now: after a start these are repeats."""
        self._repeats = self._repeats + 1 if self.running and self.running[0].end <= self._clock else 0
        while self.running and self.running[0].end <= self._clock:
            self._finish(heapq.heappop(self.running), look)

    def finish_next(self, look: Callable[[Observations], object]) -> None:
        """Move the clock on to the next end of a training, and let those that end then come back."""
        self._clock = self.running[0].end
        self.finish_due(look)
        self._repeats = 0

    def finish_batch(self, look: Callable[[Observations], object]) -> None:
        """Move the clock on to the end of all trainings, and let them come back in the order in which they were started."""
        self._clock = max(training.end for training in self.running)
        for training in sorted(self.running, key=lambda training: training.number):
            self._finish(training, look)
        self.running.clear()

    def _finish(self, training: _Training, look: Callable[[Observations], object]) -> None:
        self._show_clock()
        heapq.heappush(self._free, training.worker)
        operator = training.ticket.proposal.operator
        query = replace(training.query, operators=None if operator is None else (operator,))
        self.completions.append(Completion(query, training.worker, self._clock))
        self._timed(self.dispatcher.finish, training.ticket)
        self._charge()
        look(query)

    def _show_clock(self) -> None:
        # The ledger counts as if one training followed the other, which they do not here.
        self._problem.ledger.spent["wall_seconds"][0] = self._clock

    def _timed(self, call: Callable[[A], T], argument: A) -> T:
        """Return what a call of the optimizer returns, and count its seconds."""
        before = time.perf_counter()
        result = call(argument)
        seconds = time.perf_counter() - before
        self.optimizer_seconds += seconds
        self._uncharged += seconds
        return result

    def _charge(self) -> None:
        """Charge the seconds of the optimizer that were counted."""
        self._problem.ledger.spent["optimizer_seconds"] += self._uncharged
        self._uncharged = 0.0
