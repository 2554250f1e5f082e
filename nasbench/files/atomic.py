"""Where the suite keeps files; files that appear by rename, whole or not at all; folders that one process at a time writes."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PRIVATE = re.compile(r"\..+\.(json|toml|parquet|sha256|pt)-[0-9a-z_]{8}")
"""Names of files of results that are being written."""


def private_path(path: Path) -> Path:
    """Return the place beside `path` where what becomes `path` is made; never the same twice."""
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}")


def cache_home() -> Path:
    """Return the folder of all that is built or fetched: `NASBENCH_CACHE` where it is set, else the user's cache directory."""
    base = os.environ.get("NASBENCH_CACHE")
    if base:
        return Path(base)
    from platformdirs import user_cache_path  # only here: where the folder is named, the package may be absent

    return user_cache_path("nasbench", appauthor=False)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream that becomes the file at `path`, whose folder is made if it is not there, once all of it is on the disk.

    A reader, or a restart, finds the old file or the new one; after an exception the old one. The mode is that of the umask.

    Raises:
        OSError: if the disk refuses; its file name is `path`.
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
    """Give an OSError the name `path`: of a full disk it has none, and torch hides it behind a RuntimeError of its own."""
    try:
        yield
    except Exception as fault:
        refusal = fault.__context__ if isinstance(fault, RuntimeError) else fault
        if not isinstance(refusal, OSError):
            raise
        raise OSError(refusal.errno, refusal.strerror, str(path)) from fault


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file by rename, see `replacing`."""
    with replacing(path) as stream:
        stream.write(data)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written below a folder; for its only writer alone."""
    for path in folder.rglob(".*"):
        if _PRIVATE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
