"""Weight averaging: exponential moving average for evaluation, and Lookahead."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def floating(network: nn.Module) -> list[Tensor]:
    """Return the parameters and floating-point buffers of a network, which training modifies in place."""
    return [value for value in network.state_dict(keep_vars=True).values() if value.dtype.is_floating_point]


class MovingAverage:
    """Weights `w_bar <- decay w_bar + (1 - decay) w` after each step; statistics of normalisation are averaged alike.

    During the first steps the decay is `t / (9 + t)` if smaller, so that the initial weights are forgotten.

    Attributes:
        network: copy of the network with averaged weights.
        steps: steps taken so far.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.decay = decay
        self.steps = 0
        self._own, self._theirs = floating(self.network), floating(network)

    @torch.no_grad()
    def update(self) -> None:
        """Update the average with the network's current weights."""
        self.steps += 1
        decay = min(self.decay, self.steps / (9 + self.steps))
        torch._foreach_lerp_(self._own, self._theirs, 1 - decay)


class Lookahead:
    """Slow weights `s <- decay s + (1 - decay) w` every few steps, from which training goes on: `w <- s`.

    Source: Zhang, Lucas, Ba and Hinton, NeurIPS 2019, algorithm 1, with a decay that grows with the cube of the
    progress, as in airbench (Jordan 2024, section 3.4): early steps are kept nearly whole, late ones averaged.

    Args:
        network: the network being trained.
        every: steps between two updates.
        decay: reached at the end of training.
    """

    def __init__(self, network: nn.Module, every: int, decay: float) -> None:
        self.every, self.decay = every, decay
        self._fast = floating(network)
        self.slow = [value.detach().clone() for value in self._fast]

    @torch.no_grad()
    def update(self, step: int, steps: int) -> None:
        """Update after step `step` of `steps`, counted from 1; after the last step the network has the slow weights."""
        if step == steps:
            torch._foreach_copy_(self._fast, self.slow)
        elif step % self.every == 0:
            torch._foreach_lerp_(self.slow, self._fast, 1 - self.decay * (step / steps) ** 3)
            torch._foreach_copy_(self._fast, self.slow)
