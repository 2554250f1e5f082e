"""Input and output shapes of a task; this module does not need torch, so tasks can be listed and fetched without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nasbench.errors import NasbenchError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TaskShape:
    """Input and output shape of a network.

    Attributes:
        dims: 2 for images, 1 for sequences, 0 for rows of a table.
        channels: channels of the input; 1 for tokens; columns of a table.
        size: length of each axis of the input, in positions; 1 for a table.
        outputs: classes, or the horizon of a forecast; 1 for a regression.
        kind: kind of output; "forecasting" for numbers, those of a regression included.
        vocabulary: number of tokens for text inputs `(N, length)` of integers, else 0.
    """

    dims: int
    channels: int
    size: int
    outputs: int
    kind: Literal["classification", "forecasting"] = "classification"
    vocabulary: int = 0

    def check(self, batch: Tensor) -> None:
        """Raise NasbenchError unless `batch` has this shape."""
        expected = (self.size,) * self.dims if self.vocabulary else (self.channels, *(self.size,) * self.dims)
        if tuple(batch.shape[1:]) != expected:
            raise NasbenchError(f"An input has the shape {tuple(batch.shape[1:])}; this network reads {expected}.")
