"""Perturbed copies: what they keep of a table, what they change, and by how much."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.perturbed import PerturbedBenchmark, random_function
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.spaces.catalogue import get_space
from nasbench.tables.table import Table

from table_protocol import table_protocol

BENCHMARK = get_benchmark("nas-bench-201/imagenet16-120")
TABLE: Table = BENCHMARK.table
NB201 = get_space("nas-bench-201")
EVERYTHING = table_protocol(Budget({"queries": 20_000}), training_seed="mean")


def copy_of(number: int, correlation: float = 0.85) -> PerturbedBenchmark:
    return PerturbedBenchmark(TABLE, BENCHMARK.dataset, number, correlation)


def test_values_change_hands_and_times_do_not() -> None:
    copy = copy_of(1)
    partners = copy.partners(EVERYTHING)
    np.testing.assert_array_equal(np.sort(partners), np.arange(NB201.size))
    mine = copy.problem(EVERYTHING, 0, (0,)).query(NB201.all[None])
    table = BENCHMARK.problem(EVERYTHING, 0, (0,)).query(NB201.all[None])
    np.testing.assert_array_equal(mine.objectives[0], table.objectives[0, partners])
    np.testing.assert_array_equal(mine.charged_seconds, table.charged_seconds)
    np.testing.assert_array_equal(copy.oracle(EVERYTHING).search_means, mine.objectives[0, :, 0])
    assert copy.oracle(EVERYTHING).search_rank(10) == BENCHMARK.oracle(EVERYTHING).search_rank(10)


@pytest.mark.parametrize("correlation", [0.5, 0.85, 1.0])
def test_copies_agree_with_the_table_as_stated_and_less_with_each_other(correlation: float) -> None:
    """Correlation of normal scores, over architectures with a live path; two copies share the table alone."""
    live = NB201.paths(NB201.all).sum(axis=1) > 0

    def scores(means: np.ndarray) -> np.ndarray:
        return np.asarray(norm.ppf((means[live].argsort().argsort() + 0.5) / live.sum()))

    table = scores(BENCHMARK.oracle(EVERYTHING).search_means)
    one, two = (scores(copy_of(number, correlation).oracle(EVERYTHING).search_means) for number in (1, 2))
    assert np.corrcoef(table, one)[0, 1] == pytest.approx(correlation, abs=0.06)
    if correlation == 1.0:
        np.testing.assert_array_equal(table, one)
    else:
        assert np.corrcoef(one, two)[0, 1] < correlation


def test_a_copy_is_the_same_every_time_and_each_number_another() -> None:
    first, again, other = (copy_of(number).partners(EVERYTHING) for number in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9


def test_cells_without_a_live_path_keep_to_the_bottom() -> None:
    dead = NB201.paths(NB201.all).sum(axis=1) == 0
    means = copy_of(2).oracle(EVERYTHING).search_means
    assert dead.any() and means[dead].min() >= means[~dead].max()


def test_random_function_is_one_of_functions() -> None:
    values = random_function(NB201, NB201.all, np.random.default_rng(0))
    assert values.mean() == pytest.approx(0.0, abs=1e-9) and values.std() == pytest.approx(1.0)
    canonical = NB201.index(NB201.canonical(NB201.all))
    np.testing.assert_allclose(values, values[canonical])
    assert len(np.unique(values.round(9))) == len(np.unique(canonical))


def test_a_table_without_paths_has_copies_too() -> None:
    graph = get_benchmark("nas-bench-graph/cora")
    protocol = table_protocol(Budget({"queries": 10}), epochs=(graph.longest(("error",), "validation"),))
    copy = PerturbedBenchmark(graph.table, graph.dataset, 1, 0.7)
    mine, theirs = copy.oracle(protocol).search_means, graph.oracle(protocol).search_means
    np.testing.assert_array_equal(np.sort(mine), np.sort(theirs))
    assert np.corrcoef(mine.argsort().argsort(), theirs.argsort().argsort())[0, 1] == pytest.approx(0.7, abs=0.1)


@pytest.mark.parametrize(("number", "correlation"), [(0, 0.5), (-1, 0.5), (1, 0.0), (1, 1.1), (1, float("nan"))])
def test_what_is_no_copy_is_refused(number: int, correlation: float) -> None:
    with pytest.raises(NasbenchError, match="number of 1 or more and a correlation above 0"):
        copy_of(number, correlation)


def test_copies_have_one_objective() -> None:
    protocol = table_protocol(Budget({"queries": 10}), objectives=("error", "parameters"))
    with pytest.raises(NasbenchError, match="one objective, not 2"):
        copy_of(1).problem(protocol, 0, (0,))
