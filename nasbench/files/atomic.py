"""Cache directory and atomic writing of files by rename."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PRIVATE = re.compile(r"\..+\.(json|toml|parquet|sha256|pt)-[0-9a-z_]{8}")
"""Pattern of temporary files of results."""


def private_path(path: Path) -> Path:
    """Return a unique temporary path in the folder of `path`."""
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}")


def cache_home() -> Path:
    """Return the cache directory: `NASBENCH_CACHE` if set, else the user's cache directory."""
    base = os.environ.get("NASBENCH_CACHE")
    if base:
        return Path(base)
    from platformdirs import user_cache_path  # imported here: the package may be absent if the folder is set

    return user_cache_path("nasbench", appauthor=False)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream that atomically replaces the file at `path` once it is completely written; missing folders are
    created.

    Readers see either the old or the new file; after an exception the old one. The file mode follows the umask.

    Raises:
        OSError: if the file cannot be written; its file name is `path`.
    """
    with _refusals_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        private = private_path(path)
        try:
            with private.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            private.replace(path)
        except BaseException:
            private.unlink(missing_ok=True)
            raise


@contextmanager
def _refusals_of(path: Path) -> Iterator[None]:
    """Set the file name of an OSError to `path`: it has none for a full disk, and torch wraps it in a RuntimeError."""
    try:
        yield
    except Exception as fault:
        refusal = fault.__context__ if isinstance(fault, RuntimeError) else fault
        if not isinstance(refusal, OSError):
            raise
        raise OSError(refusal.errno, refusal.strerror, str(path)) from fault


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file atomically, see `replacing`."""
    with replacing(path) as stream:
        stream.write(data)


def remove_leftovers(folder: Path) -> None:
    """Remove incomplete files of killed processes below a folder; to be called by its only writer."""
    for path in folder.rglob(".*"):
        if _PRIVATE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
