"""Searches of one run on several simulated machines: schedules computed by hand, repeats, budgets, and who is told what when."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from timed_line import timed_problem

from nasbench.errors import NasbenchError
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.workers import MOST_REPEATS, Completion, search_with_workers

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
    problem = timed_problem([5, 2, 4, 3, 1, 6], {"queries": 6})
    completions, log = run(Steady, [[0], [1], [2], [3], [4], [5]], problem, Parallelism(workers=3))
    assert schedule(completions) == [(1, 1, 2.0), (2, 2, 4.0), (0, 0, 5.0), (3, 1, 5.0), (4, 2, 5.0), (5, 0, 11.0)]
    assert [f"{kind} {of}" for kind, (of,) in log] == [
        "ask 0", "ask 1", "ask 2", "tell 1", "ask 3", "tell 2", "ask 4", "tell 0", "tell 3", "tell 4", "ask 5", "tell 5"
    ]  # fmt: skip
    assert problem.ledger.spent["wall_seconds"].tolist() == [11.0]
    assert problem.ledger.spent["train_seconds"].tolist() == [21.0]


def test_a_batch_lasts_as_long_as_its_longest_training() -> None:
    problem = timed_problem([5, 2, 4, 3, 1, 6], {"queries": 6})
    completions, _ = run(Steady, [[0], [1], [2], [3], [4], [5]], problem, Parallelism(batch_size=3))
    assert [(a, clock) for a, _, clock in schedule(completions)] == [(0, 5), (1, 5), (2, 5), (3, 11), (4, 11), (5, 11)]


def test_with_one_machine_batches_are_told_whole() -> None:
    for parallelism in (Parallelism(), Parallelism(batch_size=1)):
        problem = timed_problem([5, 2, 4], {"queries": 9})
        completions, log = run(Scripted, [[0, 1], [2]], problem, parallelism)
        assert log == [("ask", [0, 1]), ("tell", [0, 1]), ("ask", [2]), ("tell", [2]), ("ask", [])]
        assert [clock for *_, clock in schedule(completions)] == [5.0, 7.0, 11.0]


def test_the_rest_of_a_batch_waits_for_a_free_worker() -> None:
    problem = timed_problem([5, 2, 4, 3], {"queries": 9})
    completions, log = run(Steady, [[0, 1, 2], [3]], problem, Parallelism(workers=2))
    assert schedule(completions) == [(1, 1, 2.0), (0, 0, 5.0), (2, 1, 6.0), (3, 0, 8.0)]
    # 2 is started at time 2 without a question; at 5 worker 0 has to ask.
    assert [one for one in log if one[1]] == [
        ("ask", [0, 1, 2]), ("tell", [1]), ("tell", [0]), ("ask", [3]), ("tell", [2]), ("tell", [3])
    ]  # fmt: skip


def test_nothing_proposed_means_nothing_until_a_result_comes_back() -> None:
    problem = timed_problem([5, 2, 4], {"queries": 9})
    completions, log = run(Steady, [[0], [], [1], [], [], [2]], problem, Parallelism(workers=2))
    assert schedule(completions) == [(0, 0, 5.0), (1, 0, 7.0)]
    assert log == [("ask", [0]), ("ask", []), ("tell", [0]), ("ask", [1]), ("ask", []), ("tell", [1]), ("ask", [])]


@pytest.mark.parametrize("policy", ["cache", "retrain"])
def test_a_repeat_is_back_at_once_or_with_the_training_that_it_repeats(policy: str) -> None:
    # 0 is repeated while it trains, at time 0 and at 2, and afterwards, at 5.
    problem = timed_problem([5, 2, 9], {"queries": 9}, repeat_policy=policy)
    completions, log = run(Steady, [[0], [0], [1], [0], [0], [2]], problem, Parallelism(workers=3))
    told = [of[0] for kind, of in log if kind == "tell"]
    if policy == "cache":
        assert schedule(completions) == [(1, 2, 2.0), (0, 0, 5.0), (0, 1, 5.0), (0, 2, 5.0), (0, 0, 5.0), (2, 0, 14.0)]
        assert told == [1, 0, 0, 0, 0, 2]
        assert problem.ledger.spent["train_seconds"].tolist() == [16.0]
    else:
        assert [clock for *_, clock in schedule(completions)] == [2.0, 5.0, 5.0, 7.0, 10.0, 14.0]


def test_two_fidelities_of_one_architecture_are_two_trainings() -> None:
    problem = timed_problem([8, 4], {"queries": 9}, fidelities=(50, 200))
    script = [([0], [50]), ([0], [200]), ([0], [50]), ([0], [200])]
    completions, _ = run(Steady, script, problem, Parallelism(workers=4))
    assert [(int(one.observations.epochs[0, 0]), one.seconds) for one in completions] == [
        (50, 2.0), (50, 2.0), (200, 8.0), (200, 8.0)
    ]  # fmt: skip


def test_what_has_begun_when_the_clock_runs_out_comes_back_and_nothing_begins() -> None:
    problem = timed_problem([5, 2, 4, 3, 1, 6], {"wall_seconds": 4.5})
    completions, _ = run(Steady, [[0], [1], [2], [3], [4], [5]], problem, Parallelism(workers=3))
    assert schedule(completions) == [(1, 1, 2.0), (2, 2, 4.0), (0, 0, 5.0), (3, 1, 5.0), (4, 2, 5.0)]
    assert problem.ledger.endings() == [""]
    exact = timed_problem([5, 2, 4, 3, 1, 6], {"wall_seconds": 4.0})
    assert len(run(Steady, [[0], [1], [2], [3], [4], [5]], exact, Parallelism(workers=3))[0]) == 4


@pytest.mark.parametrize("parallelism", [Parallelism(workers=3), Parallelism(batch_size=3)])
def test_a_proposal_that_takes_the_time_of_the_optimizer_is_evaluated(parallelism: Parallelism) -> None:
    problem = timed_problem([5, 2, 4], {"optimizer_seconds": 1e-9})
    completions, _ = run(Steady, [[0], [1]], problem, parallelism)
    assert [a for a, *_ in schedule(completions)] == [0] and problem.ledger.exhausted.all()


@pytest.mark.parametrize(
    "limits", [{"wall_seconds": 1e6}, {"unique_queries": 5}, {"train_seconds": 1e6}, {"epochs": 1e6}]
)
@pytest.mark.parametrize("parallelism", [Parallelism(workers=3), Parallelism(batch_size=3)])
def test_a_run_that_repeats_itself_for_ever_ends(limits: dict[str, float], parallelism: Parallelism) -> None:
    class Stubborn(Steady):
        def ask(self) -> Any:
            return np.array([[1]], dtype=np.int8)

    problem = timed_problem([5, 2, 4], limits)
    completions, _ = run(Stubborn, [], problem, parallelism)
    assert {a for a, *_ in schedule(completions)} == {1} and problem.ledger.exhausted.all()
    assert problem.ledger.endings() != [""]


def test_repeats_of_a_lied_to_optimizer_wait_for_what_is_in_training() -> None:
    class Stuck(Scripted):
        """Proposes 1 and 0, then 1 for as long as it knows no error of 0, and then 2."""

        lowest = 9.0

        def ask(self) -> Any:
            batch = [[1], [0]] if self.lowest == 9.0 else [[2]] if self.lowest == 0.0 else [[1]]
            return np.array(batch, dtype=np.int8)

        def tell(self, observations: RunObservations) -> None:
            self.lowest = min(self.lowest, float(observations.objectives.min()))

    problem = timed_problem([5, 2, 4], {"unique_queries": 3})
    completions, _ = run(Stuck, [], problem, Parallelism(workers=2))
    assert schedule(completions)[-1] == (2, 0, 9.0) and len(completions) == 3 + MOST_REPEATS


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_random_search_on_workers_is_a_queue_with_a_heap(workers: int) -> None:
    """A direct simulation: the architectures of the sequential run in their order, each to the worker that is free first."""
    seconds = np.random.default_rng(1).gamma(2.0, 5.0, size=40).tolist()
    settings = {"replacement": False}

    def start() -> tuple[Problem, Any]:
        problem = timed_problem(seconds, {"queries": 30})
        return problem, get_optimizer("random_search").create(problem, Streams(5, (3,)), settings)

    _, sequential = start()
    order = sequential.ask()[0, :, 0].tolist()[:30]
    free = [(0.0, worker) for worker in range(workers)]
    expected = []
    for architecture in order:
        begins, worker = heapq.heappop(free)
        ends = begins + seconds[architecture]
        heapq.heappush(free, (ends, worker))
        expected.append((architecture, worker, float(ends)))
    completions, _ = search_with_workers(*start(), Parallelism(workers=workers))
    assert schedule(completions) == sorted(expected, key=lambda one: one[2])


class Ruled(Scripted):
    """Proposes the lowest architectures that are neither known nor pending."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        super().__init__(problem, rng)
        self.size, self.known = problem.space.size, set[int]()

    def ask_many(self, count: int, pending: np.ndarray) -> np.ndarray:
        busy = set(pending[:, 0].tolist())
        found = [a for a in range(self.size) if a not in self.known | busy][:count]
        self.log.append((f"ask {count}", sorted(busy)))
        return np.array(found, dtype=np.int8).reshape(-1, 1)

    def tell(self, observations: RunObservations) -> None:
        super().tell(observations)
        self.known |= set(observations.architectures[:, 0].tolist())


