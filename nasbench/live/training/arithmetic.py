"""In which precision and memory layout a network computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from nasbench.live.hardware.torch_device import channels_last_is_sound


class Wanted(Protocol):
    """Settings that say how to compute: a recipe, or those of a supernet."""

    @property
    def precision(self) -> str:
        """`float32` or `bfloat16`."""
        ...

    @property
    def channels_last(self) -> bool:
        """Whether that layout is wanted where it is sound."""
        ...


@dataclass(frozen=True)
class Arithmetic:
    """How a network computes.

    Attributes:
        bfloat16: whether convolutions and products are taken in bfloat16; weights and losses stay in float32.
        channels_last: whether images lie in memory with their channels last.
    """

    bfloat16: bool = False
    channels_last: bool = False

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the context in which a forward pass runs."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16)

    def laid_out(self, x: Tensor) -> Tensor:
        """Return a batch `(n, c, h, w)` in the layout of the network; other batches as they are."""
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.dim() == 4 else x


EXACT = Arithmetic()
"""float32 in the layout that torch has by default."""


def choose_arithmetic(settings: Wanted, network: nn.Module, dims: int, device: torch.device) -> Arithmetic:
    """Return the arithmetic of settings, with the layout only where it is sound for this network on this device."""
    wide = settings.channels_last and dims == 2 and channels_last_is_sound(network, device)
    return Arithmetic(bfloat16=settings.precision == "bfloat16", channels_last=wide)
