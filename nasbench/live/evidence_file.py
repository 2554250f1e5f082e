"""Files of evidence: each holds the SHA-256 of the rest of itself. This module needs no torch, so that reports read them without."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files import write_atomically


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of evidence as canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_evidence(path: Path, content: dict[str, Any]) -> None:
    """Write evidence and its SHA-256, whole or not at all."""
    write_atomically(path, json.dumps({**content, "sha256": digest(content)}, indent=1).encode())


def read_evidence(path: Path) -> dict[str, Any]:
    """Read a file of evidence with its own SHA-256 checked.

    Raises:
        NasbenchError: if it is not such a file, or was changed.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise NasbenchError(f"{path} cannot be read as evidence, which is one JSON object; make it again.")
    if content.get("sha256") != digest({key: value for key, value in content.items() if key != "sha256"}):
        raise NasbenchError(f"{path} was changed after it was written: its SHA-256 differs; make it again.")
    return content


def accuracy(evidence: dict[str, Any], path: Path) -> float:
    """Test accuracy in %, with test-time views where the recipe declares it.

    Raises:
        NasbenchError: if the file does not say.
    """
    seen = evidence.get("test_error_with_views")
    error = evidence.get("test_error") if seen is None else seen
    if not isinstance(error, int | float) or not 0.0 <= error <= 100.0:
        raise NasbenchError(f"{path} holds no test error in %; make the evidence again.")
    return 100.0 - float(error)
