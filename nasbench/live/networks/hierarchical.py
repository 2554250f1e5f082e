"""Cells of motifs of operations, on the skeleton of NAS-Bench-201.

Source: Liu, Simonyan, Vinyals, Fernando and Kavukcuoglu, ICLR 2018, section 2. A motif is a small graph whose edges
carry primitive operations; a cell is a graph whose edges carry motifs; the network stacks cells. Here a node sums its
incoming edges (the paper concatenates and projects), which keeps a motif's shape and makes the relaxation linear.

Weights belong to a place (edge of the cell, edge of the motif, operation), so the supernet is the fully expanded graph:
row `(e, f)` of a mixture weighs the operations on motif edge `f` inside cell edge `e`.
"""

from __future__ import annotations

from torch import Tensor, nn

from nasbench.live.networks.mixed_operation import NONE, Edge, OperationWeights
from nasbench.live.networks.operations import HIERARCHICAL, Style
from nasbench.live.networks.stacked import EDGES as CELL_EDGES
from nasbench.live.networks.stacked import GraphCell

MOTIF_EDGES = ((0, 1), (0, 2), (1, 2))
"""Edges of a motif of three nodes."""


class MotifEdge(nn.Module):
    """A motif on an edge of the cell; nothing flows where all its operations are `none`."""

    def __init__(self, style: Style, channels: int, choices: list[int] | None, partial: int):
        super().__init__()
        chosen = choices if choices is not None else [None] * len(MOTIF_EDGES)
        self.motif = GraphCell(lambda f: Edge(HIERARCHICAL, style, channels, 1, chosen[f], partial), MOTIF_EDGES)
        # With partial channels the channels that pass by flow even where every operation is `none`.
        self.empty = partial == 1 and choices is not None and all(choice == NONE for choice in choices)

    def forward(self, x: Tensor, first: int, mixture: OperationWeights | None) -> Tensor | None:
        """Return the output of the motif, whose edges read the rows from `first` on."""
        return None if self.empty else self.motif(x, first, mixture)


def hierarchical_cell(style: Style, channels: int, choices: list[int] | None, partial: int = 1) -> GraphCell:
    """Return the cell with `choices` on its 6 x 3 expanded edges (row by row), or with every operation on each."""
    step = len(MOTIF_EDGES)
    return GraphCell(
        lambda e: MotifEdge(style, channels, None if choices is None else choices[e * step : (e + 1) * step], partial),
        CELL_EDGES,
        rows=step,
    )
