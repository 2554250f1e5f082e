"""Data augmentation: random numbers are drawn first, for any number of batches, and applied on the device."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from nasbench.live.tasks.task import Augmentation


@dataclass(frozen=True)
class Draws:
    """Random numbers of the augmentation of `n` images, each `(n,)` or None if not needed.

    Attributes:
        mirror: whether to flip horizontally.
        row, column: offset of the crop in the padded image.
        top, left: corner of the cutout square.
    """

    mirror: Tensor | None = None
    row: Tensor | None = None
    column: Tensor | None = None
    top: Tensor | None = None
    left: Tensor | None = None

    def to(self, device: torch.device) -> Draws:
        """Copy all numbers to a device, in one transfer."""
        names = [f.name for f in fields(self) if getattr(self, f.name) is not None]
        if not names:
            return self
        moved = torch.stack([getattr(self, name) for name in names]).to(device)
        return Draws(**dict(zip(names, moved, strict=True)))


def draw(
    augmentation: Augmentation, batches: int, size: int, shape: tuple[int, int], generator: torch.Generator
) -> Draws:
    """Draw the numbers for `batches` batches of `size` images of `shape` (h, w), batch by batch.

    The numbers of a batch thus do not depend on how many batches are drawn at once. Alternating flips need none.
    """
    h, w = shape
    shift = augmentation.translate
    highs = {
        "mirror": 2 if augmentation.flip and not augmentation.alternate else 0,
        "row": 2 * shift + 1 if shift else 0,
        "column": 2 * shift + 1 if shift else 0,
        "top": h if augmentation.cutout else 0,
        "left": w if augmentation.cutout else 0,
    }
    wanted = {name: high for name, high in highs.items() if high}
    drawn: dict[str, list[Tensor]] = {name: [] for name in wanted}
    for _ in range(batches):
        for name, high in wanted.items():
            drawn[name].append(torch.randint(high, (size,), generator=generator))
    return Draws(**{name: torch.cat(parts) for name, parts in drawn.items() if parts})


def alternating_mirror(examples: int, seed: int, epoch: int) -> Tensor:
    """Return whether each example is mirrored in an epoch: half of them in the first, the other half in the next, and
    so on.

    Every pair of epochs thus contains both views of each image (Jordan, "94% on CIFAR-10 in 3.29 seconds", 2024,
    section 3.6).

    Returns:
        `(examples,)` of 0 and 1; epochs count from 0.
    """
    first = torch.randint(2, (examples,), generator=torch.Generator().manual_seed(seed))
    return first ^ (epoch % 2)


def augment(x: Tensor, augmentation: Augmentation, draws: Draws) -> Tensor:
    """Return augmented images `(n, c, h, w)`; sequences are not supported."""
    n, _, h, w = x.shape
    if draws.mirror is not None:
        x = torch.where(draws.mirror.bool().view(n, 1, 1, 1), x.flip(-1), x)
    if draws.row is not None and draws.column is not None:
        rows = draws.row[:, None] + torch.arange(h, device=x.device)
        columns = draws.column[:, None] + torch.arange(w, device=x.device)
        which = torch.arange(n, device=x.device)[:, None, None]
        mode = "constant" if augmentation.padding == "zeros" else "reflect"
        padded = nn.functional.pad(x, (augmentation.translate,) * 4, mode)
        moved = padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
        # Cloned, since with one channel `contiguous` keeps strides that read as channels-last; see `Trainer`.
        x = moved.clone(memory_format=torch.contiguous_format)
    if draws.top is not None and draws.left is not None:
        side = augmentation.cutout
        row, column = torch.arange(h, device=x.device), torch.arange(w, device=x.device)
        top, left = (draws.top - side // 2)[:, None], (draws.left - side // 2)[:, None]
        inside_rows = (row >= top) & (row < top + side)
        inside_columns = (column >= left) & (column < left + side)
        x = x.masked_fill((inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], 0.0)
    return x
