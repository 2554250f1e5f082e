"""The constant liar: what a copy is told, that the optimizer itself never learns a lie, and that both share their random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from timed_line import timed_problem

from nasbench.errors import NasbenchError
from nasbench.search.constant_liar import ConstantLiar
from nasbench.search.methods import as_optimizer
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.parallelism import LIES, Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.workers import search_with_workers
from nasbench.spaces.space import Architectures
from nasbench.testing.toy import toy_benchmark

HEARD: list[tuple[int, list[tuple[int, float]]]] = []
"""What each instance, by its identity, had been told when it was asked."""
DRAWN: list[float] = []
"""The random numbers that any instance drew."""


class Listener:
    """Proposes the lowest architecture that it has not been told of, and notes the errors that it is told."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.rng, self.told, self.draws = rng, dict[int, float](), list[float]()

    def ask(self) -> Architectures:
        self.draws.append(float(self.rng.random()))
        DRAWN.append(self.draws[-1])
        HEARD.append((id(self), sorted(self.told.items())))
        return np.array([[next(a for a in range(127) if a not in self.told)]], dtype=np.int8)

    def tell(self, observations: RunObservations) -> None:
        for architecture, values in zip(observations.architectures, observations.objectives, strict=True):
            self.told[int(architecture[0])] = float(values[0])


@pytest.fixture(autouse=True)
def forget() -> None:
    HEARD.clear()
    DRAWN.clear()


def listen(parallelism: Parallelism) -> Listener:
    problem = timed_problem([5, 2, 4, 3, 9, 9, 9], {"queries": 6}, errors=[30, 10, 50, 20, 60, 70, 80])
    optimizer = PerRun(Listener).create(problem, Streams(0, (0,)))
    search_with_workers(problem, optimizer, parallelism)
    member: Listener = optimizer.members[0]  # type: ignore[attr-defined]
    return member


@pytest.mark.parametrize(("lie", "after_one", "after_two"), [("mean", 10, 30), ("worst", 10, 50), ("best", 10, 10)])
def test_lies_are_of_the_results_so_far(lie: str, after_one: float, after_two: float) -> None:
    listen(Parallelism(workers=3, lie=lie))
    # At time 0 nothing is known, and the lies are 0; 1 is back at 2, and 2 at 4.
    assert [told for _, told in HEARD[:5]] == [
        [],
        [(0, 0.0)],
        [(0, 0.0), (1, 0.0)],
        [(0, after_one), (1, 10.0), (2, after_one)],
        [(0, after_two), (1, 10.0), (2, 50.0), (3, after_two)],
    ]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("machines", [{"workers": 3}, {"batch_size": 3}])
def test_the_optimizer_itself_never_learns_a_lie(machines: dict[str, int], lie: str) -> None:
    truth = {0: 30.0, 1: 10.0, 2: 50.0, 3: 20.0, 4: 60.0, 5: 70.0}
    original = listen(Parallelism(**machines, lie=lie))
    assert original.told == truth
    assert all(dict(told).items() <= truth.items() for who, told in HEARD if who == id(original))
    assert len({who for who, _ in HEARD}) > 1, "copies were asked"


def test_lies_count_what_was_given_before() -> None:
    problem = timed_problem([5, 2, 4, 3], {"queries": 2}, errors=[30, 10, 50, 20])
    optimizer = PerRun(Listener).create(problem, Streams(0, (0,)))
    elsewhere = timed_problem([5, 2, 4, 3], {"queries": 4}, errors=[30, 10, 50, 20])
    given = elsewhere.query(np.array([[[3], [2]]], dtype=np.int8))
    optimizer.tell(given)
    search_with_workers(problem, optimizer, Parallelism(workers=2), given=given)
    assert [told for _, told in HEARD[:2]] == [[(2, 50.0), (3, 20.0)], [(0, 35.0), (2, 50.0), (3, 20.0)]]


