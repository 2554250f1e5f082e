"""Stem and head shared by the networks of all live spaces."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench.live.networks.operations import Style
from nasbench.live.tasks.shape import TaskShape


class Stem(nn.Module):
    """The first layers: `channels` feature maps of the full size. Tokens are embedded first."""

    def __init__(self, shape: TaskShape, style: Style, channels: int):
        super().__init__()
        c_in = channels if shape.vocabulary else shape.channels
        self.embedding = nn.Embedding(shape.vocabulary, channels, padding_idx=0) if shape.vocabulary else None
        self.layers = nn.Sequential(style.convolution(c_in, channels, 3), style.norm(channels))
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map an input to `(N, channels, *size)`."""
        self.shape.check(x)
        if self.embedding is not None:
            x = self.embedding(x).transpose(1, 2)
        return self.layers(x)


class Head(nn.Module):
    """Pool over all positions (classification) or read the last one (forecasting), then one linear layer."""

    def __init__(self, shape: TaskShape, channels: int):
        super().__init__()
        self.linear = nn.Linear(channels, shape.outputs)
        self.kind = shape.kind

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, channels, *size)` to `(N, outputs)`."""
        pooled = torch.flatten(x, 2).mean(2) if self.kind == "classification" else x[..., -1]
        return self.linear(pooled)
