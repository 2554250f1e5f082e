"""Cache of tables: built once and atomically, also by concurrent processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.files.atomic import cache_home, private_path
from nasbench.files.locks import locked
from nasbench.tables.table import Table, open_table

LAYOUT = "tables-3"
"""Cache version; increased when the storage layout or imported numbers change, so that old caches are not used."""
OLDER = ("tables-1", "tables-2")
"""Layouts of earlier versions, which are not read."""


def cache_folder() -> Path:
    """Return the folder of built tables: in `NASBENCH_CACHE` if set, else in the user's cache directory."""
    return cache_home() / LAYOUT


def is_of_an_older_layout(name: str) -> bool:
    """Return whether an earlier version of the suite stored a table of that name, which must be imported again."""
    return any((cache_home() / layout / name / "manifest.json").exists() for layout in OLDER)


def cached_table(name: str, build: Callable[[Path], None], folder: Path | None = None) -> Table:
    """Open the table of that name, building it first if necessary.

    The table is built in a private folder and renamed, so other processes never see an incomplete one; of two
    concurrent builds the first wins, and the second opens its result.

    Args:
        name: folder name of the table.
        build: writes the table into a given empty folder.
        folder: that holds the table's folder; the cache if None.

    Raises:
        NasbenchError: if the cache cannot be written, or as raised by `build`.
    """
    target = (folder or cache_folder()) / name
    if not (target / "manifest.json").exists():
        place_table(target, build)
    return open_table(target)


def place_table(target: Path, build: Callable[[Path], None]) -> None:
    """Build into a private folder next to `target` and rename it; keep `target` if another process was first.

    Concurrent builders are waited for, so that leftovers of killed builders can be identified and removed.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent / f".{target.name}.lock", wait=True):
            for leftover in target.parent.glob(f".{target.name}-{'[0-9a-z_]' * 8}"):
                shutil.rmtree(leftover, ignore_errors=True)
            if not (target / "manifest.json").exists():
                private = private_path(target)
                private.mkdir()
                _build(target, private, build)
    except OSError as fault:
        raise NasbenchError(
            f"The cache {target.parent} cannot be written ({fault.strerror}); set NASBENCH_CACHE to a folder that can."
        ) from None


def _build(target: Path, private: Path, build: Callable[[Path], None]) -> None:
    try:
        build(private)
        private.rename(target)
    except OSError as fault:
        if not (target / "manifest.json").exists():
            raise NasbenchError(
                f"The table {target} cannot be written ({fault.strerror}); make room or set NASBENCH_CACHE elsewhere."
            ) from None
    finally:
        shutil.rmtree(private, ignore_errors=True)
