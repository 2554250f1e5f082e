"""SHA-256 of the sources that determine the result of a registered run."""

from __future__ import annotations

from pathlib import Path

from nasbench.files.source_files import PACKAGE, source_files, sources_sha256

ROOT = PACKAGE

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
"""Deciding files and folders of the package: search, space, networks, data, training, scoring and verdict."""


def sources_digest(root: Path = ROOT) -> str:
    """Return the SHA-256 of the names and contents of all deciding files, in the order of their names."""
    return sources_sha256(DECIDING, root)


def deciding_files(root: Path = ROOT) -> list[Path]:
    """Return the Python files of `DECIDING`, sorted."""
    return source_files(DECIDING, root)
