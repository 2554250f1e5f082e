"""SHA-256 of the Python files of the package that determine the result of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package `nasbench`."""


def source_files(names: Iterable[str], root: Path = PACKAGE) -> list[Path]:
    """Return the Python files that names of files and folders below `root` stand for, sorted.

    Raises:
        FileNotFoundError: for a name without a file, which would leave the hash as it is whatever becomes of the code.
    """
    found: set[Path] = set()
    for name in names:
        path = root / name
        if not path.exists():
            raise FileNotFoundError(path)
        found |= {path} if path.is_file() else set(path.rglob("*.py"))
    return sorted(found)


def sources_sha256(names: Iterable[str], root: Path = PACKAGE) -> str:
    """Return the SHA-256 of the names and contents of these files, in the order of their names."""
    total = hashlib.sha256()
    for path in source_files(names, root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
