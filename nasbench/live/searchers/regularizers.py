"""Regularisers of the architecture: terms that are added to the search loss of a searcher with logits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Regularizer = Callable[[Tensor, Tensor], Tensor]
"""A scalar from logits `(n, k)` and the mask of those that exist."""


def beta_decay(alpha: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over edges of logsumexp(alpha), whose gradient in a logit is its softmax over n (Beta-DARTS, Ye et al., CVPR 2022, eq. 13)."""
    return torch.logsumexp(alpha.masked_fill(~mask, -torch.inf), dim=1).mean()


def zero_one(alpha: Tensor, mask: Tensor) -> Tensor:
    """Return minus the mean of (sigmoid(alpha) - 1/2)^2, least where every weight is zero or one (FairDARTS, Chu et al., ECCV 2020, eq. 4)."""
    return -(torch.sigmoid(alpha[mask]) - 0.5).square().mean()


REGULARIZERS: dict[str, tuple[Regularizer, float, bool]] = {
    "beta": (beta_decay, 50.0, True),
    "zero_one": (zero_one, 10.0, False),
}
"""Each with its authors' weight, and whether the weight grows linearly from zero over the search."""


def regularizer_gradient(name: str, weight: float | None, alpha: Tensor, mask: Tensor, progress: float) -> Tensor:
    """Return the gradient of a regulariser times its weight (None for the authors') at a fraction of the search."""
    term, usual, grows = REGULARIZERS[name]
    scale = (usual if weight is None else weight) * (progress if grows else 1.0)
    logits = alpha.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(term(logits, mask), logits)
    return scale * gradient
