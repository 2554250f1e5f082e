"""The concrete relaxation of SNAS (Xie, Zheng, Liu and Lin, ICLR 2019, equation 7): a mixture that is drawn, and differentiable in the logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

TEMPERATURES = (1.0, 0.03)
"""At the start and the end of a search (appendix G.1 anneals to 0.03); geometric in between."""


def gumbel(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Return Gumbel variables from a stream on the CPU."""
    uniform = torch.rand(tuple(shape), generator=generator).clamp(1e-10, 1 - 1e-7)
    return -torch.log(-torch.log(uniform))


def temperature(progress: float) -> float:
    """Return the temperature at a fraction of the search."""
    warm, cold = TEMPERATURES
    return float(warm * (cold / warm) ** progress)


def concrete(alpha: Tensor, mask: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Return softmax((log p + noise) / temperature), where p is the softmax of `alpha (n, k)` over the choices that exist.

    Its largest entry is that of `log p + noise`, so that choice c is largest with probability p_c at every temperature.
    """
    logits = torch.log_softmax(alpha.masked_fill(~mask, -torch.inf), dim=1)
    return torch.softmax((logits + noise) / temperature, dim=1)
