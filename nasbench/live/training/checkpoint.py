"""Checkpoints: written atomically; damaged ones and those of another recipe are rejected.

A file consists of one line with the format and the SHA-256 of the rest, followed by the output of `torch.save`.
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
    """Write a checkpoint atomically: readers see either the old or the new one."""
    payload = io.BytesIO()
    torch.save(content, payload)
    with replacing(path) as stream:
        stream.write(_head(payload.getbuffer()))
        stream.write(payload.getbuffer())


def load(
    path: Path, identity: dict[str, Any], upgrade: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content
) -> dict[str, Any] | None:
    """Return the checkpoint at `path`, or None if there is none.

    It is read with `weights_only=True`, so a malicious file cannot execute code.

    Args:
        path: the file.
        identity: configuration for which it must have been written.
        upgrade: converts the content of a first-edition checkpoint.

    Raises:
        NasbenchError: if the file is not a checkpoint, was modified after it was written, or has another identity; it
            is kept unchanged.
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
    """Return the checkpoint at `path` regardless of its identity; raises NasbenchError like `load`."""
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
    except Exception as fault:  # torch raises various exceptions for a malicious file
        raise NasbenchError(
            f"{path} is no checkpoint of this suite ({type(fault).__name__}); move it away or choose another folder."
        ) from None


def _head(payload: bytes | memoryview) -> bytes:
    return FORMAT + hashlib.sha256(payload).hexdigest().encode() + b"\n"
