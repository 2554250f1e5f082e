"""Mini-batches of a split that lives on the device, augmented there.

All chance comes from one generator on the CPU, so the same seed gives the same batches on every device, and its state
is all that a checkpoint must keep.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.tasks.task import Augmentation, Split, Task

Batch = tuple[Tensor, Tensor]
"""Inputs `(B, ...)`, normalised, and targets `(B,)` or `(B, horizon)`."""


class DeviceSplit:
    """A split on a device; batches are cut, normalised and augmented there.

    Args:
        split: the examples.
        task: its shape, mean and deviation.
        device: where they go.
    """

    def __init__(self, split: Split, task: Task, device: torch.device) -> None:
        _check(split, task)
        # An array that reads from a file's bytes is not writable; torch wants one that is.
        self.x = torch.as_tensor(np.require(split.x, requirements="W")).to(device)
        self.y = torch.as_tensor(np.require(split.y, requirements="W")).to(device)
        self.device = device
        self._image = not task.shape.vocabulary
        axes = (1, -1, *(1,) * task.shape.dims)
        self._mean = torch.tensor(task.mean or (0.0,), device=device).view(axes)
        self._deviation = torch.tensor(task.deviation or (1.0,), device=device).view(axes)

    def __len__(self) -> int:
        return len(self.x)

    def head(self, n: int) -> DeviceSplit:
        """Return the first `n` examples as a split of their own; no data are copied."""
        part = copy.copy(self)
        part.x, part.y = self.x[:n], self.y[:n]
        return part

    def cut(self, where: Tensor | slice) -> Batch:
        """Return the examples at `where`, normalised."""
        x = self.x[where]
        return ((x.float() - self._mean) / self._deviation if self._image else x), self.y[where]

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all examples in their order; the last batch may be smaller."""
        for start in range(0, len(self), size):
            yield self.cut(slice(start, start + size))

    def epoch(self, size: int, generator: torch.Generator, augmentation: Augmentation | None = None) -> Iterator[Batch]:
        """Yield whole batches of all examples in a random order; what is left over waits for another epoch."""
        size = min(size, len(self))
        order = torch.randperm(len(self), generator=generator)
        for start in range(0, len(order) - size + 1, size):
            x, y = self.cut(order[start : start + size].to(self.device))
            yield augment(x, augmentation, generator) if augmentation else x, y

    def forever(
        self, size: int, generator: torch.Generator, augmentation: Augmentation | None = None
    ) -> Iterator[Batch]:
        """Yield batches without end, epoch after epoch."""
        while True:
            yield from self.epoch(size, generator, augmentation)


def _check(split: Split, task: Task) -> None:
    shape = task.shape
    expected = (shape.size,) * shape.dims if shape.vocabulary else (shape.channels, *(shape.size,) * shape.dims)
    if split.x.shape[1:] != expected:
        raise NasbenchError(f"An example of {task.name} has the shape {split.x.shape[1:]}; it should be {expected}.")
    if shape.kind == "classification" and len(split) and not 0 <= split.y.min() <= split.y.max() < shape.outputs:
        raise NasbenchError(
            f"Classes of {task.name} run from {split.y.min()} to {split.y.max()}; "
            f"they should be 0 to {shape.outputs - 1}."
        )


def augment(x: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Return randomly changed images `(B, c, h, w)`; sequences have no augmentation and must not be given one."""
    n, _, h, w = x.shape

    def draw(high: int) -> Tensor:
        return torch.randint(high, (n,), generator=generator).to(x.device)

    if augmentation.flip:
        x = torch.where(draw(2).bool().view(n, 1, 1, 1), x.flip(-1), x)
    if shift := augmentation.translate:
        rows = draw(2 * shift + 1)[:, None] + torch.arange(h, device=x.device)
        columns = draw(2 * shift + 1)[:, None] + torch.arange(w, device=x.device)
        which = torch.arange(n, device=x.device)[:, None, None]
        padded = nn.functional.pad(x, (shift,) * 4)
        moved = padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
        # Cloned, since with one channel `contiguous` keeps strides that read as channels-last; see `Trainer`.
        x = moved.clone(memory_format=torch.contiguous_format)
    if side := augmentation.cutout:
        top, left = draw(h) - side // 2, draw(w) - side // 2
        row, column = torch.arange(h, device=x.device), torch.arange(w, device=x.device)
        inside_rows = (row >= top[:, None]) & (row < top[:, None] + side)
        inside_columns = (column >= left[:, None]) & (column < left[:, None] + side)
        x = x.masked_fill((inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], 0.0)
    return x
