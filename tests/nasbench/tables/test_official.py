"""Strings, numbers, classes and records as the authors' own packages read them (extra nas-bench-201)."""

from __future__ import annotations

import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nas_bench_201_cell import EDGES, OPERATIONS, operation_graph
from nasbench.spaces.nats_size import NatsSizeSpace
from nasbench.tables.commands import data
from nasbench.tables.cross_check import compare, official_records, require_official
from nasbench.tables.importers import import_table
from nasbench.tables.restricted_pickle import load_file

from unique_string import written_out

nats_bench = pytest.importorskip("nats_bench", reason="needs the extra nas-bench-201")
genotypes = pytest.importorskip("nats_bench.genotype_utils")
PREFIX = {"nats-bench-topology": "tss", "nats-bench-size": "sss"}
NAMES = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}


@pytest.fixture(scope="module")
def structures() -> list[Any]:
    """The authors' object of every cell, in the order of our index."""
    space = NasBench201Space()
    return [genotypes.topology_str2structure(space.to_string(cell)) for cell in space.all]


@pytest.fixture
def records(reference_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A folder of official records and an empty cache."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))

    def unpack(kind: str) -> Path:
        folder = tmp_path / kind
        folder.mkdir()
        for path in (reference_data / "nats-bench-records").glob(f"{PREFIX[kind]}_*.pbz2"):
            shutil.copy(path, folder / path.name.replace(f"{PREFIX[kind]}_", "").replace(".pbz2", ".pickle.pbz2"))
        return folder

    return unpack


def test_every_string_is_read_and_written_as_the_authors_do(structures: list[Any]) -> None:
    space = NasBench201Space()
    for cell, structure in zip(space.all, structures, strict=True):
        assert structure.tostr() == space.to_string(cell)
        assert [pair for node in structure.nodes for pair in node] == [
            (OPERATIONS[choice], source) for choice, (source, _) in zip(cell, EDGES, strict=True)
        ]


def test_the_matrices_of_the_first_package_hold_our_decisions() -> None:
    api = pytest.importorskip("nas_201_api", reason="needs the extras nas-bench-201 and live")
    space = NasBench201Space()
    for cell in space.all[::7]:
        matrix = api.NASBench201API.str2matrix(space.to_string(cell))
        assert [matrix[target, source] for source, target in EDGES] == cell.tolist()
        assert matrix.sum() == cell.sum()


def test_spaces_are_those_that_the_authors_announce() -> None:
    topology = nats_bench.search_space_info("nats-bench", "tss")
    assert tuple(topology["op_names"]) == OPERATIONS and topology["num_nodes"] == 4
    size = nats_bench.search_space_info("nats-bench", "sss")
    choices = NatsSizeSpace().choices
    assert len(choices) == size["num_layers"]
    assert all([int(c) for c in layer] == size["candidates"] for layer in choices)


def test_classes_of_the_authors_string_are_the_paper_s_and_dead_cells_are_ours(structures: list[Any]) -> None:
    """The string itself is the one that `test_canonical` reconciles with our canonical form, step by step."""
    space = NasBench201Space()
    theirs, rewritten = defaultdict(set), defaultdict(set)
    for index, (cell, structure) in enumerate(zip(space.all.tolist(), structures, strict=True)):
        theirs[structure.to_unique_str(consider_zero=True)].add(index)
        rewritten[written_out(tuple(cell), drop_zero=True)].add(index)
        _, output = operation_graph(tuple(cell))
        assert structure.check_valid() == bool(output)
    assert len(theirs) == 6_466
    assert theirs == rewritten


@pytest.mark.parametrize("kind", PREFIX)
def test_imported_records_say_what_the_authors_package_says(records: Callable[[str], Path], kind: str) -> None:
    folder = records(kind)
    table, _ = import_table(kind, folder)
    found = compare(table, kind, official_records(kind, folder))
    assert found.package.startswith("nats-bench ") and found.numbers > 150 and found.largest < 1e-5


def test_the_import_command_reports_the_comparison(records: Callable[[str], Path]) -> None:
    folder = records("nats-bench-topology")
    arguments = ["import", "nats-bench-topology", str(folder), "--official", "--json"]
    result = CliRunner().invoke(data, arguments, catch_exceptions=False)
    (row,) = json.loads(result.stdout)["tables"]
    assert row["numbers"] > 150 and row["package"].startswith("nats-bench")


def test_the_first_package_reads_the_same_trainings(records: Callable[[str], Path]) -> None:
    pytest.importorskip("nas_201_api", reason="needs the extras nas-bench-201 and live")
    folder = records("nats-bench-topology")
    table, _ = import_table("nats-bench-topology", folder)
    renamed = [{"less": r["12"], "full": r["200"]} for r in official_records("nats-bench-topology", folder)]
    assert compare(table, "nas-bench-201-pth", renamed).numbers > 150


def _accuracy(result: Any) -> None:
    result["eval_acc1es"]["x-valid@199"] += 0.01


def _seconds(result: Any) -> None:
    result["train_times"] = {epoch: 1.01 * seconds for epoch, seconds in result["train_times"].items()}


def _parameters(result: Any) -> None:
    result["params"] += 0.001


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (_accuracy, "cifar10 validation accuracy after 200 epochs, seed 777, of .* the package nats-bench says"),
        (_seconds, "cifar10 train time of 200 epochs"),
        (_parameters, "cifar10 parameters"),
    ],
)
def test_a_number_that_differs_is_named(
    records: Callable[[str], Path], fault: Callable[[Any], None], message: str
) -> None:
    folder = records("nats-bench-topology")
    table, _ = import_table("nats-bench-topology", folder)
    changed = list(official_records("nats-bench-topology", folder))
    for (name, seed), result in changed[0]["200"]["all_results"].items():
        if name == "cifar10-valid" and (fault is not _accuracy or seed == 777):
            fault(result)
    with pytest.raises(NasbenchError, match=message):
        compare(table, "nats-bench-topology", changed)


