"""Zen-score (Lin et al., ICCV 2021, algorithm 1): how much a network with random weights changes where its input changes a little."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.stem_and_head import Head
from nasbench.live.zero_cost.saliency import NORMALISED, WEIGHTED

RADIUS = 1e-2
"""Of the change of an input (the authors' `mixup_gamma`)."""
REPEATS = 4
"""Draws of weights and inputs that are averaged (the authors': 32)."""


def zen(network: nn.Module, x: Tensor, generator: torch.Generator, repeats: int = REPEATS) -> float:
    """Return the mean Zen-score over draws of weights and inputs from the standard normal distribution; the weights of `network` change.

    Shortcuts stay, as in the authors' code.

    Args:
        network: a network with a `Head`, whose input is compared.
        x: a batch, which only gives the number and the shape of inputs.
        generator: random stream, on the CPU.
        repeats: number of draws.

    Raises:
        NasbenchError: if the network has no such head, or reads words, which do not change a little.
    """
    if not any(isinstance(module, Head) for module in network.modules()) or not x.is_floating_point():
        raise NasbenchError(
            "The Zen-score reads the features before the pooling of a cell-based network for images or series; take another proxy."
        )
    scores = []
    for _ in range(repeats):
        for module in network.modules():
            if isinstance(module, WEIGHTED):
                module.weight.data.copy_(torch.randn(module.weight.shape, generator=generator))
        first, change = (torch.randn(x.shape, generator=generator).to(x) for _ in range(2))
        scores.append(log_expansion(network, first, first + RADIUS * change))
    return float(torch.tensor(scores, dtype=torch.float64).mean())


@torch.no_grad()
def log_expansion(network: nn.Module, first: Tensor, second: Tensor) -> float:
    """Return the logarithm of the mean distance (L1) of the features of two batches, plus that of the scale each normalisation takes away.

    The scale is the root of the mean variance over channels of the second batch. NaN where the features are equal.
    """
    features: list[Tensor] = []
    scale = [0.0]

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        features.append(inputs[0].double())

    def measure(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        axes = (0, *range(2, inputs[0].dim()))
        scale[0] += 0.5 * math.log(max(float(inputs[0].double().var(dim=axes, correction=0).mean()), 1e-300))

    hooks = [m.register_forward_pre_hook(keep) for m in network.modules() if isinstance(m, Head)]
    try:
        network(first)
        hooks += [m.register_forward_pre_hook(measure) for m in network.modules() if isinstance(m, NORMALISED)]
        network(second)
    finally:
        for hook in hooks:
            hook.remove()
    distance = float((features[0] - features[1]).abs().flatten(1).sum(dim=1).mean())
    return math.log(distance) + scale[0] if distance > 0 else math.nan
