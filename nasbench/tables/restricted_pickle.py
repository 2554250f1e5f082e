"""Read untrusted pickles: only plain containers, numbers, strings and numpy arrays.

Benchmarks are often distributed as pickles, which can execute arbitrary code when loaded. The reader here executes none
(`pickle_machine`), rejects everything that plain data does not need, and limits memory by the size of the file.
"""

from __future__ import annotations

import bz2
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from nasbench.errors import NasbenchError
from nasbench.tables.pickle_extent import NotPlain
from nasbench.tables.pickle_machine import Machine
from nasbench.tables.pickle_steps import STEPS
from nasbench.tables.plain_values import Inert

__all__ = ["Inert", "is_bounded", "load_file", "loads", "read_packed"]

BASE = 2**28
"""Memory in bytes allowed for any file."""
UNPACKED = 2**26
"""Decompressed size in bytes allowed for any file."""
PIECE = 2**20
FACTOR = 64
"""Bytes of memory, or unpacked, that a byte of a file may take beyond that; the official files of this field take some 15."""
DAMAGE = (ValueError, KeyError, IndexError, AttributeError, TypeError, EOFError, OverflowError, struct.error)
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def loads(data: bytes, what: str, records: Collection[tuple[str, str]] = (), size: int = 0, before: int = 0) -> Any:
    """Read one pickle of plain data from bytes.

    Args:
        data: the bytes.
        what: description of the source for errors.
        records: (module, class) names whose objects are read as `Inert`; the classes themselves are never looked up.
        size: size of the source on disk in bytes, which bounds memory; that of `data` if 0.
        before: number of preceding pickles to skip.

    Raises:
        NasbenchError: if the pickle requests anything that plain data does not need, or is damaged.
    """
    machine = Machine(data, BASE + FACTOR * (size or len(data)), records)
    try:
        for _ in range(before):
            machine.load(STEPS)
        return machine.load(STEPS)
    except NotPlain as refused:
        raise NasbenchError(
            f"{what}: The pickle {refused}; a benchmark file should hold containers, numbers, strings and arrays only."
        ) from None
    except DAMAGE as damage:
        raise NasbenchError(f"{what} is not a whole pickle of plain data ({damage}); get the file again.") from None


def is_bounded(data: bytes, size: int, before: int = 0) -> bool:
    """Return whether a pickle takes bounded memory and depth, even if it names unknown objects that another reader may
    know.
    """
    machine = Machine(data, BASE + FACTOR * size, opaque=True)
    try:
        for _ in range(before + 1):
            machine.load(STEPS)
    except (NotPlain, *DAMAGE):
        return False
    return True


def load_file(path: Path, records: Collection[tuple[str, str]] = ()) -> Any:
    """Read one pickle of plain data from a file, decompressed if its name ends in `bz2`; raises like `loads`."""
    return loads(read_packed(path), str(path), records, path.stat().st_size)


def read_packed(path: Path, member: str = "") -> bytes:
    """Return the bytes of a file, decompressed if its name ends in `bz2`, or of a member of a zip archive.

    Raises:
        NasbenchError: if it cannot be read, or its decompressed size is excessive.
    """
    try:
        most = UNPACKED + FACTOR * path.stat().st_size
        if member:
            with zipfile.ZipFile(path) as archive, archive.open(_plainly_packed(archive, member)) as part:
                return _read(part, most, path)
        else:
            with bz2.open(path) if path.suffix.endswith("bz2") else path.open("rb") as stream:
                return _read(stream, most, path)
    except UNREADABLE as fault:
        raise NasbenchError(f"{path} is not a whole pickle of plain data ({fault}); get the file again.") from None


def _read(stream: IO[bytes], most: int, path: Path) -> bytes:
    """Return the content of a stream, read in chunks, since requesting more than it contains may allocate that much."""
    content = bytearray()
    while piece := stream.read(PIECE):
        content += piece
        if len(content) > most:
            raise NasbenchError(f"{path} unpacks to more than {most:,} bytes, which a file of its size should not.")
    return bytes(content)


def _plainly_packed(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    """Return a member, unless its compression method allocates as much memory as the file states."""
    found = archive.getinfo(member)
    if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member} is packed by a method that torch does not use")
    return found