def test_the_authors_interface_finds_cells_and_charges_as_we_do(
    reference_data: Path, records: Callable[[str], Path]
) -> None:
    """Their whole interface, fed with records that were read safely: official numbers, and what a simulated training costs."""
    folder = records("nats-bench-topology")
    table, _ = import_table("nats-bench-topology", folder)
    meta = load_file(reference_data / "nats-bench-records" / "tssmeta.pbz2")["meta_archs"]
    held = {next(iter(r.values()))["arch_index"]: r for r in official_records("nats-bench-topology", folder)}
    api = nats_bench.create(
        {"meta_archs": meta, "arch2infos": held, "evaluated_indexes": list(held)}, "tss", verbose=False
    )
    space = NasBench201Space()
    assert len(api) == 15_625 and {space.to_string(cell) for cell in space.all} == set(meta)
    for index in held:
        cell = space.from_string(meta[index])
        assert api.query_index_by_arch(space.to_string(cell)) == index
        for dataset, name in NAMES.items():
            column = table.find(dataset, "accuracy", "validation", 12)
            times = table.find(dataset, "train_time", None, 12)
            assert column is not None and times is not None and column.seeds is not None
            row = int(table.rows(cell))
            accuracy, _, seconds, _ = api.simulate_train_eval(index, name, iepoch=11, hp="12")
            measured = table.measured(column)
            values = np.asarray(measured.values)[row]
            if measured.missing is not None:
                values = values[~np.asarray(measured.missing)[row]]
            assert np.abs(values - accuracy).min() < 1e-4
            # Ours is the mean over seeds; of one training theirs is the same but for the machine's mood.
            assert table.measured(times).mean()[row] == pytest.approx(seconds, rel=0.05)


def test_a_package_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats_bench", None)
    with pytest.raises(NasbenchError, match=r"needs the package nats-bench, .*nas-verify\[nas-bench-201\]"):
        require_official("nats-bench-size")
    with pytest.raises(NasbenchError, match="have no package to compare with"):
        require_official("hw-nas-bench")
