"""Tables by name: shipped, built by the suite, and imported by the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from nasbench.errors import NasbenchError, unknown_name
from nasbench.tables.cache import cache_folder, cached_table, is_of_an_older_layout
from nasbench.tables.shipped import build_shipped, shipped_tables, shipped_version
from nasbench.tables.table import Table, open_table


@dataclass(frozen=True)
class Source:
    """A table that is built on first use from sources other than shipped files.

    Attributes:
        module: has `build(folder)`, which writes the table, and `DATASETS`, the names of its data sets.
        package: optional package that it is built from; empty if it needs none.
    """

    module: str
    package: str = ""

    @property
    def at_hand(self) -> bool:
        """Whether the sources of the table are available."""
        return not self.package or find_spec(self.package) is not None


_SOURCES: Mapping[str, Source] = {
    "analog-nasbench": Source("nasbench.tables.sources.analog_nasbench", package="analognasbench"),
    "nas-bench-201-hardware": Source("nasbench.tables.sources.nas_bench_201_hardware"),
}


def table_names() -> tuple[str, ...]:
    """Return the names of the available tables: shipped, buildable and imported ones."""
    imported = {path.parent.name for path in cache_folder().glob("[!.]*/manifest.json")}
    built = {name for name, source in _SOURCES.items() if source.at_hand}
    return tuple(sorted({*imported, *shipped_tables(), *built}))


def built_in() -> tuple[str, ...]:
    """Return the names of the tables that ship or are built by the suite."""
    return (*shipped_tables(), *_SOURCES)


def known_tables() -> tuple[str, ...]:
    """Return the names of the available tables and of those that an optional package would provide."""
    return tuple(sorted({*table_names(), *_SOURCES}))


def is_built(name: str) -> bool:
    """Return whether a table is in the cache."""
    return (_parent(name) / name / "manifest.json").exists()


def needed(name: str) -> str:
    """Return the optional package that a table is built from; empty if none is needed."""
    return _SOURCES[name].package if name in _SOURCES else ""


def table_datasets(name: str) -> tuple[str, ...]:
    """Return the data sets of an available table, without building it."""
    if name in shipped_tables():
        return shipped_tables()[name].datasets
    if name in _SOURCES and not is_built(name):
        return tuple(import_module(_SOURCES[name].module).DATASETS)
    return open_table(_parent(name) / name).datasets


def _parent(name: str) -> Path:
    """Return the folder of a table's folder: tables that ship, and those built from them alone, have one for each version of the data."""
    own = name in shipped_tables() or (name in _SOURCES and not _SOURCES[name].package)
    return cache_folder() / f".shipped-{shipped_version()}" if own else cache_folder()


def get_table(name: str) -> Table:
    """Open a table by name; a built-in one is built on first use.

    Raises:
        NasbenchError: if there is none of that name, or it cannot be built or read.
    """
    if name in shipped_tables():
        return cached_table(name, partial(build_shipped, name), _parent(name))
    if name in _SOURCES:
        return cached_table(name, import_module(_SOURCES[name].module).build, _parent(name))
    if name not in table_names():
        if is_of_an_older_layout(name):
            raise NasbenchError(f"The table {name!r} was imported by an older version of the suite; import it again.")
        raise unknown_name("table", name, known_tables())
    return open_table(cache_folder() / name)
