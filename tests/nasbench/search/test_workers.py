"""Searches of one run on several simulated machines: schedules computed by hand, repeats, budgets, and who is told what when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from timed_line import timed_problem

from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.workers import Completion, search_with_workers

Log = list[tuple[str, list[int]]]


class Scripted:
    """Proposes the batches of a script, and writes down what it is asked and told."""

    SCRIPT: Sequence[Any] = ()

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.left = list(self.SCRIPT)
        self.log: Log = []

    def ask(self) -> Any:
        batch = self.left.pop(0) if self.left else []
        architectures, epochs = batch if isinstance(batch, tuple) else (batch, None)
        self.log.append(("ask", list(architectures)))
        found = np.array(architectures, dtype=np.int8).reshape(-1, 1)
        return found if epochs is None else (found, np.array(epochs))

    def tell(self, observations: RunObservations) -> None:
        self.log.append(("tell", observations.architectures[:, 0].tolist()))


class Steady(Scripted):
    """The same, asked and told asynchronously."""

    ASYNCHRONOUS = True


def run(
    kind: type[Scripted], script: Sequence[Any], problem: Problem, parallelism: Parallelism
) -> tuple[list[Completion], Log]:
    optimizer = PerRun(type(kind.__name__, (kind,), {"SCRIPT": script})).create(problem, Streams(0, (0,)))
    completions, _ = search_with_workers(problem, optimizer, parallelism)
    return completions, optimizer.members[0].log  # type: ignore[attr-defined]


def schedule(completions: Sequence[Completion]) -> list[tuple[int, int, float]]:
    """Return architecture, worker and clock of each result."""
    return [(int(one.observations.architectures[0, 0, 0]), one.worker, one.seconds) for one in completions]


def test_three_workers_come_back_when_their_training_is_over() -> None:
    # Seconds of architecture a: 5, 2, 4, 3, 1, 6. Workers 0, 1, 2 start 0, 1, 2 at time 0. At 2 worker 1 starts 3 (until 5); at 4 worker 2
    # starts 4 (until 5). At 5 all three are free: 0 was started before 3, and 3 before 4; worker 0, the lowest, starts 5.
    problem = timed_problem([5, 2, 4, 3, 1, 6], queries=6)
    completions, log = run(Steady, [[0], [1], [2], [3], [4], [5]], problem, Parallelism(workers=3))
    assert schedule(completions) == [(1, 1, 2.0), (2, 2, 4.0), (0, 0, 5.0), (3, 1, 5.0), (4, 2, 5.0), (5, 0, 11.0)]
    assert [f"{kind} {of}" for kind, (of,) in log] == [
        "ask 0", "ask 1", "ask 2", "tell 1", "ask 3", "tell 2", "ask 4", "tell 0", "tell 3", "tell 4", "ask 5", "tell 5"
    ]  # fmt: skip
    assert problem.ledger.spent["wall_seconds"].tolist() == [11.0]
    assert problem.ledger.spent["train_seconds"].tolist() == [21.0]


def test_a_batch_lasts_as_long_as_its_longest_training() -> None:
    problem = timed_problem([5, 2, 4, 3, 1, 6], queries=6)
    completions, _ = run(Steady, [[0], [1], [2], [3], [4], [5]], problem, Parallelism(batch_size=3))
    assert [(a, clock) for a, _, clock in schedule(completions)] == [(0, 5), (1, 5), (2, 5), (3, 11), (4, 11), (5, 11)]


def test_with_one_machine_batches_are_told_whole() -> None:
    for parallelism in (Parallelism(), Parallelism(batch_size=1)):
        problem = timed_problem([5, 2, 4], queries=9)
        completions, log = run(Scripted, [[0, 1], [2]], problem, parallelism)
        assert log == [("ask", [0, 1]), ("tell", [0, 1]), ("ask", [2]), ("tell", [2]), ("ask", [])]
        assert [clock for *_, clock in schedule(completions)] == [5.0, 7.0, 11.0]
