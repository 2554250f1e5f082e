"""Files that appear by rename: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a stream that becomes the file at `path`, whose folder is made if it is not there, once all of it is on the disk.

    A reader, or a restart, finds the old file or the new one; after an exception the old one.

    Raises:
        OSError: if the disk refuses; its file name is `path`.
    """
    with _refusals_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, private = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            Path(private).replace(path)
        except BaseException:
            Path(private).unlink(missing_ok=True)
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
