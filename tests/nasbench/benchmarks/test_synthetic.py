"""Synthetic landscapes: exact optima against exhaustive search, names, and charges."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.oracle import Oracle
from nasbench.benchmarks.synthetic import NKLandscape, synthetic_benchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget

from table_protocol import table_protocol

SETTING = table_protocol(Budget({"unique_queries": 3}), split="none", epochs=(1,))


@pytest.mark.parametrize(
    "name", ["nk/7x3-k2", "nk/9x2-k4", "nk/6x4-k1", "nk/6x3-k0", "nk/5x3-k2", "nk/5x3-k4", "nk/7x3-k2-5", "onemax/6x3"]
)
def test_optimum_is_that_of_exhaustive_search(name: str) -> None:
    benchmark = synthetic_benchmark(name)
    assert benchmark.optimum == pytest.approx(benchmark.function(benchmark.space.all).min())


def test_nk_is_the_mean_of_contributions_that_see_k_neighbours() -> None:
    """Changing one decision of d changes exactly the K + 1 contributions that see it."""
    benchmark = synthetic_benchmark("nk/8x3-k2")
    landscape = benchmark.function
    assert isinstance(landscape, NKLandscape)
    values = landscape(benchmark.space.all).reshape((3,) * 8)
    # Decisions 0 and 4 share no contribution, so their effects add; decisions 0 and 2 share one.
    apart = values[0, :, :, :, 0] - values[1, :, :, :, 0] - values[0, :, :, :, 1] + values[1, :, :, :, 1]
    np.testing.assert_allclose(apart, 0.0, atol=1e-10)
    near = values[0, :, 0] - values[1, :, 0] - values[0, :, 1] + values[1, :, 1]
    assert np.abs(near).max() > 0.1
    assert 0 <= values.min() <= values.max() <= 100


def test_numbers_are_different_landscapes_and_names_are_stable() -> None:
    space = synthetic_benchmark("nk/10x6-k2").space
    some = space.sample(np.random.default_rng(0).random((5, 10)))
    first, again, other = (
        synthetic_benchmark(n).function(some) for n in ("nk/10x6-k2", "nk/10x6-k2-0", "nk/10x6-k2-1")
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_large_landscapes_have_an_optimum_below_what_local_search_finds() -> None:
    for name in ("nk/10x6-k2", "nk/10x6-k4"):
        benchmark = synthetic_benchmark(name)
        here = benchmark.space.sample(np.random.default_rng(1).random((20, 10)))
        for _ in range(30):
            around = np.concatenate([here[:, None], benchmark.space.neighbours(here)], axis=1)
            here = around[np.arange(20), benchmark.function(around).argmin(axis=1)]
        assert 0 < benchmark.optimum <= benchmark.function(here).min()


def test_answers_and_charges() -> None:
    benchmark = synthetic_benchmark("onemax/4x3")
    problem = benchmark.problem(SETTING, 0, (0, 1))
    batch = np.array(
        [[[2, 2, 2, 2], [0, 2, 2, 2], [2, 2, 2, 2]], [[0, 0, 0, 0], [1, 1, 1, 1], [2, 1, 1, 1]]], dtype=np.int8
    )
    answers = problem.query(batch)
    np.testing.assert_allclose(answers.objectives[..., 0], [[0, 25, 0], [100, 100, 75]])
    np.testing.assert_allclose(answers.charged_seconds, [[1, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(problem.ledger.exhausted, [False, True])


@pytest.mark.parametrize("name", ["nk/10x6", "onemax/3x3-k2", "nk/ax6-k2", "nk/10x6-k2/1"])
def test_unreadable_names_are_refused(name: str) -> None:
    with pytest.raises(NasbenchError, match="synthetic ones read"):
        synthetic_benchmark(name)


def test_impossible_landscape_is_refused() -> None:
    with pytest.raises(NasbenchError, match="K = 5"):
        synthetic_benchmark("nk/4x3-k5")


@pytest.mark.parametrize("name", ["nk/7x3-k2", "nk/6x3-k0", "nk/5x3-k4", "onemax/6x3"])
def test_oracle_knows_the_truth_of_a_space_that_can_be_listed(name: str) -> None:
    benchmark = synthetic_benchmark(name)
    oracle: Oracle = benchmark.oracle(SETTING)
    rows = oracle.row(benchmark.space.all)
    errors = benchmark.function(benchmark.space.all)
    np.testing.assert_array_equal(rows, np.arange(oracle.size))
    np.testing.assert_allclose(oracle.score(rows), errors, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(oracle.search_mean(rows[:, None]), oracle.score(rows)[:, None])
    # Exactly, not nearly: the optimum has a regret of 0, and the target "best" is met by it and by nothing else.
    assert oracle.score(rows).min() == oracle.best_score == oracle.search_rank(1)
    assert (oracle.score(rows) == oracle.best_score).sum() == 1
    assert oracle.search_rank(2) is None
    assert oracle.mean_score == pytest.approx(errors.mean())


def test_the_mean_of_a_space_too_large_to_list_agrees_with_a_sample() -> None:
    benchmark = synthetic_benchmark("nk/10x6-k4")
    oracle = benchmark.oracle(SETTING)
    rows = oracle.row(benchmark.space.from_index(np.random.default_rng(5).integers(benchmark.space.size, size=20_000)))
    scores = oracle.score(rows)
    # Five standard errors: a false alarm has probability 6e-7.
    assert abs(scores.mean() - oracle.mean_score) < 5 * scores.std() / np.sqrt(len(rows))


def test_a_space_beyond_integer_indices_is_scored_by_what_was_met() -> None:
    benchmark = synthetic_benchmark("onemax/100x4")
    assert benchmark.space.size >= 2**63
    asked = benchmark.space.sample(np.random.default_rng(6).random((7, 3, 100)))
    asked[2, 1] = asked[5, 0] = 3
    oracle = benchmark.oracle(SETTING)
    rows = oracle.row(asked)
    assert rows[2, 1] == rows[5, 0]
    assert len(np.unique(rows)) == 20
    np.testing.assert_allclose(oracle.score(rows), 100.0 * (asked != 3).mean(axis=-1), rtol=0, atol=1e-9)
    later = np.zeros((1, 100), dtype=np.int8)
    assert oracle.score(oracle.row(later)) == 100.0
    assert oracle.score(rows[2, 1]) == oracle.best_score == 0.0


def test_a_closed_form_has_no_front_and_no_table() -> None:
    with pytest.raises(NasbenchError, match="one objective"):
        _ = synthetic_benchmark("onemax/4x3").oracle(SETTING).objectives
    with pytest.raises(NasbenchError, match="closed form"):
        get_benchmark("nk/10x6-k2")