def test_a_batch_rule_is_asked_for_what_is_free_and_told_what_is_pending() -> None:
    problem = timed_problem([5, 2, 4, 3], {"queries": 4})
    completions, log = run(Ruled, [], problem, Parallelism(workers=3))
    assert schedule(completions) == [(1, 1, 2.0), (2, 2, 4.0), (0, 0, 5.0), (3, 1, 5.0)]
    assert log == [
        ("ask 3", []), ("tell", [1]), ("ask 1", [0, 2]), ("tell", [2]), ("tell", [0]), ("tell", [3])
    ]  # fmt: skip
    problem = timed_problem([5, 2, 4, 3, 1], {"queries": 9})
    completions, log = run(Ruled, [], problem, Parallelism(batch_size=3))
    assert [clock for *_, clock in schedule(completions)] == [5.0, 5.0, 5.0, 8.0, 8.0]
    assert [one for one in log if one[0] != "tell"] == [("ask 3", []), ("ask 3", []), ("ask 1", [3, 4]), ("ask 3", [])]


def test_a_batch_rule_that_proposes_too_much_is_refused() -> None:
    class Greedy(Ruled):
        def ask_many(self, count: int, pending: np.ndarray) -> np.ndarray:
            return super().ask_many(count + 1, pending)

    with pytest.raises(NasbenchError, match="proposed 4 architectures when 3 were asked for"):
        run(Greedy, [], timed_problem([5, 2, 4, 3], {"queries": 4}), Parallelism(workers=3))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": 0}, "number of workers is 0"),
        ({"workers": True}, "number of workers is True"),
        ({"batch_size": 10_001}, "batch size is 10001"),
        ({"workers": 2, "batch_size": 2}, "Both workers and batch_size"),
        ({"workers": 2, "lie": "worse"}, "did you mean 'worst'"),
    ],
)
def test_machines_that_make_no_sense_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(NasbenchError, match=words):
        Parallelism(**settings)
