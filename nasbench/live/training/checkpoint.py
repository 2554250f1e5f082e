"""Checkpoints: written whole or not at all, refused where they are damaged or belong to another recipe.

A file is one line that names the format and the SHA-256 of the rest, and then what `torch.save` writes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.files.atomic import replacing

FORMAT = b"nasbench checkpoint 1, sha256 "


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint by atomic rename: a reader, or a restart, finds the old one or the new one."""
    payload = io.BytesIO()
    torch.save(content, payload)
    with replacing(path) as stream:
        stream.write(_head(payload.getbuffer()))
        stream.write(payload.getbuffer())


def load(
    path: Path, identity: dict[str, Any], upgrade: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content
) -> dict[str, Any] | None:
    """Return the checkpoint at `path`, or None where there is none.

    It is read with `weights_only=True`, so a hostile file runs nothing.

    Args:
        path: the file.
        identity: what it must have been written for.
        upgrade: the content of a first-edition checkpoint to that of today.

    Raises:
        NasbenchError: if the file is no checkpoint, was changed after it was written, or what it was written for
            differs from `identity`; nothing is lost.
    """
    if not path.exists():
        return None
    content = upgrade(read(path))
    written = content["identity"]
    differing = sorted(key for key in {*written, *identity} if written.get(key) != identity.get(key))
    if differing:
        raise NasbenchError(
            f"{path} was written for another {', '.join(differing)}; choose another folder, or go on with what it "
            "was written for."
        )
    return content


def read(path: Path) -> dict[str, Any]:
    """Return the checkpoint at `path`, whatever it was written for; raises NasbenchError as `load` does."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise NasbenchError(f"{path} cannot be read ({fault.strerror}).") from None
    head, payload = data[: len(_head(b""))], memoryview(data)[len(_head(b"")) :]
    if not head.startswith(FORMAT):
        raise NasbenchError(f"{path} is no checkpoint of this suite; move it away or choose another folder.")
    if head != _head(payload):
        raise NasbenchError(
            f"{path} was damaged after it was written: its SHA-256 differs; move it away or choose another folder."
        )
    try:
        content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        return {**content, "identity": dict(content["identity"])}
    except Exception as fault:  # torch raises many kinds for a hostile file
        raise NasbenchError(
            f"{path} is no checkpoint of this suite ({type(fault).__name__}); move it away or choose another folder."
        ) from None


def _head(payload: bytes | memoryview) -> bytes:
    return FORMAT + hashlib.sha256(payload).hexdigest().encode() + b"\n"
