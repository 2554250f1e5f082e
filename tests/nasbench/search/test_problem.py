"""Seed policies, repeats, accounts, fidelities and refusals of the search side, on the embedded table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import MissingDataError, NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.observations import PADDING, MultiFidelityBatch
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.nas_bench_201 import NasBench201Space

BENCHMARK = get_benchmark("nas-bench-201/cifar10")
SPACE = NasBench201Space()
MEASURED = BENCHMARK.table.measured(BENCHMARK.table.find("cifar10", "accuracy", "validation", 200))  # type: ignore[arg-type]


def protocol(**changes: Any) -> SearchProtocol:
    plain: dict[str, Any] = {
        "objectives": ("error",),
        "split": "validation",
        "epochs": (200,),
        "training_seed": "random",
        "repeat_policy": "retrain",
        "budget": Budget({"queries": 10**6}),
    }
    return SearchProtocol(**(plain | changes))


def problem(runs: tuple[int, ...] = (0,), seed: int = 1, **changes: Any) -> Problem:
    return BENCHMARK.problem(protocol(**changes), seed, runs)


def ask(index: Any) -> np.ndarray:
    return SPACE.from_index(np.asarray(index))


def test_mean_policy_is_the_seed_mean() -> None:
    observations = problem(training_seed="mean").query(ask([np.arange(0, 15_625, 31)]))
    np.testing.assert_allclose(observations.objectives[0, :, 0], 100 - MEASURED.mean()[::31])
    assert (observations.training_seed == -1).all()


def test_fixed_seed_answers_or_is_refused() -> None:
    observations = problem(training_seed=888).query(ask([[5, 6]]))
    assert observations.objectives[0, :, 0].tolist() == (100 - MEASURED.values[[5, 6], 1]).tolist()
    assert (observations.training_seed == 888).all()
    with pytest.raises(MissingDataError, match="missing for 7456"):
        problem(training_seed=999)
    with pytest.raises(NasbenchError, match="not in the table"):
        problem(training_seed=3)


def test_random_policy_draws_each_measured_seed_alike_and_no_missing_one() -> None:
    """Chi-square at level 1e-4 for a cell with two seeds and one with three, over 3,000 runs."""
    assert MEASURED.missing is not None
    for cell, seeds in ((int(MEASURED.missing[:, 2].argmax()), 2), (int((~MEASURED.missing[:, 2]).argmax()), 3)):
        observations = problem(tuple(range(3000))).query(ask(np.full((3000, 1), cell)))
        numbers, counts = np.unique(observations.training_seed, return_counts=True)
        assert numbers.tolist() == [777, 888, 999][:seeds]
        assert stats.chisquare(counts).pvalue > 1e-4
        for number, value in zip(observations.training_seed[:, 0], observations.objectives[:, 0, 0], strict=True):
            assert value == 100 - MEASURED.values[cell, [777, 888, 999].index(number)]


def test_the_answer_does_not_depend_on_the_order_of_questions() -> None:
    cells = np.random.default_rng(0).permutation(15_625)[:300]
    forward = problem().query(ask([cells])).objectives[0, :, 0]
    backward = problem().query(ask([cells[::-1]])).objectives[0, ::-1, 0]
    assert np.array_equal(forward, backward)


def test_charged_repeats_are_trained_again_and_paid_again() -> None:
    one = problem()
    observations = one.query(ask([[77] * 40]))
    assert len(np.unique(observations.training_seed)) > 1
    assert (observations.charged_seconds > 0).all()
    assert observations.is_new_architecture[0].tolist() == [True] + [False] * 39
    assert one.ledger.spent["queries"][0] == 40
    assert one.ledger.spent["unique_queries"][0] == 1
    assert one.ledger.spent["epochs"][0] == 40 * 200


def test_cached_repeats_return_what_they_returned_free() -> None:
    one = problem(repeat_policy="cache")
    observations = one.query(ask([[77] * 40]))
    again = one.query(ask([[77]]))
    values = np.concatenate([observations.objectives, again.objectives], axis=1)
    assert len(np.unique(values)) == 1
    assert observations.charged_seconds[0, 0] > 0
    assert (observations.charged_seconds[0, 1:] == 0).all()
    assert again.charged_seconds[0, 0] == 0
    assert one.ledger.spent["epochs"][0] == 200


def test_isomorphic_repeats_return_what_their_function_returned() -> None:
    direct, behind = SPACE.from_string("000300"), SPACE.from_string("100030")
    one = problem(repeat_policy="cache_isomorphic")
    observations = one.query(np.stack([direct, behind, direct])[None])
    assert len(np.unique(observations.objectives)) == 1
    assert observations.is_new_isomorphism_class[0].tolist() == [True, False, False]
    assert observations.is_new_architecture[0].tolist() == [True, True, False]
    assert (observations.charged_seconds[0] > 0).tolist() == [True, False, False]
    assert one.ledger.spent["unique_isomorphic_queries"][0] == 1
    assert one.ledger.spent["unique_queries"][0] == 2


@pytest.mark.parametrize("repeat_policy", ["retrain", "cache", "cache_isomorphic"])
@pytest.mark.parametrize(
    "account", ["queries", "unique_queries", "unique_isomorphic_queries", "epochs", "train_seconds"]
)
def test_one_batch_is_as_many_single_queries(repeat_policy: str, account: str) -> None:
    limit = {"epochs": 200 * 57.5, "train_seconds": 1e5}.get(account, 57)
    cells = np.random.default_rng(4).integers(0, 300, (3, 200))
    kept: dict[str, Any] = {"repeat_policy": repeat_policy, "budget": Budget({account: limit})}
    whole = problem((0, 1, 2), **kept)
    single = problem((0, 1, 2), **kept)
    together = whole.query(ask(cells))
    apart = [single.query(ask(cells[:, b : b + 1])) for b in range(200)]
    for field in (
        "objectives",
        "charged_seconds",
        "answered",
        "is_new_architecture",
        "is_new_isomorphism_class",
        "training_seed",
    ):
        joined = np.concatenate([getattr(o, field) for o in apart], axis=1)
        kept_rows = together.answered
        assert np.array_equal(getattr(together, field)[kept_rows], joined[kept_rows]), field
    assert np.array_equal(together.answered, np.concatenate([o.answered for o in apart], axis=1))
    for name in whole.ledger.spent:
        assert np.array_equal(whole.ledger.spent[name], single.ledger.spent[name]), name


def test_a_pass_is_neither_answered_nor_charged() -> None:
    one = problem((0, 1))
    batch = ask([[1, 2], [3, 4]])
    batch[0, 1] = PADDING
    observations = one.query(batch)
    assert observations.answered.tolist() == [[True, False], [True, True]]
    assert np.isnan(observations.objectives[0, 1, 0])
    assert one.ledger.spent["queries"].tolist() == [1, 2]
    assert len(observations.select_run(0)) == 1


@pytest.mark.parametrize("fault", [5, 100, -2])
def test_choices_outside_the_space_are_refused(fault: int) -> None:
    batch = ask([[1, 2]])
    batch[0, 1, 3] = fault
    with pytest.raises(NasbenchError, match="outside space"):
        problem().query(batch)


def test_batches_of_the_wrong_shape_and_unknown_fidelities_are_refused() -> None:
    with pytest.raises(NasbenchError, match="shape"):
        problem().query(ask([1, 2]))
    with pytest.raises(NasbenchError, match="fidelity"):
        problem().query(MultiFidelityBatch(ask([[1]]), np.array([[12]])))


def test_three_objectives_and_facts() -> None:
    one = problem(objectives=("error", "latency", "parameters"))
    assert one.cheap == (False, True, True)
    cells = ask([[5, 600, 7000]])
    observations = one.query(cells)
    np.testing.assert_array_equal(observations.objectives[..., 1:], one.facts(cells))
    np.testing.assert_array_equal(one.facts(cells)[..., 1], SPACE.parameters(cells, "cifar10"))
    memory = problem(objectives=("error", "memory")).facts(cells)[..., 0]
    np.testing.assert_allclose(memory, 4 * SPACE.parameters(cells, "cifar10"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epochs": (12,)}, "after 12 epochs"),
        ({"objectives": ("eror",)}, "did you mean 'error'"),
        ({"objectives": ()}, "at least one"),
        ({"epochs": (200, 12)}, "ascending"),
        ({"repeat_policy": "sometimes"}, "retrain, cache"),
        ({"training_seed": "best"}, "random or mean"),
    ],
)
def test_settings_that_cannot_be_answered_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NasbenchError, match=reason):
        problem(**changes)


def test_a_split_that_a_table_does_not_have_is_refused() -> None:
    with pytest.raises(NasbenchError, match="no test accuracy"):
        get_benchmark("nas-bench-101-sample/cifar10").problem(protocol(split="test", epochs=(108,)), 1, (0,))


@pytest.mark.parametrize(
    ("name", "split", "best"),
    [
        ("nas-bench-201/cifar10", "test", 94.373),
        ("nas-bench-201/cifar100", "test", 73.513),
        ("nas-bench-201/imagenet16-120", "test", 47.311),
        ("nas-bench-101-sample/cifar10", "validation", None),
    ],
)
def test_a_search_on_validation_is_scored_on_test_where_there_is_one(name: str, split: str, best: float | None) -> None:
    """The best of NAS-Bench-201 are the published ones."""
    epochs = (200,) if best else (108,)
    oracle = get_benchmark(name).oracle(protocol(epochs=epochs))
    assert oracle.score_split == split and oracle.has_test == (split == "test")
    assert best is None or round(100 - oracle.best_score, 3) == best


def test_what_a_search_sees_is_the_validation_accuracy() -> None:
    """Although it is scored on the test split: an answer is one of the trainings of its cell."""
    cells = np.arange(0, 15_625, 31)
    seen = 100 - problem().query(ask([cells])).objectives[0, :, 0]
    assert (np.abs(MEASURED.values[cells] - seen[:, None]).min(axis=1) < 1e-9).all()


def test_streams_and_environment_are_independent_of_the_optimizer() -> None:
    """Two optimizers that query one cell in one run meet the same training: runs are paired."""
    left, right = problem((0, 1, 2, 3)), problem((0, 1, 2, 3))
    Streams(1, (0, 1, 2, 3)).uniform(5)
    left.query(ask(np.full((4, 3), 9)))
    right.query(ask(np.arange(8).reshape(4, 2)))
    assert np.array_equal(left.query(ask([[88]] * 4)).objectives, right.query(ask([[88]] * 4)).objectives)
