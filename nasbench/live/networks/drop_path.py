"""Drop path: a training sample loses the output of an edge with some probability (Larsson et al., ICLR 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Zero whole samples with probability `rate` and scale the others by `1 / (1 - rate)`; the identity in evaluation.

    `generator` makes the masks reproducible; it lives on the device of the input. None draws from torch's own stream.
    The rate is a tensor, so that a compiled network need not be compiled again whenever it changes.
    """

    rate: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rate", torch.zeros(()), persistent=False)
        self.active = False
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with some samples dropped, of the same shape."""
        if not self.training or not self.active:
            return x
        keep = 1.0 - self.rate
        draw = torch.rand((len(x), *(1,) * (x.dim() - 1)), generator=self.generator, device=x.device)
        return x * (draw < keep).to(x.dtype) / keep


def set_drop_path(network: nn.Module, rate: float, generator: torch.Generator | None = None) -> None:
    """Set the rate and the random stream of every drop path in `network`."""
    for module in network.modules():
        if isinstance(module, DropPath):
            module.rate.fill_(rate)
            module.active, module.generator = rate > 0, generator
