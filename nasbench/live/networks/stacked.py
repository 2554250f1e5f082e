"""The skeleton of NAS-Bench-201: a stem, three stages of equal cells, a residual block of stride 2 between stages.

Source: Dong and Yang, ICLR 2020, section 3.1 and figure 1. Stage `s` has `2^s C` channels. The cell is any module
that maps `(N, c, *size)` to the same shape under a mixture, so the hierarchical space uses the same skeleton.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.mixed_operation import Edge, OperationWeights, node_sum
from nasbench.live.networks.operations import Build, ResidualReduction, Style
from nasbench.live.networks.stem_and_head import Head, Stem
from nasbench.live.tasks.shape import TaskShape

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""Edges of a NAS-Bench-201 cell as (source, target), in the order of the digits of an architecture."""


class GraphCell(nn.Module):
    """A directed acyclic graph: node 0 is the input, the last node the output, a node the sum of its incoming edges.

    Args:
        edge: makes the module of edge `e`, called as `module(x, row, mixture)`.
        edges: (source, target) pairs, sorted by target.
        rows: how many rows of the mixture one edge reads.
    """

    def __init__(self, edge: Callable[[int], nn.Module], edges: tuple[tuple[int, int], ...], rows: int = 1):
        super().__init__()
        self.edges = nn.ModuleList([edge(e) for e in range(len(edges))])
        self.graph = edges
        self.rows = rows
        self.nodes = 1 + max(target for _, target in edges)

    def forward(self, x: Tensor, first: int = 0, mixture: OperationWeights | None = None) -> Tensor:
        """Return the output node; the cell's edges read the rows from `first` on."""
        states = [x]
        for node in range(1, self.nodes):
            terms = [
                self.edges[e](states[source], first + e * self.rows, mixture)
                for e, (source, target) in enumerate(self.graph)
                if target == node
            ]
            states.append(node_sum(terms, x))
        return states[-1]


class StackedNetwork(nn.Module):
    """Stem, three stages of `cells` cells, head.

    Args:
        cell: makes a cell for a number of channels.
        shape: input and output; the size must be a multiple of 4.
        style: how operations are built.
        channels: C, the channels of the first stage.
        cells: N, the cells of a stage.
    """

    def __init__(self, cell: Callable[[int], nn.Module], shape: TaskShape, style: Style, channels: int, cells: int):
        super().__init__()
        if shape.size % 4:
            raise NasbenchError(f"The size {shape.size} is halved twice, so it must be a multiple of 4.")
        fixed = replace(style, affine=True)
        self.stem = Stem(shape, fixed, channels)
        layers: list[nn.Module] = []
        for stage in range(3):
            if stage:
                layers.append(ResidualReduction(fixed, channels * 2 ** (stage - 1), channels * 2**stage))
            layers.extend(cell(channels * 2**stage) for _ in range(cells))
        self.layers = nn.ModuleList(layers)
        self.last = nn.Sequential(fixed.norm(4 * channels), nn.ReLU())
        self.head = Head(shape, 4 * channels)

    def forward(self, x: Tensor, mixture: OperationWeights | None = None) -> Tensor:
        """Map an input to `(N, outputs)`."""
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x) if isinstance(layer, ResidualReduction) else layer(x, 0, mixture)
        return self.head(self.last(x))


def nas_bench_201_cell(
    table: dict[str, Build | None], style: Style, channels: int, choices: list[int] | None, partial: int = 1
) -> GraphCell:
    """Return the cell with the six operations `choices`, or with all of them on every edge."""
    chosen = choices if choices is not None else [None] * len(EDGES)
    return GraphCell(lambda e: Edge(table, style, channels, 1, chosen[e], partial), EDGES)
