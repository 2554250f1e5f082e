"""Checkpoints: written whole or not at all, refused where they belong to another recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.files import replacing


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint by atomic rename: a reader, or a restart, finds the old one or the new one."""
    with replacing(path) as stream:
        torch.save(content, stream)


def load(path: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the checkpoint at `path`, or None where there is none.

    It is read with `weights_only=True`, so a hostile file runs nothing.

    Raises:
        NasbenchError: if the file is no checkpoint, or what it was written for differs from `identity`; nothing is
            lost.
    """
    if not path.exists():
        return None
    content = read(path)
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
        content = torch.load(path, map_location="cpu", weights_only=True)
        return {**content, "identity": dict(content["identity"])}
    except Exception as fault:  # torch raises many kinds for a damaged or hostile file
        raise NasbenchError(
            f"{path} is no checkpoint of this suite ({type(fault).__name__}); move it away or choose another folder."
        ) from None
