"""A joined table from a TOML file that names its parts.

name = "mine-with-latency"
tables = ["nas-bench-201", "my-latencies"]   # of two tables with the same column the first counts
[borrow]                                     # data sets whose costs another one's stand for
cifar100 = "cifar10"
"""

from __future__ import annotations

from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_toml
from nasbench.reader import Reader
from nasbench.tables.catalogue import get_table
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.joined import Join, write_joined
from nasbench.tables.table import open_table


def table_name(source: Path) -> str:
    """The name that the file gives the joined table."""
    return str(_reader(source).take("name", str, "the name of the joined table"))


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the joined table; see `nasbench.tables.importer`."""
    raw = _reader(source)
    raw.take("name", str, "the name of the joined table")
    names = raw.texts("tables")
    borrowed = raw.take("borrow", dict, "a table of data sets", {})
    raw.finish()
    if len(set(names)) < 2 or len(set(names)) != len(names):
        raise NasbenchError(f"The {raw.where}: tables is {names}; it should be at least two names, each once.")
    if not all(isinstance(lender, str) for lender in borrowed.values()):
        raise NasbenchError(f"The {raw.where}: borrow should map names of data sets to names of data sets.")
    tables = tuple(get_table(name) for name in names)
    for dataset in {*borrowed, *borrowed.values()}:
        if not any(dataset in table.datasets for table in tables):
            raise NasbenchError(f"The {raw.where}: none of the tables has the data set {dataset!r} of borrow.")
    missing = write_joined(folder, Join(options.name, tables, borrowed))
    return ImportReport(missing, open_table(folder).notes)


def _reader(source: Path) -> Reader:
    return Reader(read_toml(source, f"join {source}"), f"join {source}")
