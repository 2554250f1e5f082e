"""What every network of a live space begins and ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.operations import Style


@dataclass(frozen=True)
class Shape:
    """What goes into a network and what comes out.

    Attributes:
        dims: 2 for images, 1 for sequences.
        channels: channels of the input; 1 for tokens.
        size: length of each axis of the input, in positions.
        outputs: classes, or the horizon of a forecast.
        kind: what the outputs are.
        vocabulary: number of tokens where the input is text `(N, length)` of integers, else 0.
    """

    dims: int
    channels: int
    size: int
    outputs: int
    kind: Literal["classification", "forecasting"] = "classification"
    vocabulary: int = 0

    def check(self, batch: Tensor) -> None:
        """Raise NasbenchError unless `batch` has this shape."""
        expected = (self.size,) * self.dims if self.vocabulary else (self.channels, *(self.size,) * self.dims)
        if tuple(batch.shape[1:]) != expected:
            raise NasbenchError(f"An input has the shape {tuple(batch.shape[1:])}; this network reads {expected}.")


class Stem(nn.Module):
    """The first layers: `channels` feature maps of the full size. Tokens are embedded first."""

    def __init__(self, shape: Shape, style: Style, channels: int):
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

    def __init__(self, shape: Shape, channels: int):
        super().__init__()
        self.linear = nn.Linear(channels, shape.outputs)
        self.kind = shape.kind

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, channels, *size)` to `(N, outputs)`."""
        pooled = torch.flatten(x, 2).mean(2) if self.kind == "classification" else x[..., -1]
        return self.linear(pooled)
