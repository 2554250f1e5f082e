"""Tables of the official files answer studies and papers as the tables that ship do.

The official files are too large for a test. Their importers read record after record into chunks, which is compared with real records
elsewhere; here the chunks are filled from a table that ships, and become a table as those of any file.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.papers.catalogue import get_paper
from nasbench.reports.papers.reproduce import reproduce
from nasbench.study.runner import run_study
from nasbench.study.toml import load_study
from nasbench.tables.cache import cache_folder
from nasbench.tables.catalogue import get_table
from nasbench.tables.column import Measured
from nasbench.tables.sources.nats_columns import write_chunks
from nasbench.tables.sources.nats_records import SEEDS, Chunk
from nasbench.tables.writer import write_table

SHIPPED, SINGLE = "nas-bench-201-reference", "nas-bench-201-reference-float32"
"""The table that ships, and a copy in single precision, which is that of the records."""
KINDS = ("nats-bench-topology", "nas-bench-201-pth")
DATASETS = ("cifar10", "cifar100", "imagenet16-120")


def official_chunk() -> Chunk:
    """Return what the records of all cells hold, as far as the table that ships holds it."""
    table = get_table(SHIPPED)
    chunk = Chunk(list(range(len(table))), {}, {})
    for column in table.columns:
        measured = table.measured(column)
        if column.quantity == "accuracy":
            assert column.split is not None and column.epochs is not None
            values = np.asarray(measured.values, dtype=np.float32).reshape(len(table), -1)
            held = np.full((len(table), len(SEEDS), 1), np.nan, dtype=np.float32)
            at = [SEEDS.index(seed) for seed in column.seeds or (SEEDS[0] if column.epochs == 12 else SEEDS[1],)]
            missing = False if measured.missing is None else np.asarray(measured.missing).reshape(values.shape)
            held[:, at, 0] = np.where(missing, np.nan, values)
            chunk.accuracy[column.dataset, column.split, column.epochs] = held
        else:
            seconds = np.asarray(measured.values, dtype=np.float64)
            chunk.scalar[column.dataset, column.quantity, column.epochs or 0] = seconds
    return chunk


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a table of each official form."""
    chunk = official_chunk()
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_CACHE", str(cache))
        for kind in KINDS:
            folder = cache_folder() / kind
            folder.mkdir(parents=True)
            report = write_chunks(folder, kind, kind, [chunk], [str(i) for i in chunk.index], "all cells")
            assert report.missing == ()
        (cache_folder() / SINGLE).mkdir()
        table = get_table(SHIPPED)
        rounded = [
            Measured(c, m.values.astype(np.float32), m.missing) if c.quantity == "accuracy" else m
            for c in table.columns
            for m in [table.measured(c)]
        ]
        write_table(cache_folder() / SINGLE, name=SINGLE, space=table.space, columns=rounded, provenance="a copy")
    return cache


@pytest.fixture
def cache(imported: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASBENCH_CACHE", str(imported))
    return imported


@pytest.mark.parametrize("kind", KINDS)
def test_every_preset_of_the_space_runs_alike(cache: Path, tmp_path: Path, kind: str) -> None:
    """The same architectures in the same order, and the same scores; the progressive mode included."""
    for preset in ("quick", "progressive"):
        own = load_study(preset)
        own = replace(own, runs=2, problems=tuple(f"{SINGLE}/{dataset}" for dataset in DATASETS))
        own = replace(own, budget=type(own.budget)({"queries": 30}))
        other = own.with_table(kind)
        assert other.problems == tuple(f"{kind}/{dataset}" for dataset in DATASETS)
        asked = []
        for study in (own, other):
            folder = tmp_path / f"{preset}-{study.problems[0].partition('/')[0]}-{kind}"
            run_study(study, folder)
            paths = sorted((folder / "traces").rglob("*.parquet"))
            asked.append([pq.read_table(path, partitioning=None)["architecture"].to_pylist() for path in paths])
        assert len(asked[0]) == 3 * len(own.methods) and asked[0] == asked[1]


def test_a_paper_is_reproduced_alike(cache: Path) -> None:
    paper = get_paper("nats-bench")
    ours, theirs = (reproduce(paper, runs=3, table=table) for table in (SHIPPED, KINDS[0]))
    for own, other in zip(ours.rows, theirs.rows, strict=True):
        assert own.figure == other.figure and own.mean == pytest.approx(other.mean, abs=1e-4, nan_ok=True)


def test_all_presets_of_tables_of_the_space_can_be_moved(cache: Path) -> None:
    for preset in (
        "quick",
        "progressive",
        "nas-bench-201-full",
        "all-tables",
        "hybrid-claim",
        "ablation",
        "multi-objective",
    ):
        study, moved = load_study(preset), load_study(preset).with_table(KINDS[0])
        for before, after in zip(study.problems, moved.problems, strict=True):
            same_space = before.partition("/")[0] in ("nas-bench-201", SHIPPED)
            assert after == (f"{KINDS[0]}/{before.partition('/')[2]}" if same_space else before)
    with pytest.raises(NasbenchError, match="can stand for no problem here: it is of nas-bench-201 and has cifar10"):
        load_study("size-space").with_table(KINDS[0])


def test_the_command_runs_a_preset_on_an_imported_table(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(["run", "quick", "--runs", "1", "--table", KINDS[0], "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert row["folder"] == "results/quick-nats-bench-topology" and row["done"] == 9
