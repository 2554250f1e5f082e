"""Mini-batches of a split on the device, with augmentation there.

All randomness comes from one generator on the CPU, so a training with the same seed gets the same batches on every
device, and a checkpoint only needs the generator's state.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import torch
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.tasks.task import Augmentation, Split, Task
from nasbench.live.training.augmentation import alternating_mirror, augment, draw

Batch = tuple[Tensor, Tensor]
"""Inputs `(B, ...)`, normalised, and targets `(B,)` or `(B, horizon)`."""
AT_ONCE = 2**14
"""Number of examples augmented at once on a GPU: few kernel launches, and 0.2 GB for CIFAR-10 in float32."""


class DeviceSplit:
    """A split on a device; batches are formed, normalised and augmented there.

    Args:
        split: the examples.
        task: task with shape, mean and deviation.
        device: target device.
    """

    def __init__(self, split: Split, task: Task, device: torch.device) -> None:
        _check(split, task)
        # Arrays backed by a file's bytes are not writable, which torch requires.
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
        """Return the first `n` examples as a split, without copying data."""
        part = copy.copy(self)
        part.x, part.y = self.x[:n], self.y[:n]
        return part

    def cut(self, where: Tensor | slice) -> Batch:
        """Return the normalised examples at `where`."""
        x = self.x[where]
        return ((x.float() - self._mean) / self._deviation if self._image else x), self.y[where]

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all examples in order; the last batch may be smaller."""
        for start in range(0, len(self), size):
            yield self.cut(slice(start, start + size))

    def epoch(
        self, size: int, generator: torch.Generator, augmentation: Augmentation | None = None, number: int = 0
    ) -> Iterator[Batch]:
        """Yield full batches of the examples in random order, dropping the incomplete last batch.

        `number` counts epochs from 0, as needed for alternating flips. On a GPU random numbers are drawn, copied and
        applied for many batches at once, so that no step waits for the CPU.
        """
        size = min(size, len(self))
        order = torch.randperm(len(self), generator=generator)
        order = order[: len(order) - len(order) % size]
        mirror = None
        if augmentation and augmentation.flip and augmentation.alternate:
            mirror = alternating_mirror(len(self), generator.initial_seed(), number)[order]
        at_once = max(AT_ONCE // size, 1) * size if self.device.type == "cuda" else size
        for start in range(0, len(order), at_once):
            where = order[start : start + at_once]
            x, y = self.cut(where.to(self.device))
            if augmentation:
                draws = draw(augmentation, len(where) // size, size, (x.shape[-2], x.shape[-1]), generator)
                if mirror is not None:
                    draws = replace(draws, mirror=mirror[start : start + at_once])
                x = augment(x, augmentation, draws.to(self.device))
            yield from zip(x.split(size), y.split(size), strict=True)

    def forever(
        self, size: int, generator: torch.Generator, augmentation: Augmentation | None = None
    ) -> Iterator[Batch]:
        """Yield batches endlessly, epoch after epoch."""
        for number in count():
            yield from self.epoch(size, generator, augmentation, number)


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
