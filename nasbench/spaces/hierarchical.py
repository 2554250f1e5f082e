"""A hierarchical space: motifs of operations, a cell of motifs, a network of cells.

Source: Liu, Simonyan, Vinyals, Fernando and Kavukcuoglu, ICLR 2018, section 2, at a size that a laptop can search:
three motifs of three nodes (edges 0-1, 0-2, 1-2, each with a primitive operation or `none`) and one cell of four
nodes (the six edges of NAS-Bench-201, each with a motif or `none`). 15 decisions: first the motifs, then the cell;
7^9 x 4^6 = 1.65e11 combinations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Space

OPERATIONS = (
    "none",
    "identity",
    "conv_1x1",
    "depthwise_conv_3x3",
    "separable_conv_3x3",
    "max_pool_3x3",
    "avg_pool_3x3",
)
MOTIFS = 3
MOTIF_GRAPH = ((0, 1), (0, 2), (1, 2))
CELL_GRAPH = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
MOTIF_EDGES, CELL_EDGES = len(MOTIF_GRAPH), len(CELL_GRAPH)


class HierarchicalSpace(Space):
    """The space of three motifs and a cell of them."""

    def __init__(self) -> None:
        motifs = [f"motif {m + 1}: {a}-{b}" for m in range(MOTIFS) for a, b in MOTIF_GRAPH]
        cell = [f"cell: {a}-{b}" for a, b in CELL_GRAPH]
        kinds = ("none", *(f"motif {m + 1}" for m in range(MOTIFS)))
        super().__init__(
            "hierarchical",
            tuple(motifs + cell),
            (OPERATIONS,) * len(motifs) + (kinds,) * len(cell),
        )

    def canonical(self, architectures: Architectures) -> Architectures:
        """Remove what cannot matter: `(..., 15)` to `(..., 15)`.

        Dead edges become `none`, equal motifs are merged, unused ones cleared, and motifs numbered in the order of
        their first use. Two architectures of one canonical form compute the same function; the converse is not
        claimed.
        """
        flat = architectures.reshape(-1, self.d)
        return np.array([_canonical(row) for row in flat], dtype=np.int8).reshape(architectures.shape)

    def expanded(self, architectures: Architectures) -> Floats:
        """Return the one-hot encoding of the expanded graph, which no renaming of motifs changes:

        `(..., 15)` to `(..., 18 x 7)`.
        """
        return (choices(architectures)[..., None] == np.arange(len(OPERATIONS))).reshape(
            *architectures.shape[:-1], -1
        ) * 1.0


def choices(architectures: Architectures) -> NDArray[np.int64]:
    """Return the operation on each motif edge inside each cell edge: `(..., 15)` to `(..., 18)`."""
    lead = architectures.shape[:-1]
    motifs = architectures[..., : MOTIFS * MOTIF_EDGES].reshape(*lead, MOTIFS, MOTIF_EDGES).astype(np.int64)
    empty = np.zeros((*lead, 1, MOTIF_EDGES), dtype=np.int64)
    table = np.concatenate([empty, motifs], axis=-2)
    cell = architectures[..., MOTIFS * MOTIF_EDGES :].astype(np.int64)
    return np.take_along_axis(table, cell[..., None], axis=-2).reshape(*lead, CELL_EDGES * MOTIF_EDGES)


def derive(theta: Floats) -> Architectures:
    """Return the most probable choice of every decision: `(15, 7)`, padded with zeros, to `(15,)`."""
    return theta.argmax(axis=1).astype(np.int8)


def _live(graph: tuple[tuple[int, int], ...], labels: list[int]) -> list[int]:
    """Clear the edges that lie on no path from the first node to the last."""
    last = max(target for _, target in graph)
    forward, backward = {0}, {last}
    for (source, target), label in zip(graph, labels, strict=True):
        if label and source in forward:
            forward.add(target)
    for (source, target), label in zip(reversed(graph), reversed(labels), strict=True):
        if label and target in backward:
            backward.add(source)
    return [
        label if source in forward and target in backward else 0
        for (source, target), label in zip(graph, labels, strict=True)
    ]


def _canonical(row: Architectures) -> list[int]:
    values = row.tolist()
    motifs = [_live(MOTIF_GRAPH, values[m * MOTIF_EDGES : (m + 1) * MOTIF_EDGES]) for m in range(MOTIFS)]
    cell = [label if label and any(motifs[label - 1]) else 0 for label in values[MOTIFS * MOTIF_EDGES :]]
    used: list[list[int]] = []
    renamed: list[int] = []
    for label in _live(CELL_GRAPH, cell):
        if label and motifs[label - 1] not in used:
            used.append(motifs[label - 1])
        renamed.append(1 + used.index(motifs[label - 1]) if label else 0)
    used += [[0] * MOTIF_EDGES] * (MOTIFS - len(used))
    return [label for motif in used for label in motif] + renamed
