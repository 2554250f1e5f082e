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
    """
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


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file by rename, see `replacing`."""
    with replacing(path) as stream:
        stream.write(data)
