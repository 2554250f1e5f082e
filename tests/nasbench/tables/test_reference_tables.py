"""Tables that ship and that were described in TOML, against published facts and, where they are at hand, their sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbench.benchmarks.catalogue import benchmark_names, get_benchmark
from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.transnas_bench_101 import TransNasBench101MicroSpace
from nasbench.tables.catalogue import get_table, table_datasets
from nasbench.tables.importers import import_table
from nasbench.tables.table import Table

FILES = {
    "nas-bench-201-devices": "nas-bench-201/hardware.parquet",
    "nas-bench-360": "nas-bench-201/nas-bench-360.parquet",
    "nats-bench-size-reference": "nats-bench-size/accuracy.parquet",
    "transnas-bench-101-micro": "transnas-bench-101-micro/validation.parquet",
}
NO_VALUES = {"arch", "arch_index", "arch_str", "channels"}


@pytest.mark.parametrize("name", FILES)
def test_every_number_of_the_file_is_in_the_table(with_reference: Path, name: str) -> None:
    datasets = table_datasets(name)
    table = get_table(name)
    assert table.datasets == datasets
    frame = pd.read_parquet(with_reference / FILES[name])
    held = sorted(_fingerprint(table.measured(column).values) for column in table.columns)
    named = [c for c in frame.columns if c not in NO_VALUES and not c.startswith(("params", "hw360"))]
    values = [frame[column].to_numpy(dtype=float) for column in named]
    assert held == pytest.approx(sorted(_fingerprint(np.where(np.isfinite(v), v, 0.0)) for v in values), rel=1e-12)
    assert len(table) == len(frame) and table.is_complete


def _fingerprint(values: np.ndarray) -> float:
    return float(np.sort(np.asarray(values, dtype=float)).sum() + np.cos(np.asarray(values, dtype=float)).sum())


def _row_of(table: Table, text: str) -> int:
    return int(table.rows(table.space.from_string(text)))


def test_rows_meet_their_architectures(with_reference: Path) -> None:
    for name, column, dataset, quantity, split in (
        ("nas-bench-201-devices", "lat_pixel3", "cifar10", "latency@pixel3", None),
        ("nats-bench-size-reference", "cifar100_test_90", "cifar100", "accuracy", "test"),
        ("transnas-bench-101-micro", "jigsaw", "jigsaw", "accuracy", "validation"),
    ):
        table = get_table(name)
        frame = pd.read_parquet(with_reference / FILES[name])
        found = [c for c in table.columns if (c.dataset, c.quantity, c.split) == (dataset, quantity, split)]
        values = table.measured(found[0]).values
        texts = frame[next(c for c in ("arch_str", "channels", "arch") if c in frame)]
        for line in range(0, len(frame), len(frame) // 50):
            assert values[_row_of(table, texts[line])] == frame[column][line]


def test_best_networks_of_the_size_space_are_the_published_ones() -> None:
    table = get_table("nats-bench-size-reference")
    for dataset, best in (("cifar10", 93.65), ("cifar100", 71.34), ("imagenet16-120", 47.40)):
        assert find_objective(table, dataset, "error", "test", 90).values.min() == pytest.approx(100 - best, abs=1e-4)
    assert "no validation split" in " ".join(table.notes)


def test_scores_are_minimised_as_error() -> None:
    table = get_table("transnas-bench-101-micro")
    assert objective_names(table, "normal") == objective_names(table, "jigsaw") == ("error",)
    normal = find_objective(table, "normal", "error", "validation", None)
    assert normal.unit == "score" and normal.values.min() == pytest.approx(-0.587287, abs=1e-6)
    assert get_benchmark("transnas-bench-101-micro/normal").longest(("error",), "validation") == 1
    darcy = find_objective(get_table("nas-bench-360"), "darcy", "error", "validation", None)
    assert darcy.values.max() == pytest.approx(0.799799, abs=1e-6)


def test_cells_that_differ_on_dead_edges_alone_score_alike() -> None:
    """The canonical form of TransNAS-Bench-101 against the measurements: spread within a form is noise of training."""
    table, space = get_table("transnas-bench-101-micro"), TransNasBench101MicroSpace()
    form = space.index(space.canonical(space.all))
    assert np.array_equal(space.canonical(space.canonical(space.all)), space.canonical(space.all))
    assert len(np.unique(form)) == 2128
    values = find_objective(table, "class_scene", "error", "validation", None).values
    within = pd.Series(values).groupby(form).std().max()
    assert within < 0.05 * values.std()


def test_dead_edges_are_those_that_a_search_for_paths_finds() -> None:
    space, paths = TransNasBench101MicroSpace(), ((3,), (0, 4), (1, 5), (0, 2, 5))
    for cell, form in zip(space.all.tolist(), space.canonical(space.all).tolist(), strict=True):
        used = {edge for path in paths if all(cell[e] for e in path) for edge in path}
        assert form == [operation if edge in used else 0 for edge, operation in enumerate(cell)]


def test_proxies_rank_with_accuracy(with_reference: Path) -> None:
    """All three are minimised as negative scores; a table in the wrong order or with the wrong sign would not correlate."""
    from scipy.stats import spearmanr

    table, _ = import_table("nas-bench-201-zero-cost", with_reference / "nas-bench-201" / "zero-cost.parquet")
    accuracy = get_benchmark("nas-bench-201/cifar100").table
    error = find_objective(accuracy, "cifar100", "error", "validation", 200).mean()
    for proxy, at_least in (("naswot", 0.75), ("ntk", 0.7), ("nasi", 0.45)):
        found = find_objective(table, "cifar100", proxy, None, None)
        held = np.ones(len(table), dtype=bool) if found.missing is None else ~np.asarray(found.missing)
        assert spearmanr(found.values[held], error[held]).statistic > at_least


def test_all_are_listed() -> None:
    names = benchmark_names()
    assert len([n for n in names if n.startswith("transnas-bench-101-micro/")]) == 7
    assert len([n for n in names if n.startswith("nas-bench-360/")]) == 2
    assert len([n for n in names if n.startswith("nats-bench-size-reference/")]) == 3
    assert NasBench201Space().size == len(get_table("nas-bench-360"))
