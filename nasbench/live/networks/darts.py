"""The network of the DARTS space: normal cells, two reduction cells, drop path and an auxiliary head.

Source: Liu, Simonyan and Yang, ICLR 2019, section 3.1 and appendix A. A cell reads the outputs of the two cells
before it; its four nodes are sums of edges from every earlier node, its output their concatenation. Row `e` of a
mixture is edge `e` of the normal cells, row `14 + e` edge `e` of the reduction cells.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.drop_path import DropPath
from nasbench.live.networks.mixed_operation import NONE, Edge, OperationWeights, node_sum
from nasbench.live.networks.operations import (
    AVERAGE_POOL,
    CONVOLUTION,
    DARTS,
    NORM,
    FactorizedReduce,
    Style,
    relu_conv_norm,
)
from nasbench.live.networks.stem_and_head import Head, Stem
from nasbench.live.tasks.shape import TaskShape

NODES = 4
EDGES = tuple((source, node) for node in range(2, 2 + NODES) for source in range(node))
"""The 14 edges of a cell as (source, target); nodes 0 and 1 are the inputs."""


class DartsCell(nn.Module):
    """One cell with `4 channels` outputs.

    Args:
        style: how operations are built.
        c_before, c_last: channels of the two inputs.
        channels: channels of a node.
        reduction: whether the edges from the inputs have stride 2.
        reduced_before: whether the cell before was a reduction, so that the older input is twice as large.
        choices: one choice per edge, or None for a supernet.
        partial: see `Edge`.
    """

    def __init__(
        self,
        style: Style,
        c_before: int,
        c_last: int,
        channels: int,
        reduction: bool,
        reduced_before: bool,
        choices: list[int] | None,
        partial: int = 1,
    ):
        super().__init__()
        self.before = (
            FactorizedReduce(style, c_before, channels)
            if reduced_before
            else relu_conv_norm(style, c_before, channels, 1)
        )
        self.last = relu_conv_norm(style, c_last, channels, 1)
        strides = [2 if reduction and source < 2 else 1 for source, _ in EDGES]
        chosen = choices if choices is not None else [None] * len(EDGES)
        self.edges = nn.ModuleList(
            [Edge(DARTS, style, channels, strides[e], chosen[e], partial) for e in range(len(EDGES))]
        )
        # An identity is never dropped (official code).
        self.drops = nn.ModuleList(
            [
                nn.Identity() if edge.only == "skip_connect" and strides[e] == 1 else DropPath()
                for e, edge in enumerate(self.edges)
            ]
        )
        self.first = len(EDGES) if reduction else 0
        self.shrink = nn.Identity() if not reduction else AVERAGE_POOL[style.dims](2, 2)

    def forward(self, before: Tensor, last: Tensor, mixture: OperationWeights | None = None) -> Tensor:
        """Return the concatenated nodes, `(N, 4 channels, *size / stride)`."""
        states = [self.before(before), self.last(last)]
        empty = self.shrink(states[1])
        for node in range(2, 2 + NODES):
            terms = []
            for e, (source, target) in enumerate(EDGES):
                if target == node:
                    y = self.edges[e](states[source], self.first + e, mixture)
                    terms.append(None if y is None else self.drops[e](y))
            states.append(node_sum(terms, empty))
        return torch.cat(states[2:], dim=1)


def auxiliary_head(shape: TaskShape, channels: int) -> nn.Sequential:
    """Return the auxiliary classifier behind the second reduction cell, whose input has a quarter of the size.

    On 32 x 32 images it is that of the official code; smaller inputs are pooled to two positions an axis.
    """
    d = shape.dims
    pool: nn.Module = AVERAGE_POOL[d](5, 3, 0, count_include_pad=False)
    if shape.size // 4 != 8:
        pool = nn.AdaptiveAvgPool2d(2) if d == 2 else nn.AdaptiveAvgPool1d(2)
    return nn.Sequential(
        nn.ReLU(),
        pool,
        CONVOLUTION[d](channels, 128, 1, bias=False),
        NORM[d](128),
        nn.ReLU(),
        CONVOLUTION[d](128, 768, 2, bias=False),
        NORM[d](768),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(768, shape.outputs),
    )


class DartsNetwork(nn.Module):
    """A stack of `layers` cells with reductions at a third and at two thirds of the depth.

    Args:
        shape: input and output; the size must be a multiple of 4.
        style: how operations are built.
        channels: C, channels of a node in the first cells, a multiple of `2 partial`; the stem has `3 C`.
        layers: number of cells, at least 3.
        choices: one choice for each of the 28 edges (14 normal, then 14 reduction), or None for a supernet.
        auxiliary: whether to build the auxiliary head; while training, `forward` then returns two arrays of logits.
        partial: see `Edge`.
    """

    def __init__(
        self,
        shape: TaskShape,
        style: Style,
        channels: int,
        layers: int,
        choices: list[int] | None = None,
        auxiliary: bool = False,
        partial: int = 1,
    ):
        super().__init__()
        if shape.size % 4:
            raise NasbenchError(f"The size {shape.size} is halved twice, so it must be a multiple of 4.")
        if layers < 3:
            raise NasbenchError(f"A DARTS network has two reduction cells, so it needs 3 layers or more, not {layers}.")
        if channels % (2 * partial):
            raise NasbenchError(
                f"A DARTS network halves channels, so it needs a multiple of {2 * partial}, not {channels}."
            )
        reductions = (layers // 3, 2 * layers // 3)
        self.stem = Stem(shape, replace(style, affine=True), 3 * channels)
        c_before = c_last = 3 * channels
        cells: list[nn.Module] = []
        reduced = False
        for layer in range(layers):
            reduction = layer in reductions
            channels *= 1 + reduction
            part = None if choices is None else choices[14:] if reduction else choices[:14]
            cells.append(DartsCell(style, c_before, c_last, channels, reduction, reduced, part, partial))
            c_before, c_last, reduced = c_last, NODES * channels, reduction
            if layer == reductions[1]:
                c_auxiliary = c_last
        self.cells = nn.ModuleList(cells)
        self.auxiliary = auxiliary_head(shape, c_auxiliary) if auxiliary else None
        self.auxiliary_layer = reductions[1]
        self.head = Head(shape, c_last)

    def forward(self, x: Tensor, mixture: OperationWeights | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """Map an input to `(N, outputs)`; to two such arrays while training with an auxiliary head."""
        before = last = self.stem(x)
        extra = None
        for layer, cell in enumerate(self.cells):
            before, last = last, cell(before, last, mixture)
            if layer == self.auxiliary_layer and self.auxiliary is not None and self.training:
                extra = self.auxiliary(last)
        logits = self.head(last)
        return logits if extra is None else (logits, extra)


def choices_of_genotype(normal: list[tuple[str, int]], reduction: list[tuple[str, int]]) -> list[int]:
    """Return the 28 choices of a genotype: two (operation, source) pairs a node for each kind of cell."""
    names = list(DARTS)
    choices = [NONE] * 28
    for first, pairs in ((0, normal), (14, reduction)):
        for k, (name, source) in enumerate(pairs):
            choices[first + EDGES.index((source, 2 + k // 2))] = names.index(name)
    return choices
