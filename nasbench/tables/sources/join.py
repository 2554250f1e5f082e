"""A joined table from a TOML file that names its parts.

name = "mine-with-latency"
tables = ["nas-bench-201", "my-latencies"]   # of two tables with the same column the first counts
[borrow]                                     # data sets whose costs another one's stand for
cifar100 = "cifar10"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from nasbench.errors import NasbenchError
from nasbench.files.schema import FileModel, read_model
from nasbench.tables.catalogue import get_table
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.joined import Join, write_joined
from nasbench.tables.table import open_table


class JoinFile(FileModel):
    """What the file says."""

    name: Annotated[str, Field(description="the name of the joined table")]
    tables: Annotated[tuple[str, ...], Field(description="a list of names")]
    borrow: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _several(self) -> JoinFile:
        if len(set(self.tables)) < 2 or len(set(self.tables)) != len(self.tables):
            raise ValueError(f"tables is {list(self.tables)}; it should be at least two names, each once.")
        return self


def table_name(source: Path) -> str:
    """Return the name that the file gives the joined table."""
    return _read(source).name


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the joined table; see `nasbench.tables.importer`."""
    file = _read(source)
    tables = tuple(get_table(name) for name in file.tables)
    for dataset in {*file.borrow, *file.borrow.values()}:
        if not any(dataset in table.datasets for table in tables):
            raise NasbenchError(f"The join {source}: none of the tables has the data set {dataset!r} of borrow.")
    missing = write_joined(folder, Join(options.name, tables, file.borrow))
    return ImportReport(missing, open_table(folder).notes)


def _read(source: Path) -> JoinFile:
    return read_model(JoinFile, source, f"join {source}")
