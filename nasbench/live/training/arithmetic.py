"""Precision and memory layout of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from nasbench.live.hardware.torch_device import channels_last_is_sound


class Wanted(Protocol):
    """Settings with a precision and memory layout: a recipe, or those of a supernet."""

    @property
    def precision(self) -> str:
        """`float32` or `bfloat16`."""
        ...

    @property
    def channels_last(self) -> bool:
        """Whether to use that layout where it is sound."""
        ...


@dataclass(frozen=True)
class Arithmetic:
    """Precision and memory layout of a computation.

    Attributes:
        bfloat16: whether convolutions and products use bfloat16; weights and losses stay in float32.
        channels_last: whether images are stored with channels last.
    """

    bfloat16: bool = False
    channels_last: bool = False

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the context manager for forward passes."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16)

    def laid_out(self, x: Tensor) -> Tensor:
        """Return a batch `(n, c, h, w)` in the layout of the network; other batches unchanged."""
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.dim() == 4 else x


EXACT = Arithmetic()
"""float32 in torch's default layout."""


def choose_arithmetic(settings: Wanted, network: nn.Module, dims: int, device: torch.device) -> Arithmetic:
    """Return the arithmetic given by settings, with channels last only if it is sound for this network on this device."""
    wide = settings.channels_last and dims == 2 and channels_last_is_sound(network, device)
    return Arithmetic(bfloat16=settings.precision == "bfloat16", channels_last=wide)
