"""Files with an embedded SHA-256 of their content: JSON that is rewritten, and TOML that is written once and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import CorruptDataError, NasbenchError, StorageError
from nasbench.files.atomic import write_atomically
from nasbench.files.documents import read_json, read_toml

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


def write_once(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain data and its SHA-256 as TOML; raises FileExistsError where there is a file already."""
    import tomli_w

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as stream:
        stream.write(tomli_w.dumps({**content, "sha256": digest(content)}))


def read_written_once(path: Path, where: str) -> dict[str, Any]:
    """Read a file written by `write_once`, whose content has the name of the file; `where` names it in errors.

    Raises:
        NasbenchError: if it is not TOML, or was changed after it was made.
    """
    content = read_toml(path, where)
    if content.pop("sha256", None) != digest(content) or content.get("name") != path.stem:
        raise NasbenchError(f"The {where} was changed after it was made; restore it from version control.")
    return content
