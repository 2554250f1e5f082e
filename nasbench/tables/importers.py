"""Importers of user files by format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from nasbench.errors import NasbenchError, unknown_name
from nasbench.tables.cache import cache_folder, place_table
from nasbench.tables.catalogue import built_in
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.table import Table, open_table

LONGEST_NAME = 100
"""Maximum length of a table's name, which is also its folder name."""
NOT_AS_EXPECTED = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""Exceptions of importers for well-formed files with unexpected content."""


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        module: has `import_source(source, folder, options)`, which writes the table into the empty folder and returns an
            `ImportReport`.
        table: default name of the table; empty if given by the source.
        summary: description of the source, for lists.
    """

    module: str
    table: str
    summary: str


FORMATS: Mapping[str, Format] = {
    "table": Format("nasbench.tables.sources.described", "", "TOML description of a .parquet or .csv file"),
    "join": Format("nasbench.tables.sources.join", "", "TOML that names tables of one space"),
    "nas-bench-101": Format(
        "nasbench.tables.sources.nas_bench_101", "nas-bench-101", ".json, .csv or .parquet of NAS-Bench-101"
    ),
    "nats-bench-topology": Format(
        "nasbench.tables.sources.nats_bench",
        "nats-bench-topology",
        "folder NATS-tss-v1_0-*-simple of .pickle.pbz2 files",
    ),
    "nas-bench-201-pth": Format(
        "nasbench.tables.sources.nas_bench_201_pth", "nas-bench-201-pth", "NAS-Bench-201-v1_1-096897.pth"
    ),
    "hw-nas-bench": Format("nasbench.tables.sources.hw_nas_bench", "hw-nas-bench", "HW-NAS-Bench-v1_0.pickle"),
    "nats-bench-size": Format(
        "nasbench.tables.sources.nats_bench", "nats-bench-size", "folder NATS-sss-v1_0-*-simple of .pickle.pbz2 files"
    ),
    "hw-nas-bench-360": Format(
        "nasbench.tables.sources.described_here",
        "hw-nas-bench-360",
        ".parquet or .csv with arch_str and hw360_DEVICE_FRAMEWORK_TASK_lat_ms or _mj",
    ),
    "nas-bench-201-zero-cost": Format(
        "nasbench.tables.sources.described_here",
        "nas-bench-201-zero-cost",
        ".parquet or .csv with arch_str and zc_DATASET_ntk, _nasi and _naswot",
    ),
}


def formats_of_tables() -> dict[str, str]:
    """Return the format of each table with a default name."""
    return {known.table: name for name, known in FORMATS.items() if known.table}


def import_table(
    kind: str, source: Path, *, name: str | None = None, trusted: bool = False, jobs: int = 1
) -> tuple[Table, ImportReport]:
    """Write a table from a file or folder into the cache.

    Args:
        kind: one of `FORMATS`.
        source: the file or folder.
        name: name of the table; None for the format's default.
        trusted: whether to allow unpickling, which can execute arbitrary code.
        jobs: number of processes, if the importer supports several.

    Raises:
        NasbenchError: if the format is unknown, the table exists already, or the source is invalid.
    """
    if kind not in FORMATS:
        raise unknown_name("format", kind, FORMATS)
    if not source.exists():
        raise NasbenchError(f"There is no {source}; name the file or folder to import ({FORMATS[kind].summary}).")
    module = import_module(FORMATS[kind].module)
    title = name or FORMATS[kind].table or module.table_name(source)
    check_name(title)
    target = cache_folder() / title
    if target.exists():
        raise NasbenchError(f"A table {title!r} is there already; remove {target} to import it again, or give a name.")
    report: list[ImportReport] = []
    options = ImportOptions(kind=kind, name=title, trusted=trusted, jobs=jobs)
    try:
        place_table(target, lambda folder: report.append(module.import_source(source, folder, options)))
    except NOT_AS_EXPECTED as fault:
        raise NasbenchError(
            f"{source} is not what {kind} should be ({type(fault).__name__}: {str(fault)[:200]}); it should be {FORMATS[kind].summary}."
        ) from None
    if not report:
        raise NasbenchError(f"Another process has made the table {title!r} meanwhile; give yours another name.")
    table = open_table(target)
    return table, replace(report[0], notes=tuple(dict.fromkeys((*report[0].notes, *table.notes))))


NO_TABLES = ("accel-nasbench", "hw-gpt-bench", "live", "nk", "onemax", "recipe")
"""First parts of the names of problems that are functions or live tasks: a table called so would never be found."""


def check_name(name: str) -> None:
    """Raise `NasbenchError` unless a name can be a table's: letters, digits, `.`, `-` and `_`, and not one that the suite builds itself."""
    if (
        not 0 < len(name) <= LONGEST_NAME
        or name[0] in ".-"
        or not all(c.isascii() and (c.isalnum() or c in "._-") for c in name)
    ):
        raise NasbenchError(
            f"A table cannot be called {name[:80]!r}; use at most {LONGEST_NAME} letters, digits, '.', '-' and '_'."
        )
    if name in built_in() or name in NO_TABLES:
        what = "builds the table" if name in built_in() else "has other problems called"
        raise NasbenchError(f"The suite {what} {name!r} itself; give yours another name.")
