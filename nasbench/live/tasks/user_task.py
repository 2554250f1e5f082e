"""Tasks made of a user's data, already divided and standardised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Loaded:
    """Splits in memory, as the function of a task that loads them (a lambda could not be sent to a worker process)."""

    splits: Splits

    def __call__(self) -> Splits:
        """Return the splits."""
        return self.splits
