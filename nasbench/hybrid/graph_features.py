"""Paths and bigrams of the cell graphs of a space that can be listed, where the space has no path encoding of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import EXHAUSTIVE
from nasbench.spaces.cell_graphs import CellGraphs
from nasbench.spaces.space import Architectures, Floats, Ints, Space

MOST_PATHS = 256
"""Most different paths that are counted; the cost of a kernel value grows with them."""

Counts = NDArray[np.int8]


class StructuralEncoding(Protocol):
    """Features of what lies between input and output."""

    def paths(self, architectures: Architectures) -> Floats:
        """Return how often each sequence of operations occurs on an input-to-output path, `(n, d)` to `(n, F)`."""

    def bigrams(self, architectures: Architectures) -> Floats:
        """Return how often one operation follows another, `(n, d)` to `(n, F)`."""


class GraphFeatures:
    """Paths and bigrams of every architecture of a space, counted in its graphs once.

    Paths are the sequences of labels on the ways from the first vertex to the last (White et al. 2021, "BANANAS", section 3), up to the
    greatest length of which at most `MOST_PATHS` different ones occur. Bigrams are the labels at both ends of each edge, input and output
    among them.

    Args:
        space: a space with graphs that can be listed.
    """

    def __init__(self, space: Space) -> None:
        everything = space.all
        graphs = space.graphs(everything)
        self._space = space
        self._index = space.index(everything)
        self._paths = _count_paths(graphs)
        self._bigrams = _count_bigrams(graphs)

    def _rows(self, architectures: Architectures) -> Ints:
        return np.searchsorted(self._index, self._space.index(architectures))

    def paths(self, architectures: Architectures) -> Floats:
        """See `StructuralEncoding`."""
        return self._paths[self._rows(architectures)].astype(np.float64)

    def bigrams(self, architectures: Architectures) -> Floats:
        """See `StructuralEncoding`."""
        return self._bigrams[self._rows(architectures)].astype(np.float64)


def _count_paths(graphs: CellGraphs) -> Counts:
    n, vertices = graphs.labels.shape
    found: list[tuple[Ints, Ints]] = []
    kinds = 0
    for length in range(vertices - 1):
        longer = list(_paths_of(graphs, length))
        kinds += len(np.unique(np.concatenate([codes for _, codes in longer]))) if longer else 0
        if kinds > MOST_PATHS:
            break
        found += longer
    return _count(n, found)


def _paths_of(graphs: CellGraphs, length: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield for each chain of that many vertices between input and output the rows that have it, and the code of their labels there."""
    vertices = graphs.labels.shape[1]
    base = int(graphs.labels.max()) + 2
    for inner in combinations(range(1, vertices - 1), length):
        there = np.logical_and.reduce([graphs.adjacency[:, a, b] for a, b in pairwise((0, *inner, vertices - 1))])
        rows = np.flatnonzero(there)
        if len(rows):
            # No label is -1 here, since an edge leads to each vertex; with 1 added, sequences of different lengths have different codes.
            yield rows, (graphs.labels[rows][:, inner] + 1) @ (base ** np.arange(length, dtype=np.int64))


def _count_bigrams(graphs: CellGraphs) -> Counts:
    n, vertices = graphs.labels.shape
    base = int(graphs.labels.max()) + 1
    found = []
    for a, b in combinations(range(vertices), 2):
        rows = np.flatnonzero(graphs.adjacency[:, a, b])
        found.append((rows, graphs.labels[rows, a] * base + graphs.labels[rows, b]))
    return _count(n, found)


def _count(n: int, found: list[tuple[Ints, Ints]]) -> Counts:
    """Return how often each row `0, ..., n - 1` has each code that occurs, `(n, codes)`, in the order of the codes."""
    codes = np.unique(np.concatenate([codes for _, codes in found]))
    counts = np.zeros((n, len(codes)), dtype=np.int8)
    for rows, of_rows in found:
        # A row occurs once in each part, so that no addition is lost.
        counts[rows, np.searchsorted(codes, of_rows)] += 1
    return counts


@lru_cache(maxsize=8)
def _graph_features(space: Space) -> GraphFeatures:
    return GraphFeatures(space)


def structural_encoding(space: Space) -> StructuralEncoding | None:
    """Return what gives paths and bigrams: the space itself where it defines them, else its graphs where it can be listed, else nothing."""
    if space.has_paths:
        return space
    return _graph_features(space) if space.has_graphs and space.product_size <= EXHAUSTIVE else None
