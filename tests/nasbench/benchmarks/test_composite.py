"""Composites: the closed form, the ten best, isomorphism, bits, and the catalogue."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import benchmark_names, expand_benchmarks, get_benchmark
from nasbench.benchmarks.composite import (
    Composite,
    CompositeTable,
    compose,
    compose_table,
    composite_names,
    composites,
    find_basin,
)
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table

TOY = Composite("toy", "nk/3x3-k1", (("0", "2"),), depth=0.1, slope=2.0)


def protocol(benchmark: TabularBenchmark) -> SearchProtocol:
    return SearchProtocol(
        objectives=("error",),
        split="validation",
        epochs=(benchmark.longest(["error"], "validation"),),
        training_seed="random",
        repeat_policy="cache",
        budget=Budget({"unique_queries": 40}),
    )


def test_closed_form_on_four_architectures() -> None:
    basin = find_basin(np.array([1.0, 2.0, 4.0, 9.0]), np.array([3, 2, 1, 0]), depth=0.5, slope=2.0)
    # The median is 3, so the second basin's least error is 0; its errors are 0 + 2 (T(p(x)) - 1) = 16, 6, 2, 0.
    assert basin.offset == 1.0
    np.testing.assert_array_equal(basin.inside, [False, False, True, True])
    np.testing.assert_allclose(
        basin.transform(100 - np.array([1.0, 2.0, 4.0, 9.0]), 99.0), 100 - np.array([1, 2, 2, 0])
    )


def test_error_is_the_smaller_of_two_and_costs_are_its_own() -> None:
    source = synthetic_benchmark(TOY.source)
    everything = source.space.all
    error = source.function(everything)
    best, median = error.min(), np.median(error)
    second = best - 0.1 * (median - best) + 2 * (source.function(2 - everything) - best)
    oracle = compose(TOY).oracle(protocol(compose(TOY)))
    np.testing.assert_allclose(oracle.search_means, np.minimum(error, second), atol=1e-12)
    assert oracle.best_score == pytest.approx(best - 0.1 * (median - best))


def test_permutation_acts_on_named_choices_and_decisions() -> None:
    space = Space("s", ("a", "b", "c"), (("x", "y", "z"), ("x", "y", "z"), ("x", "w")))
    composite = Composite("n", "s", (("x", "z", "y"),), 0.1, decisions=("b", "c"))
    np.testing.assert_array_equal(
        composite.permute(space, np.array([[0, 0, 0], [1, 1, 1], [2, 2, 0]], dtype=np.int8)),
        [[0, 2, 0], [1, 0, 1], [2, 1, 0]],
    )


@pytest.mark.parametrize("name", composite_names())
def test_ten_best_lie_in_the_second_basin_and_isomorphic_architectures_share_it(name: str) -> None:
    table, benchmark = compose_table(composites()[name.partition("/")[2]]), get_benchmark(name)
    oracle = benchmark.oracle(protocol(benchmark))
    tenth = oracle.search_rank(10)
    rows = np.flatnonzero(oracle.search_means <= tenth)
    assert len(rows) >= 10 and table.basin.inside[rows].all()
    assert 0.05 < table.basin.inside.mean() < 0.95
    space = table.base_space
    partners = space.canonical(table.architectures[table.basin.partners])
    of_canonical = partners[table.rows(space.canonical(table.architectures))]
    np.testing.assert_array_equal(partners, of_canonical)


def test_partners_in_the_table_are_the_permuted_architectures_but_for_poolings_of_one_input() -> None:
    composite = composites()["nas-bench-360-darcy-1"]
    table = compose_table(composite)
    permuted = composite.permute(table.space, table.architectures)
    differs = (table.architectures[table.basin.partners] != permuted).any(axis=-1)
    assert 0 < differs.sum() < 300


def test_all_values_of_an_architecture_come_from_one_basin(tmp_path: Path) -> None:
    """Validation errors decide: 40, 20, 30 and 10 by seed means, and 8, 28, 18 and 38 in the second basin."""
    space = Space("pairs", ("a", "b"), (("x", "y"), ("x", "y")))
    accuracy = Column(dataset="d", unit="%", quantity="accuracy", epochs=9)
    validation = np.array([[59.0, 61.0], [79.0, 81.0], [69.0, 71.0], [89.0, 91.0]])
    missing = np.array([[False, True], [False, False], [False, False], [False, True]])
    validation[missing] = 0.0
    validation[[0, 3], 0] = 60.0, 90.0
    test, time = np.array([50.0, 70.0, 65.0, 85.0]), np.arange(4.0)
    columns = (
        Measured(replace(accuracy, split="validation", seeds=(5, 6)), validation, missing),
        Measured(replace(accuracy, split="test"), test),
        Measured(Column(dataset="d", unit="s", quantity="train_time"), time),
    )
    write_table(tmp_path, name="t", space=space, columns=columns, provenance="made up")
    composite = Composite("c", "t/d", (("x", "y"),), depth=2 / 15)
    table = CompositeTable(composite, open_table(tmp_path), "d")
    assert table.basin.offset == pytest.approx(2.0)
    np.testing.assert_array_equal(table.basin.inside, [True, False, True, False])
    found = {c.key: table.measured(c) for c in table.columns}
    seeds = found["c.accuracy.validation.9"]
    assert seeds.missing is not None
    np.testing.assert_allclose(np.where(seeds.missing, 0, seeds.values), [[92, 0], [79, 81], [81, 83], [90, 0]])
    np.testing.assert_array_equal(seeds.missing[:, 1], [True, False, False, True])
    np.testing.assert_allclose(found["c.accuracy.test.9"].values, [87, 70, 72, 85])
    np.testing.assert_array_equal(found["c.train_time"].values, time)
    benchmark = TabularBenchmark(table, "c")
    answers = [benchmark.problem(protocol(benchmark), 3, (run,)).query(space.all[None]).objectives for run in (1, 1, 2)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()
    np.testing.assert_allclose(answers[0][0, [0, 3], 0], [8, 10])


def test_source_without_the_partners_of_some_architectures_is_refused() -> None:
    operations = (("conv3x3-bn-relu", "conv1x1-bn-relu"),)
    with pytest.raises(NasbenchError, match="lacks"):
        _ = compose_table(Composite("c", "nas-bench-101-sample/cifar10", operations, 0.1)).basin


def test_catalogue_finds_lists_and_refuses() -> None:
    assert set(composite_names()) <= set(benchmark_names())
    assert expand_benchmarks(["composite/*"]) == composite_names()
    assert get_benchmark(composite_names()[0]).name == composite_names()[0]
    assert len({get_benchmark(name).checksum for name in composite_names()}) == len(composite_names())
    with pytest.raises(NasbenchError, match=r"did you mean .composite/nas-bench-360-darcy-"):
        get_benchmark("composite/nas-bench-360-darcy")
