"""A reference distribution is a random sample at every size, is resumed, and refuses a folder of another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.objectives import find_objective
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.live.experiment import percentile
from nasbench.live.experiment.grouped_training import SeedTrainings
from nasbench.live.experiment.percentile import reference_percentile
from nasbench.live.experiment.reference_distribution import (
    CELLS,
    RECIPE,
    ReferenceConfig,
    extend_reference,
    finished_cells,
    reference_cells,
)
from nasbench.live.hardware.counting import macs, parameters
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.search.ledger import Budget
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.catalogue import get_table
from nasbench.tables.sources.reference_distribution import build as build_table
from nasbench.tables.table import open_table

from table_protocol import table_protocol


def small_config(seeds: tuple[int, ...] = (0, 1)) -> ReferenceConfig:
    task = get_task("mnist-1d")

    def load() -> Splits:
        splits = task.load().reduced(128, 100)
        return replace(splits, test=splits.test.first(200))

    small: Task = replace(task, load=load)
    return ReferenceConfig(small, replace(RECIPE, epochs=2), seeds, (2,))


def test_cells_are_one_of_each_function_in_a_fixed_order() -> None:
    space, cells = NasBench201Space(), reference_cells()
    assert cells.shape == (5260, 6) and len(np.unique(space.index(cells))) == 5260
    np.testing.assert_array_equal(space.canonical(cells), cells)
    # Pinned, since tables that ship hold the first of them.
    assert space.index(cells[:3]).tolist() == [9744, 11859, 11339]
    assert not np.array_equal(np.sort(space.index(cells)), space.index(cells))


def test_an_interrupted_distribution_is_resumed(tmp_path: Path) -> None:
    config, told = small_config(), []
    assert extend_reference(config, 2, tmp_path, lambda number, _: told.append(number)) == 0
    first = (tmp_path / CELLS).read_text()
    (tmp_path / CELLS).write_text(first + '{"architecture": "|nor')  # a run killed while it wrote
    assert extend_reference(config, 3, tmp_path, lambda number, _: told.append(number)) == 2
    assert told == [1, 2, 3] and (tmp_path / CELLS).read_text().startswith(first)
    rows, space = list(finished_cells(tmp_path / CELLS)), NasBench201Space()
    assert [row["architecture"] for row in rows] == [space.to_string(cell) for cell in reference_cells()[:3]]
    for row, cell in zip(rows, reference_cells(), strict=False):
        assert np.shape(row["search"]) == (2, 2) and np.shape(row["test"]["2"]) == (2,) and len(row["seconds"]) == 2
        network = get_cell_networks("nas-bench-201").build_standalone(cell, config.task.shape, 4, 1)
        assert (row["parameters"], row["macs"]) == (parameters(network), macs(network, config.task.shape))
    assert extend_reference(config, 2, tmp_path, lambda *_: None) == 3


def test_another_distribution_is_refused(tmp_path: Path) -> None:
    extend_reference(small_config(), 1, tmp_path, lambda *_: None)
    before = json.loads((tmp_path / CELLS).read_text())
    with pytest.raises(NasbenchError, match="trained otherwise; choose another folder"):
        extend_reference(small_config(seeds=(0, 2)), 2, tmp_path, lambda *_: None)
    with pytest.raises(NasbenchError, match="1 to 5,260 cells, not 5,261"):
        extend_reference(small_config(), 5261, tmp_path, lambda *_: None)
    assert json.loads((tmp_path / CELLS).read_text()) == before


def test_only_sequences_are_trained_at_once(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="classifications in one dimension, which digits is not"):
        extend_reference(ReferenceConfig(get_task("digits")), 1, tmp_path, lambda *_: None)
    config = replace(small_config(), recipe=replace(RECIPE, label_smoothing=0.1))
    with pytest.raises(NasbenchError, match="without label_smoothing"):
        extend_reference(config, 1, tmp_path / "smoothed", lambda *_: None)


def test_a_distribution_is_a_table_with_fidelities_and_a_test_split(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    extend_reference(small_config(), 3, source, lambda *_: None)
    built.mkdir()
    build_table(built, source)
    table, space, rows = open_table(built), NasBench201Space(), list(finished_cells(source / CELLS))
    held = space.index(space.canonical(space.from_index(np.asarray(table.row_index))))
    assert set(held) == set(space.index(reference_cells()[:3])) and len(held) > 3  # what computes the same is there too
    assert table.epochs("mnist-1d", "accuracy", "validation") == (1, 2)
    benchmark = TabularBenchmark(table, "mnist-1d")
    oracle = benchmark.oracle(table_protocol(Budget({"queries": 5}), epochs=(2,)))
    assert oracle.score_split == "test"
    for row in rows:
        cell = space.from_string(row["architecture"])
        assert oracle.search_mean(oracle.row(cell)) == pytest.approx(np.mean([curve[-1] for curve in row["search"]]))
        assert oracle.score(oracle.row(cell)) == pytest.approx(np.mean(row["test"]["2"]))
        parameters_of = find_objective(table, "mnist-1d", "parameters", None, None)
        assert parameters_of.cheap and parameters_of.mean()[oracle.row(cell)] == pytest.approx(row["parameters"] / 1e6)


def test_a_cell_is_scored_among_the_random_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    table, space, task = get_table("mnist-1d-reference"), NasBench201Space(), get_task("mnist-1d")
    column = table.find("mnist-1d", "accuracy", "test", 15)
    assert column is not None
    errors = 100 - table.measured(column).mean()
    held = space.from_index(np.asarray(table.row_index))
    best = reference_percentile(task, "nas-bench-201", held[errors.argmin()], replace(RECIPE, seed=7))
    count = len(np.unique(space.canonical(held), axis=0))
    assert best["reference_error"] == pytest.approx(errors.min()) and best["reference_cells"] == count >= 40
    assert best["reference_percentile"] == pytest.approx(100 * (1 - 0.5 / count))
    worst = reference_percentile(task, "nas-bench-201", held[errors.argmax()], RECIPE)
    assert worst["reference_percentile"] == pytest.approx(50 / count)
    # A cell that the table lacks is trained as those in it were.
    absent = next(cell for cell in reference_cells()[::-1] if int(space.index(cell)) not in table.row_index)
    asked = []

    def train(*given: object) -> SeedTrainings:
        asked.append(given)
        return SeedTrainings(np.zeros((3, 15)), {15: np.array([0.0, 1.0, 2.0])}, np.zeros(15))

    monkeypatch.setattr(percentile, "train_seeds", train)
    found = reference_percentile(task, "nas-bench-201", absent, RECIPE)
    assert (found["reference_error"], found["reference_percentile"]) == (1.0, 100.0)
    assert len(asked) == 1 and np.array_equal(asked[0][2], absent)  # type: ignore[arg-type]
    # Other recipes and tasks are not comparable.
    assert reference_percentile(task, "nas-bench-201", absent, replace(RECIPE, epochs=3)) == {}
    assert reference_percentile(get_task("digits"), "nas-bench-201", absent, RECIPE) == {}


def test_cells_that_ship_are_the_first_of_the_order() -> None:
    table, space = get_table("mnist-1d-reference"), NasBench201Space()
    held = space.index(np.unique(space.canonical(space.from_index(np.asarray(table.row_index))), axis=0))
    assert set(held) == set(space.index(reference_cells()[: len(held)]))
    column = table.find("mnist-1d", "accuracy", "test", 15)
    assert column is not None and column.seeds == (0, 1, 2)
    found = table.measured(column)
    assert found.missing is None
    distinct = np.asarray(found.values)[np.isin(np.asarray(table.row_index), held)]
    # Cells differ more than trainings of one cell do.
    assert distinct.mean(axis=1).std() > np.sqrt(distinct.var(axis=1, ddof=1).mean())
