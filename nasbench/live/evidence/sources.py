"""The sources that decide what a registered run comes to, as one SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the package `nasbench`."""

DECIDING = (
    "hybrid",
    "live/experiment/training_benchmark.py",
    "live/networks/builders.py",
    "live/evidence/plans.py",
    "live/evidence/run.py",
    "live/evidence/summary.py",
    "live/experiment/retraining.py",
    "live/networks/convnet.py",
    "live/networks/resnet.py",
    "live/networks/operations.py",
    "live/tasks/cifar10.py",
    "live/tasks/task.py",
    "live/training",
    "search",
    "spaces/constrained.py",
    "spaces/convnet.py",
    "spaces/space.py",
)
"""Files and folders of the package: search, space, networks, data, training, scoring and verdict."""


def sources_digest(root: Path = ROOT) -> str:
    """Return the SHA-256 of the names and contents of all deciding files, in the order of their names."""
    total = hashlib.sha256()
    for path in deciding_files(root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def deciding_files(root: Path = ROOT) -> list[Path]:
    """Return the Python files that `DECIDING` names, sorted."""
    found: set[Path] = set()
    for name in DECIDING:
        path = root / name
        found |= {path} if path.is_file() else set(path.rglob("*.py"))
    return sorted(found)
