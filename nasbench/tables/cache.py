"""Where tables live, and how one comes to be there: built once, whole or not at all, whoever else builds it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.files.atomic import cache_home, private_path
from nasbench.files.locks import locked
from nasbench.tables.table import Table, open_table

LAYOUT = "tables-3"
"""Changes when tables are stored in another way or an importer writes other numbers, so that an old cache is not taken for a new one."""
OLDER = ("tables-1", "tables-2")
"""Layouts of earlier versions, from which nothing is read."""


def cache_folder() -> Path:
    """Return the folder of built tables: below `NASBENCH_CACHE` where it is set, else below the user's cache directory."""
    return cache_home() / LAYOUT


def is_of_an_older_layout(name: str) -> bool:
    """Return whether an earlier version of the suite kept a table of that name, which has to be imported again."""
    return any((cache_home() / layout / name / "manifest.json").exists() for layout in OLDER)


def cached_table(name: str, build: Callable[[Path], None], folder: Path | None = None) -> Table:
    """Open the table of that name, building it first where it is not there yet.

    The table is built in a private folder and renamed into place, so another process sees all of it or nothing; of two that
    build at once the first wins and the second opens what the first made.

    Args:
        name: folder name of the table.
        build: writes the table into the empty folder that it is given.
        folder: that holds the table's folder; the cache if None.

    Raises:
        NasbenchError: if the cache cannot be written, or what `build` raises.
    """
    target = (folder or cache_folder()) / name
    if not (target / "manifest.json").exists():
        place_table(target, build)
    return open_table(target)


def place_table(target: Path, build: Callable[[Path], None]) -> None:
    """Build into a private folder beside `target` and rename it there; leave `target` alone if another was first.

    Whoever else builds it is waited for, so that what killed builders left behind is known for that, and removed.
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
