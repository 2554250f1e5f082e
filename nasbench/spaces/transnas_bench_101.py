"""The cell-level space of TransNAS-Bench-101 (Duan et al., CVPR 2021): six edges, four operations, 4,096 cells.

Edges are those of NAS-Bench-201 in the same order, and so are the operations but for pooling. Strings are six digits, one an edge, as in
the middle of the authors' names (`64-41414-1_02_333` is `102333`). Cells that change the resolution have parameters in the skips that
leave the input, so skips cannot be contracted here; the canonical form only clears edges that lie on no path.
"""

from __future__ import annotations

import re

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.cell_graphs import CellGraphs, graphs_of_edge_operations
from nasbench.spaces.nas_bench_201_cell import EDGES, NONE
from nasbench.spaces.space import Architectures, Space

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")


class TransNasBench101MicroSpace(Space):
    """The 4^6 cells."""

    def __init__(self) -> None:
        super().__init__("transnas-bench-101-micro", tuple(f"{i}-{j}" for i, j in EDGES), (OPERATIONS,) * len(EDGES))

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the cell with `none` on every edge that lies on no path from input to output: `(..., 6)` to
        `(..., 6)`.
        """
        live = architectures != NONE
        ahead = np.zeros((*architectures.shape[:-1], 4), dtype=bool)
        behind = ahead.copy()
        ahead[..., 0] = behind[..., 3] = True
        for edge, (source, target) in enumerate(EDGES):
            ahead[..., target] |= ahead[..., source] & live[..., edge]
        # Against the order of the edges every target is settled before its sources are.
        for edge, (source, target) in sorted(enumerate(EDGES), key=lambda item: -item[1][0]):
            behind[..., source] |= behind[..., target] & live[..., edge]
        used = [ahead[..., source] & behind[..., target] for source, target in EDGES]
        return np.where(np.stack(used, axis=-1), architectures, np.int8(NONE))

    @property
    def has_graphs(self) -> bool:
        """True."""
        return True

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the graphs of the operations, skips among them: `(n, 6)` to `n` graphs of eight vertices at most."""
        return graphs_of_edge_operations(EDGES, architectures, len(OPERATIONS), NONE, skip=None)

    def to_string(self, architecture: Architectures) -> str:
        """Return six digits, one per edge."""
        return "".join(str(int(choice)) for choice in architecture)

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; raises `NasbenchError` if the text is not six digits from 0 to 3."""
        if not re.fullmatch("[0-3]{6}", text):
            raise NasbenchError(f"Cell {text!r} of TransNAS-Bench-101 should be six digits from 0 to 3.")
        return np.array([int(digit) for digit in text], dtype=np.int8)
