"""Tasks made of a user's data, already divided and standardised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.live.tasks.task import Splits, Task


@dataclass(frozen=True)
class UserTask(Task):
    """A task of a user's data.

    Attributes:
        classes: names of the classes, in the order of the outputs; empty for a regression.
        preparation: how inputs were prepared, as JSON-compatible data: what an application of the network has to repeat.
        said: one sentence on what was read and how it was treated.
    """

    classes: tuple[str, ...] = ()
    preparation: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""

    def digest(self) -> str:
        """Return the SHA-256 of all examples, by which other data under the same name are noticed."""
        splits, found = self.load(), hashlib.sha256()
        for split in (splits.train, splits.search, splits.test):
            for array in (split.x, split.y):
                found.update(f"{array.dtype}{array.shape}".encode())
                found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()


def check_same_data(task: Task, folder: Path | None) -> None:
    """Note in a folder of checkpoints which data of a user they are of.

    Raises:
        NasbenchError: if they are of other data, which has changed under the same address.
    """
    if folder is None or not isinstance(task, UserTask):
        return
    note, digest = folder / "data.sha256", task.digest()
    if note.exists() and note.read_text(encoding="utf-8") != digest:
        raise NasbenchError(f"The data of {task.name!r} are no longer those of {folder}; choose another folder.")
    write_atomically(note, digest.encode())


@dataclass(frozen=True)
class Loaded:
    """Splits in memory, as the function of a task that loads them (a lambda could not be sent to a worker process)."""

    splits: Splits

    def __call__(self) -> Splits:
        """Return the splits."""
        return self.splits
