"""Perturbed mixtures for the shared weights (SmoothDARTS, Chen and Hsieh, ICML 2020): random (RS) or the worst in a box (ADV)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

STEPS = 7
"""Ascents of the adversarial perturbation (the authors' code)."""
FIRST = 0.03
"""Radius at the start of a search, from which it grows linearly (the authors' code)."""


def radius_at(radius: float, progress: float) -> float:
    """Return the radius at a fraction of the search."""
    start = min(FIRST, radius)
    return start + (radius - start) * progress


def onto_simplex(weights: Tensor) -> Tensor:
    """Return rows clipped to [0, 1] and divided by their sums, as the authors do; a row of zeros stays one."""
    clipped = weights.clamp(0.0, 1.0)
    return clipped / clipped.sum(dim=1, keepdim=True).clamp_min(1e-12)


def random_shift(point: Tensor, radius: float, generator: torch.Generator) -> Tensor:
    """Return a uniform shift in the box of that radius around rows of weights, none where a weight is zero (equation 5)."""
    drawn = (2.0 * torch.rand(point.shape, generator=generator) - 1.0).to(point)
    return radius * drawn * (point > 0)


def adversarial_shift(
    loss: Callable[[Tensor], Tensor], point: Tensor, radius: float, generator: torch.Generator
) -> Tensor:
    """Return the shift that projected gradient ascent with signs finds for a loss of weights (equation 6).

    Args:
        loss: the training loss of rows of weights.
        point: rows of weights, detached.
        radius: of the box.
        generator: random stream of the start.
    """
    shift = random_shift(point, radius, generator)
    for _ in range(STEPS):
        weights = onto_simplex(point + shift).requires_grad_()
        (gradient,) = torch.autograd.grad(loss(weights), weights)
        moved = weights.detach() + 2.0 * radius / STEPS * gradient.sign()
        shift = (moved - point).clamp(-radius, radius) * (point > 0)
    return shift
