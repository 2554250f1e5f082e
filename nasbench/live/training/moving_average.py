"""An exponential moving average of a network's weights, which is what is scored."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage:
    """Weights `w_bar <- decay w_bar + (1 - decay) w` after each step; statistics of normalisation are averaged alike.

    For the first steps the decay is `t / (9 + t)` where that is smaller, so that the initial weights are forgotten.

    Attributes:
        network: a copy of the network that carries the averages.
        steps: steps taken so far.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.network.requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step of `network` into the average."""
        self.steps += 1
        decay = min(self.decay, self.steps / (9 + self.steps))
        state = network.state_dict()
        own = self.network.state_dict()
        floats = [name for name, value in own.items() if value.dtype.is_floating_point]
        torch._foreach_lerp_([own[name] for name in floats], [state[name] for name in floats], 1 - decay)
        for name, value in own.items():
            if not value.dtype.is_floating_point:
                value.copy_(state[name])
