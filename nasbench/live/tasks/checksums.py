"""Verification of data files by SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_verified(path: Path, expected: str) -> bytes:
    """Return the content of a file, decompressed if it is a .gz; raise NasbenchError if it is damaged or its SHA-256
    differs.
    """
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise NasbenchError(f"{path} is not a whole .gz file; fetch it again.") from None
    verify(path.name, content, expected)
    return content


def verify(name: str, content: bytes, expected: str) -> None:
    """Raise NasbenchError unless `content` has the SHA-256 `expected`."""
    found = sha256(content)
    if found != expected:
        raise NasbenchError(
            f"{name} has the SHA-256 {found[:16]}... and should have {expected[:16]}...; fetch it again."
        )


def place(folder: Path, files: Mapping[str, bytes], expected: Mapping[str, str]) -> None:
    """Verify all `files`, then write each atomically, so that a folder never contains an invalid file."""
    for name, content in files.items():
        verify(name, content, expected[name])
    for name, content in files.items():
        write_atomically(folder / name, content)
