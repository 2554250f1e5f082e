"""The wrapper without repeats: nothing is evaluated twice, the optimizer learns of its repeats, and a small space is used up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.methods import as_optimizer
from nasbench.search.no_repeats import MOST_ASKS, OWN, SUBSTITUTE, without_repeats
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.workers import search_with_workers
from nasbench.study.methods import MethodConfig
from nasbench.testing.optimizer_contract import OptimizerContract, ask_tell, start, trace
from nasbench.testing.toy import toy_benchmark, toy_problem, toy_space

from table_protocol import table_protocol
from tiny_tables import TinyTable, tiny_tables

CHEAP = (
    "random_search",
    "regularized_evolution",
    "local_search",
    "one_plus_one_ea",
    "simulated_annealing",
    "asng",
    "quantum_inspired",
    "reinforce",
    "nsga2",
    "successive_halving",
    "hyperband",
    "asha",
    "dehb",
)


@pytest.mark.parametrize("name", ["one_plus_one_ea", "nsga2", "gp_bo"])
class TestWrapped(OptimizerContract):
    @pytest.fixture
    def optimizer(self, name: str) -> object:
        return without_repeats(get_optimizer(name))


@settings(max_examples=25, deadline=None)
@given(tiny_tables(), st.sampled_from(CHEAP), st.sampled_from(["retrain", "cache", "cache_isomorphic"]), st.booleans())
def test_no_training_is_asked_for_twice_and_small_spaces_are_used_up(
    table: TinyTable, name: str, policy: str, with_workers: bool
) -> None:
    kind = get_optimizer(name)
    epochs = (1, 3, 9) if kind.fidelities else (9,)
    protocol = table_protocol(Budget({"queries": 100}), epochs=epochs, repeat_policy=policy)
    problem = Problem(table, protocol, 3, (0,))
    optimizer = without_repeats(kind).create(problem, Streams(3, (0,)))
    if with_workers:
        batches = [one.observations for one in search_with_workers(problem, optimizer, Parallelism(batch_size=3))[0]]
    else:
        batches = search(problem, optimizer)[0]
    architectures, _, _, found_epochs, _ = trace(batches, 0)
    keys = [(problem.training_key(a), e) for a, e in zip(architectures, found_epochs.tolist(), strict=True)]
    assert len(set(keys)) == len(keys)
    trainings = len({problem.training_key(a) for a in table.space.all})
    at_the_top = sum(e == epochs[-1] for _, e in keys)
    assert at_the_top <= trainings
    if not kind.fidelities:
        assert len(keys) == trainings, "the run ends when everything is evaluated, and not before"


class Stubborn:
    """Proposes the first architecture for ever, and remembers what it is told."""

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.told: list[tuple[int, ...]] = []

    def ask(self) -> Any:
        return np.zeros((1, 3), dtype=np.int8)

    def tell(self, observations: Any) -> None:
        self.told += [tuple(a) for a in observations.architectures.tolist()]


def test_repeats_are_told_and_after_a_stated_number_others_are_drawn() -> None:
    problem = toy_problem(3)
    optimizer: Any = without_repeats(as_optimizer(Stubborn)).create(problem, Streams(0, (0,)))
    batches, _ = search(problem, optimizer)
    architectures = trace(batches, 0)[0]
    assert tuple(architectures[0]) == (0, 0, 0)
    assert [batch.operators for batch in batches] == [(OWN,), (SUBSTITUTE,), (SUBSTITUTE,)]
    told = optimizer.members[0]._optimizer._algorithm.told
    # Once as evaluated, then the repeats before each substitute, then that; the budget of three queries ends it.
    repeated = [(0, 0, 0)] * MOST_ASKS
    others = [tuple(a) for a in architectures[1:].tolist()]
    assert told == [(0, 0, 0), *repeated, others[0], *repeated, others[1]]
    assert problem.ledger.spent["queries"][0] == 3


def test_substitutes_are_uniform() -> None:
    """Of 24 architectures each is drawn as often, over runs; 5 standard errors."""
    problem = toy_problem(2, runs=2300)
    optimizer: Any = without_repeats(as_optimizer(Stubborn)).create(problem, Streams(0, range(2300)))
    drawn = np.array([member._substitute(None)[0].architecture for member in optimizer.members])
    counts = np.bincount(toy_space().index(drawn), minlength=24)
    assert np.abs(counts - 2300 / 24).max() < 5 * np.sqrt(2300 / 24)


def test_without_a_repeat_it_is_the_optimizer_itself() -> None:
    kind, runs = get_optimizer("regularized_evolution"), (0, 1, 2)
    benchmark = nasbench.load_benchmark("nk/10x6-k2")
    plain = ask_tell(*start(kind, benchmark, runs))
    wrapped = ask_tell(*start(without_repeats(kind), benchmark, runs))
    for run in runs:
        assert len(set(map(bytes, trace(plain, run)[0]))) == 20, "no repeat in so large a space"
        assert np.array_equal(trace(plain, run)[0], trace(wrapped, run)[0])


def test_a_generator_function_says_why_it_cannot() -> None:
    def proposing(problem: Any, rng: np.random.Generator) -> Any:
        while True:
            yield toy_space().sample(rng.random((1, 3)))

    with pytest.raises(NasbenchError, match=r"proposing cannot be run without repeats. A generator function is sent"):
        without_repeats(as_optimizer(proposing)).create(toy_problem(), Streams(0, (0,)))


def test_a_study_says_which_methods_are_wrapped(tmp_path: Any) -> None:
    study = nasbench.Study(
        problems=["onemax/3x2"],
        methods=[
            MethodConfig(name="one_plus_one_ea", label="plain"),
            MethodConfig(name="one_plus_one_ea", label="wrapped", no_repeats=True),
        ],
        runs=2,
        budget={"queries": 30},
        repeat_policy="retrain",
    )
    study.run(tmp_path / "results")
    results = nasbench.load_results(tmp_path / "results")
    assert [method.no_repeats for method in results.study.methods] == [False, True]
    assert "no_repeats" not in study.to_mapping()["methods"][0] and study.to_mapping()["methods"][1]["no_repeats"]
    frame = results.to_pandas()
    for method, number in (("plain", 60), ("wrapped", 16)):
        assert (frame["method"] == method).sum() == number
    wrapped = frame[frame["method"] == "wrapped"]
    assert not wrapped.duplicated(["run", "architecture"]).any()


def test_search_of_a_name() -> None:
    frame = nasbench.search(
        "simulated_annealing", toy_benchmark(), {"queries": 100}, runs=2, no_repeats=True
    ).to_pandas()
    assert len(frame) == 48 and not frame.duplicated(["run", "architecture"]).any()


def test_laws_are_of_the_algorithm_alone() -> None:
    from nasbench.theory.traces.trace_checks import checkers_of

    plain = MethodConfig(name="random_search")
    wrapped = MethodConfig(name="random_search", label="wrapped", no_repeats=True)
    study = nasbench.Study(problems=["nas-bench-201/cifar10"], methods=[plain, wrapped], budget={"queries": 5})
    assert checkers_of(study, plain) and not checkers_of(study, wrapped)
    given_some = study.replace(warm_start=nasbench.load_benchmark("nas-bench-201/cifar10").sample(3))
    assert not checkers_of(given_some, plain)


def test_live_tasks_are_refused() -> None:
    wrapped = MethodConfig(name="hybrid", no_repeats=True)
    with pytest.raises(NasbenchError, match="live tasks, on which hybrid cannot be run without repeats"):
        nasbench.Study(problems=["live/digits"], methods=[wrapped], budget={"epochs": 5})