def test_a_copy_draws_what_the_optimizer_would_have_drawn() -> None:
    original = listen(Parallelism(workers=3))
    assert Streams(0, (0,)).generator(0).random(len(DRAWN)).tolist() == DRAWN and len(DRAWN) == 6
    assert len(original.draws) == 1, "all but the first were of copies"


def test_an_optimizer_in_lockstep_shares_its_streams() -> None:
    class Drawing:
        def __init__(self, problem: Problem, streams: Streams) -> None:
            self.space, self.streams = problem.space, streams

        def ask(self) -> Architectures:
            return self.space.sample(self.streams.uniform(self.space.d))[:, None]

        def tell(self, observations: Any) -> None: ...

    def architectures(parallelism: Parallelism) -> list[list[int]]:
        problem = toy_benchmark().problem({"queries": 12})
        optimizer = Lockstep(Drawing).create(problem, Streams(4, (0,)))
        completions, _ = search_with_workers(problem, optimizer, parallelism)
        return [one.observations.architectures[0, 0].tolist() for one in completions]

    assert architectures(Parallelism(batch_size=4)) == architectures(Parallelism())


def test_objectives_that_are_free_are_told_truly() -> None:
    class HalfKnown:
        cheap = (False, True)

        def facts(self, architectures: Architectures) -> np.ndarray:
            return architectures[..., :1] * 100.0

    problem = timed_problem([5, 2, 4], {"queries": 3})
    query = problem.query(np.array([[[2]]], dtype=np.int8))
    pair = replace(query, objectives=np.array([[[7.0, 200.0]]]))
    liar = ConstantLiar(HalfKnown(), "worst")  # type: ignore[arg-type]
    assert liar._lie_about(pair).objectives.tolist() == [[[0.0, 200.0]]]
    liar.learn(replace(pair, objectives=np.array([[[9.0, 300.0]]])))
    lie = liar._lie_about(pair)
    assert lie.objectives.tolist() == [[[9.0, 200.0]]] and lie.training_seed.tolist() == [[-1]]


def test_an_optimizer_that_cannot_be_copied_says_so() -> None:
    def walk(problem: Problem, rng: np.random.Generator) -> Iterator[Architectures]:
        for a in range(3):
            yield np.array([[a]], dtype=np.int8)

    def start() -> tuple[Problem, Any]:
        problem = timed_problem([5, 2, 4], {"queries": 3})
        return problem, as_optimizer(walk).create(problem, Streams(0, (0,)))

    with pytest.raises(NasbenchError, match=r"cannot be copied .* run it with one worker"):
        search_with_workers(*start(), Parallelism(workers=2))


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_numpys_summary_of_all_results_bit_for_bit(lie: str) -> None:
    """Results of another length count only where there are none of the query's own; a lie is computed again once a result is back."""
    problem = timed_problem([5, 2, 4], {"queries": 3})
    query = problem.query(np.array([[[2]]], dtype=np.int8))
    errors = np.random.default_rng(4).random((150, 1)) * 100.0
    liar, summaries = ConstantLiar(problem, lie), {"mean": np.mean, "worst": np.max, "best": np.min}
    summarise: Any = summaries[lie]
    for number, error in enumerate(errors):
        liar.learn(replace(query, objectives=error[None, None], charged_seconds=np.array([[error[0]]])))
        told, other = (
            liar._lie_about(replace(query, epochs=np.full((1, 1), epochs))) for epochs in (query.epochs[0, 0], 999)
        )
        before = errors[: number + 1]
        assert told.objectives[0, 0, 0] == other.objectives[0, 0, 0] == summarise(np.stack(list(before)), axis=0)[0]
        assert told.charged_seconds[0, 0] == np.mean(before[:, 0].tolist())
    liar.learn(replace(query, epochs=np.full((1, 1), 999), objectives=np.array([[[7.0]]])))
    assert liar._lie_about(replace(query, epochs=np.full((1, 1), 999))).objectives.tolist() == [[[7.0]]]
