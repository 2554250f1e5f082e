"""Networks of the space `sequence`: residual convolutions over the words of a text or the steps of a series."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.mlp import Dropout
from nasbench.live.networks.operations import Build, Style
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.sequence import SequenceDesign

EMBEDDING = 0.2
"""Standard deviation of a new embedding, about that of Kim (2014); torch's own of one drowns what is learnt."""


def embed(shape: TaskShape, width: int) -> nn.Embedding:
    """Return a new embedding of words; that of padding is zero and stays so."""
    embedding = nn.Embedding(shape.vocabulary, width, padding_idx=0)
    with torch.no_grad():
        embedding.weight.mul_(EMBEDDING)
    return embedding


class SequenceLayer(nn.Module):
    """Convolution, normalisation and ReLU, or a user's operation, added to the input."""

    def __init__(self, width: int, kernel: int, dilation: int, normalises: bool, own: Build | None = None) -> None:
        super().__init__()
        if own is not None:
            self.layers = own(Style(dims=1), width, 1)
            return
        padding = dilation * (kernel - 1) // 2
        self.layers = nn.Sequential(
            nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation, bias=not normalises),
            nn.BatchNorm1d(width) if normalises else nn.Identity(),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, length)` to the same shape."""
        y: Tensor = x + self.layers(x)
        return y


class SequenceNetwork(nn.Module):
    """The network of one architecture.

    A series is read relative to its last values, since targets are (`tasks.task.windows`), and a new network forecasts that the
    last value persists. Its last position is a feature beside the summary of all.

    Args:
        design: the architecture.
        shape: input and output.
        operations: a user's operations, which a design may name.

    Raises:
        NasbenchError: if inputs are neither texts nor series.
    """

    def __init__(self, design: SequenceDesign, shape: TaskShape, operations: Sequence[Build] = ()) -> None:
        super().__init__()
        own = None if design.operation is None else operations[design.operation]
        if shape.dims != 1:
            raise NasbenchError("Space 'sequence' reads texts and series; for images and tables choose another space.")
        self.shape, self.pool = shape, design.pool
        self.forecasts = shape.kind == "forecasting"
        self.stem: nn.Module = (
            embed(shape, design.width) if shape.vocabulary else nn.Conv1d(shape.channels, design.width, 1)
        )
        pairs = zip(design.kernels, design.dilations, strict=True)
        self.layers = nn.Sequential(*(SequenceLayer(design.width, k, d, design.normalises, own) for k, d in pairs))
        features = design.width * ((2 if design.pool == "max-and-mean" else 1) + self.forecasts)
        self.dropout = Dropout(design.dropout) if design.dropout else nn.Identity()
        self.linear = nn.Linear(features, shape.outputs)
        self.shortcut: nn.Linear | None = None
        if design.shortcut:
            inputs = design.width if shape.vocabulary else shape.channels * shape.size
            self.shortcut = nn.Linear(inputs, shape.outputs, bias=False)
            nn.init.zeros_(self.shortcut.weight)
        if self.forecasts:
            nn.init.zeros_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens `(N, length)` or a series `(N, channels, length)` to `(N, outputs)`."""
        self.shape.check(x)
        if self.shape.vocabulary:
            first = self.stem(x).transpose(1, 2)
            direct = first.mean(2)
        else:
            x = x - x[..., -1:] if self.forecasts else x
            first, direct = self.stem(x), torch.flatten(x, 1)
        y = self.layers(first)
        features = [y.amax(2)] if self.pool != "mean" else []
        features += [y.mean(2)] if self.pool != "max" else []
        features += [y[..., -1]] if self.forecasts else []
        outputs: Tensor = self.linear(self.dropout(torch.cat(features, dim=1)))
        return outputs if self.shortcut is None else outputs + self.shortcut(direct)
