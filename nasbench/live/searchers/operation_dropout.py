"""Operation dropout: operations of a mixture are left out at random while the shared weights are trained.

Bender et al. (ICML 2018, section 3.2), so that no operation comes to rely on the others; the rate grows linearly from zero over the search.
"""

from __future__ import annotations

import torch
from torch import Tensor


def kept_operations(weights: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Return the factor of each of the `weights (E, k)`: 0 where it is dropped, else what keeps the sum of its row.

    The largest weight of an edge whose others are all dropped stays.
    """
    kept = (torch.rand(weights.shape, generator=generator) >= rate).to(weights) * (weights > 0)
    strongest = torch.nn.functional.one_hot(weights.argmax(dim=1), weights.shape[1]).to(weights)
    kept = torch.where((kept.sum(dim=1) > 0)[:, None], kept, strongest)
    left = (kept * weights).sum(dim=1, keepdim=True).clamp_min(1e-12)
    return kept * weights.sum(dim=1, keepdim=True) / left
