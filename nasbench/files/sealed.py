"""JSON files that hold the SHA-256 of the rest of themselves, so that a resumed search goes on from what it wrote or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.files.documents import read_json

LARGEST = 2**30
"""Most bytes of such a file."""


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain data as canonical JSON."""
    return hashlib.sha256(json.dumps(dict(content), sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON by atomic rename.

    Raises:
        NasbenchError: if the disk refuses; what was there before stays.
    """
    try:
        write_atomically(path, json.dumps(content, indent=1).encode())
    except OSError as fault:
        raise NasbenchError(f"{path} cannot be written ({fault.strerror}); make room and run again.") from None


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain data and its SHA-256, whole or not at all; raises NasbenchError if the disk refuses."""
    write_json(path, {**content, "sha256": digest(content)})


def read_sealed(path: Path, kind: str) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Args:
        path: the file.
        kind: what it is, as the error calls it, such as "finished search".

    Raises:
        NasbenchError: if it is no such file, or was changed after it was written.
    """
    try:
        content = read_json(path, kind, LARGEST)
    except NasbenchError:
        content = None
    if not isinstance(content, dict) or content.pop("sha256", None) != digest(content):
        raise NasbenchError(f"{path} is no {kind}; move it away or choose another folder.")
    return content
