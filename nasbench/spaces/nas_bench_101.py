"""The cell space of NAS-Bench-101 (Ying et al., ICML 2019): directed graphs of up to seven vertices and nine edges.

Vertex 0 is the input and vertex 6 the output; the five between apply one of three operations. Decisions are the 21 edges of the upper
triangle, row by row, and the five operations. A vertex that lies on no path from input to output is pruned, as in the paper, so a
smaller cell is one with vertices to spare. What is left must be connected and have nine edges at most (section 2.1). There are 423,624
cells up to isomorphism.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.cell_graphs import ABSENT, CellGraphs, Matrices, pruned
from nasbench.spaces.constrained import ConstrainedSpace
from nasbench.spaces.space import Architectures, Floats, Ints

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
VERTICES = 7
INTERIOR = VERTICES - 2
MOST_EDGES = 9
EDGES = tuple(combinations(range(VERTICES), 2))
CLASSES = 423_624
_ROWS, _COLUMNS = np.array(EDGES).T
_ORDERS = np.array([(0, *order, VERTICES - 1) for order in permutations(range(1, VERTICES - 1))])
_CHUNK = 64


class NasBench101Space(ConstrainedSpace):
    """Edges and operations; feasible are cells that the benchmark would train."""

    def __init__(self) -> None:
        super().__init__(
            "nas-bench-101",
            (*(f"{i}-{j}" for i, j in EDGES), *(f"vertex {v}" for v in range(1, VERTICES - 1))),
            (*(("no", "yes"),) * len(EDGES), *(OPERATIONS,) * INTERIOR),
        )

    @property
    def size(self) -> int:
        """Number of feasible combinations (not up to isomorphism)."""
        return len(self._wirings) * len(OPERATIONS) ** INTERIOR

    @cached_property
    def _wirings(self) -> Ints:
        """Number of each feasible set of edges, read as binary, ascending."""
        number = np.arange(2 ** len(EDGES))
        feasible = [_feasible(_matrices(_binary(part))) for part in np.array_split(number, 64)]
        return number[np.concatenate(feasible)]

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether input and output are connected, by nine edges at most after pruning: `(..., 26)` to `(...)`."""
        inside = super().is_feasible(architectures)
        edges = np.where(inside[..., None], architectures[..., : len(EDGES)], 0)
        return inside & _feasible(_matrices(edges))

    def sample(self, uniform: Floats) -> Architectures:
        """Return uniform feasible combinations from uniform numbers `(..., 26)`: the first picks the edges, the next
        the operations.
        """
        wiring = self._wirings[(uniform[..., 0] * len(self._wirings)).astype(np.int64)]
        operations = (uniform[..., 1 : 1 + INTERIOR] * len(OPERATIONS)).astype(np.int8)
        return np.concatenate([_binary(wiring), operations], axis=-1)

    def _nearest_beyond(self, architecture: Architectures) -> Architectures:
        """Change as few edges as it takes, the operations having no part in feasibility: the space is too large to be listed."""
        number = int(_binary_number(architecture[: len(EDGES)]))
        for changes in range(2, len(EDGES) + 1):
            flips = [sum(1 << place for place in places) for places in combinations(range(len(EDGES)), changes)]
            wirings = np.sort(number ^ np.array(flips))
            found = wirings[np.isin(wirings, self._wirings, assume_unique=True)]
            if len(found):
                break
        return np.concatenate([_binary(found[0]), architecture[len(EDGES) :]])

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the pruned cell in that order of its vertices which has the smallest index: `(..., 26)` to `(..., 26)`.

        Two feasible cells have one canonical form exactly if they are isomorphic, since every order is tried.
        """
        flat = architectures.reshape(-1, self.d)
        parts = [self._canonical(flat[first : first + _CHUNK]) for first in range(0, len(flat), _CHUNK)]
        return np.concatenate(parts).reshape(architectures.shape) if parts else architectures

    def _canonical(self, flat: Architectures) -> Architectures:
        matrix, used = pruned(_matrices(flat[:, : len(EDGES)]))
        operations = np.where(used[:, 1:-1], flat[:, len(EDGES) :], 0)
        above = matrix[:, _ORDERS[:, _ROWS], _ORDERS[:, _COLUMNS]]  # (n, orders, edges)
        backward = matrix[:, _ORDERS[:, _COLUMNS], _ORDERS[:, _ROWS]].any(axis=-1)
        coded = np.concatenate([above.astype(np.int8), operations[:, _ORDERS[:, 1:-1] - 1]], axis=-1)
        return self.from_index(np.where(backward, np.iinfo(np.int64).max, self.index(coded)).min(axis=1))

    @property
    def has_graphs(self) -> bool:
        """True."""
        return True

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the pruned cells: `(n, 26)` to `n` graphs of seven vertices at most."""
        matrix, used = pruned(_matrices(architectures[:, : len(EDGES)]))
        ends = np.full((len(architectures), 1), len(OPERATIONS), dtype=np.int64)
        labels = np.concatenate([ends, architectures[:, len(EDGES) :], ends + 1], axis=1)
        return CellGraphs(np.where(used, labels, ABSENT), matrix)

    def hash(self, architecture: Architectures) -> str:
        """Return the benchmark's own hash of one cell `(26,)`, by which its records are keyed
        (`graph_util.hash_module`).
        """
        matrix, used = pruned(_matrices(architecture[: len(EDGES)])[None])
        kept = np.flatnonzero(used[0])
        matrix = matrix[0][np.ix_(kept, kept)].astype(int)
        labels = [-1, *(int(architecture[len(EDGES) + v - 1]) for v in kept[1:-1]), -2]
        degrees = zip(matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist(), labels, strict=True)
        hashes = [_md5(str(vertex)) for vertex in degrees]
        for _ in kept:
            hashes = [
                _md5(
                    "".join(sorted(hashes[w] for w in np.flatnonzero(matrix[:, v])))
                    + "|"
                    + "".join(sorted(hashes[w] for w in np.flatnonzero(matrix[v])))
                    + "|"
                    + hashes[v]
                )
                for v in range(len(kept))
            ]
        return _md5(str(sorted(hashes)))

    def to_string(self, architecture: Architectures) -> str:
        """Return the 21 bits of the edges, a colon, and the five operations by their numbers."""
        digits = "".join(str(int(choice)) for choice in architecture)
        return f"{digits[: len(EDGES)]}:{digits[len(EDGES) :]}"

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; cells of fewer vertices are read too, as the bits of their own triangle.

        Raises:
            NasbenchError: if the text is no cell.
        """
        bits, _, operations = text.partition(":")
        vertices = len(operations) + 2
        if vertices > VERTICES or len(bits) != vertices * (vertices - 1) // 2:
            raise NasbenchError(
                f"Cell {text!r} has {len(bits)} bits and {len(operations)} operations; n operations go with (n + 1)(n + 2) / 2 bits, n up to {INTERIOR}."
            )
        if set(bits) - {"0", "1"} or set(operations) - {"0", "1", "2"}:
            raise NasbenchError(f"Cell {text!r} should be bits, a colon, and operations from 0 to 2.")
        architecture = np.zeros(self.d, dtype=np.int8)
        place = {vertex: vertex for vertex in range(vertices - 1)} | {vertices - 1: VERTICES - 1}
        for bit, (i, j) in zip(bits, combinations(range(vertices), 2), strict=True):
            architecture[EDGES.index((place[i], place[j]))] = int(bit)
        for vertex, operation in enumerate(operations):
            architecture[len(EDGES) + vertex] = int(operation)
        return architecture


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _binary(number: Ints) -> Architectures:
    return (number[..., None] >> np.arange(len(EDGES) - 1, -1, -1) & 1).astype(np.int8)


def _binary_number(edges: NDArray[np.int8]) -> Ints:
    """Return the inverse of `_binary`."""
    return edges.astype(np.int64) @ (1 << np.arange(len(EDGES) - 1, -1, -1))


def _matrices(edges: NDArray[np.int8]) -> Matrices:
    """Return the adjacency matrices `(..., 7, 7)` of edges `(..., 21)`."""
    # The two axes of the vertices are the outermost in memory, so that what is done to a pair of vertices is done to all cells in a row.
    matrix = np.moveaxis(np.zeros((VERTICES, VERTICES, *edges.shape[:-1]), dtype=bool), (0, 1), (-2, -1))
    matrix[..., _ROWS, _COLUMNS] = edges != 0
    return matrix


def _feasible(matrix: Matrices) -> NDArray[np.bool_]:
    cells, used = pruned(matrix)
    return used[..., 0] & (cells.sum(axis=(-2, -1)) <= MOST_EDGES)
