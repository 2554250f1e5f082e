"""JSON files with an embedded SHA-256 of their content, so that a search is never resumed from a modified file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import CorruptDataError, NasbenchError, StorageError
from nasbench.files.atomic import write_atomically
from nasbench.files.documents import read_json

LARGEST = 2**30
"""Maximum size in bytes."""


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain data as canonical JSON."""
    return hashlib.sha256(json.dumps(dict(content), sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON by atomic rename.

    Raises:
        NasbenchError: if the file cannot be written; the previous file is kept.
    """
    try:
        write_atomically(path, json.dumps(content, indent=1).encode())
    except OSError as fault:
        raise StorageError(f"{path} cannot be written ({fault.strerror}); free space and run again.") from None


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain data and its SHA-256 atomically; raises NasbenchError if the file cannot be written."""
    write_json(path, {**content, "sha256": digest(content)})


def read_sealed(path: Path, kind: str) -> dict[str, Any]:
    """Read a file written by `write_sealed`.

    Args:
        path: the file.
        kind: description for errors, such as "finished search".

    Raises:
        NasbenchError: if it is not such a file, or was modified after it was written.
    """
    try:
        content = read_json(path, kind, LARGEST)
    except NasbenchError:
        content = None
    if not isinstance(content, dict) or content.pop("sha256", None) != digest(content):
        raise CorruptDataError(f"{path} is no {kind}; move it away or choose another folder.")
    return content
