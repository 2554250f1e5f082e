"""Direction and unit of every quantity are used: what is better, what a number of a unit means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import MissingDataError, NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.tables.importers import import_table
from nasbench.tables.table import Table
from nasbench.tables.units import UNITS, factor

from small_table import CSV, TOML, write_small
from table_protocol import table_protocol


@pytest.fixture
def small(tmp_path: Path, fresh_cache: Path) -> Table:
    return import_table("table", write_small(tmp_path))[0]


def _chosen(table: Table, objective: str, optimizer: str) -> tuple[np.ndarray, np.ndarray]:
    protocol = table_protocol(Budget({"unique_queries": 4}), objectives=(objective,), epochs=(1,))
    problem = TabularBenchmark(table, "d").problem(protocol, 3, (0, 1, 2))
    batches, _ = search(problem, get_optimizer(optimizer).create(problem, Streams(3, (0, 1, 2))))
    return np.concatenate([b.architectures for b in batches], axis=1), np.concatenate(
        [b.objectives for b in batches], axis=1
    )


@pytest.mark.parametrize("optimizer", ["random_search", "local_search", "regularized_evolution", "hybrid"])
def test_a_search_for_accuracy_chooses_as_one_for_error_does(small: Table, optimizer: str) -> None:
    choices, values = _chosen(small, "accuracy", optimizer)
    same, errors = _chosen(small, "error", optimizer)
    assert np.array_equal(choices, same) and np.array_equal(values, errors, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "best", "shown", "called"),
    [("error", 5.0, 5.0, "lowest"), ("accuracy", 5.0, 95.0, "highest"), ("f1", 15.0, 85.0, "highest"), ("latency@chip", 5.0, 5.0, "lowest")],
)  # fmt: skip
def test_the_best_is_the_best(small: Table, name: str, best: float, shown: float, called: str) -> None:
    objective = find_objective(small, "d", name, "validation", 1)
    assert objective.mean().min() == best
    assert objective.view(best) == shown and objective.view.best == called
    protocol = table_protocol(Budget({"queries": 5}), objectives=(name,), epochs=(1,))
    oracle = TabularBenchmark(small, "d").oracle(protocol)
    assert oracle.views[0](oracle.best_score) == shown


def test_a_quantity_of_ones_own_says_which_way_is_better(tmp_path: Path, fresh_cache: Path) -> None:
    with pytest.raises(NasbenchError, match=r"does not know the quantity 'f1'; say direction = \"max\""):
        import_table("table", write_small(tmp_path, TOML.replace('direction = "max", ', "")))
    with pytest.raises(NasbenchError, match=r"direction: it is 'up'; it should be 'max' or 'min'"):
        import_table("table", write_small(tmp_path, TOML.replace('"max"', '"up"')))
    with pytest.raises(NasbenchError, match=r"'accuracy' has the direction 'min'; that of this quantity is 'max'"):
        import_table("table", write_small(tmp_path, TOML.replace('"accuracy"', '"accuracy", direction = "min"')))


def test_a_training_time_in_ms_is_charged_in_seconds(small: Table) -> None:
    protocol = table_protocol(Budget({"train_seconds": 5}), epochs=(1,), repeat_policy="retrain")
    problem = TabularBenchmark(small, "d").problem(protocol, 0, (0,))
    batches, _ = search(problem, get_optimizer("random_search").create(problem, Streams(0, (0,))))
    assert sum(b.charged_seconds.sum() for b in batches) == 5.0 and sum(b.answered.sum() for b in batches) == 5


def test_a_training_time_is_no_objective(small: Table) -> None:
    assert "train_time" not in objective_names(small, "d")
    with pytest.raises(NasbenchError, match=r"train_time is what a training costs, and no objective"):
        find_objective(small, "d", "train_time", None, 1)
    with pytest.raises(NasbenchError, match=r"name at least one"):
        TabularBenchmark(small, "d").longest([], "validation")


@pytest.mark.parametrize(
    ("quantity", "unit", "message"),
    [
        ("parameters", "MB", r"'parameters' has the unit 'MB'; its units are M, k, G, 1"),
        ("train_time", "MB", r"'train_time' has the unit 'MB'; its units are s, ms, us, min, h"),
        ("memory", "s", r"'memory' has the unit 's'; its units are MB"),
        ("latency@chip", "%", r"'latency@chip' has the unit '%'"),
    ],
)
def test_a_unit_that_a_quantity_cannot_have_is_refused(
    tmp_path: Path, fresh_cache: Path, quantity: str, unit: str, message: str
) -> None:
    text = TOML.replace('"latency@chip", unit = "ms"', f'"{quantity}", unit = "{unit}"')
    with pytest.raises(NasbenchError, match=message):
        import_table("table", write_small(tmp_path, text))


@pytest.mark.parametrize(("unit", "per_million"), [("M", 1.0), ("k", 1e-3), ("1", 1e-6), ("G", 1e3)])
def test_memory_follows_from_parameters_in_any_unit(
    tmp_path: Path, fresh_cache: Path, unit: str, per_million: float
) -> None:
    text = TOML.replace('"latency@chip", unit = "ms"', f'"parameters", unit = "{unit}"')
    table, _ = import_table("table", write_small(tmp_path, text))
    memory = find_objective(table, "d", "memory", None, None)
    assert memory.unit == "MB"
    np.testing.assert_allclose(memory.mean(), np.arange(5, 11) * 4 * per_million)


def test_units_of_one_dimension_convert() -> None:
    assert factor("min", "s") == 60.0 and factor("h", "min") == 60.0 and factor("ms", "us") == pytest.approx(1000.0)
    assert factor("fraction", "%") == 100.0 and factor("bytes", "kB") == pytest.approx(1e-3)
    for unit in UNITS:
        assert factor(unit, unit) == 1.0
    with pytest.raises(NasbenchError, match="A memory in MB cannot be turned into s"):
        factor("MB", "s")


def test_an_error_is_stored_as_the_accuracy_that_it_leaves(tmp_path: Path, fresh_cache: Path) -> None:
    text = TOML.replace('quantity = "accuracy"', 'quantity = "error"').replace('column = "acc"', 'column = "f1"')
    table, _ = import_table("table", write_small(tmp_path, text))
    assert find_objective(table, "d", "error", "validation", 1).mean().tolist() == [80.0, 81.0, 82.0, 83.0, 84.0, 85.0]


@pytest.mark.parametrize("policy", ["mean", "random"])
def test_what_was_not_measured_is_never_handed_to_a_search(tmp_path: Path, fresh_cache: Path, policy: str) -> None:
    text = TOML.replace('column = "acc"', 'seeds = { 1 = "acc", 2 = "f1" }, missing = true')
    text = text.replace('column = "f1"', 'column = "lat"')
    table, _ = import_table("table", write_small(tmp_path, text, CSV.replace("90,80", ",")))
    protocol = table_protocol(Budget({"queries": 5}), epochs=(1,), training_seed=policy)
    with pytest.raises(MissingDataError, match="1 architectures have no trained seed for error"):
        TabularBenchmark(table, "d").problem(protocol, 0, (0,))
