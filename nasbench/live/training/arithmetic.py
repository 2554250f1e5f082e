"""In which precision and memory layout a network computes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench.live.devices import channels_last_is_sound
from nasbench.live.training.recipe import Recipe


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


def arithmetic_of(recipe: Recipe, network: nn.Module, dims: int, device: torch.device) -> Arithmetic:
    """Return the arithmetic of a recipe, with the layout only where it is sound for this network on this device."""
    wide = recipe.channels_last and dims == 2 and channels_last_is_sound(network, device)
    return Arithmetic(bfloat16=recipe.precision == "bfloat16", channels_last=wide)
