"""Cells as labelled directed graphs, and the subtree features of Weisfeiler and Lehman on them.

Source: Shervashidze, Schweitzer, van Leeuwen, Mehlhorn and Borgwardt, "Weisfeiler-Lehman Graph Kernels", JMLR 2011, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Ints

ABSENT = -1
"""Label of a vertex that a graph does not have."""

Matrices = NDArray[np.bool_]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class CellGraphs:
    """Directed acyclic graphs with labelled vertices, all arrays padded to one number of vertices.

    Attributes:
        labels: label of each vertex, `ABSENT` where there is none, `(n, v)`.
        adjacency: whether an edge leads from one vertex to another, from a lower to a higher number, `(n, v, v)`.
    """

    labels: Ints
    adjacency: Matrices


def graphs_of_edge_operations(
    edges: tuple[tuple[int, int], ...], operations: Architectures, kinds: int, none: int, skip: int | None
) -> CellGraphs:
    """Return graphs whose vertices are the operations on the edges of a cell: `(n, edges)` to graphs of `edges + 2` vertices.

    The input has the label `kinds` and the output `kinds + 1`. Operations `none` are removed and `skip`, if it is given, is
    contracted, as in NAS-BOWL (`create_nasbench201_graph`; there a skip of a skip cuts its path); then everything that lies on
    no path from input to output is removed but for these two.
    """
    last_node = max(target for _, target in edges)
    vertices = len(edges) + 2
    structure = np.zeros((vertices, vertices), dtype=bool)
    for vertex, (source, target) in enumerate(edges, start=1):
        structure[0, vertex] = source == 0
        structure[vertex, -1] = target == last_node
        for follower, (start, _) in enumerate(edges, start=1):
            structure[vertex, follower] = start == target
    labels = np.full((len(operations), vertices), kinds, dtype=np.int64)
    labels[:, -1] = kinds + 1
    labels[:, 1:-1] = operations
    adjacency = np.repeat(structure[None], len(operations), axis=0)
    removed = labels == none
    if skip is not None:
        for vertex in range(1, vertices - 1):
            through = (labels[:, vertex] == skip)[:, None, None]
            adjacency |= through & adjacency[:, :, vertex, None] & adjacency[:, vertex, None, :]
        removed |= labels == skip
    adjacency &= ~removed[:, :, None] & ~removed[:, None, :]
    adjacency, used = pruned(adjacency)
    used[:, [0, -1]] = True
    return CellGraphs(np.where(used, labels, ABSENT), adjacency)


def pruned(matrix: Matrices) -> tuple[Matrices, NDArray[np.bool_]]:
    """Return the matrices `(..., v, v)` without the vertices that lie on no path from the first vertex to the last, and which
    lie on one, `(..., v)`.
    """
    vertices = matrix.shape[-1]
    reached, reaching = np.zeros_like(matrix[..., 0]), np.zeros_like(matrix[..., 0])
    reached[..., 0] = reaching[..., -1] = True
    # Vertex by vertex: a reduction over an axis of a few vertices takes longer than all of these together.
    for source, target in combinations(range(vertices), 2):
        reached[..., target] |= reached[..., source] & matrix[..., source, target]
    for source, target in reversed([*combinations(range(vertices), 2)]):
        reaching[..., source] |= reaching[..., target] & matrix[..., source, target]
    used = reached & reaching
    return matrix & used[..., :, None] & used[..., None, :], used


def subtree_hashes(graphs: CellGraphs, iterations: int) -> Hashes:
    """Return the label of every vertex after 0, 1, ... `iterations` rounds of relabelling, `(n, iterations + 1, v)`.

    In a round a vertex takes as its new label the old one together with the multiset of the labels of the vertices that its edges
    lead to (the direction of NAS-BOWL). Labels are 64-bit hashes, a multiset being the sum of the hashes of its members: equal
    subtrees have equal labels in whatever call, different ones but for a collision (about one in 10^19 pairs). Labels of different
    rounds are different, and that of an absent vertex is 0.
    """
    present = graphs.labels != ABSENT
    current = _mixed(graphs.labels.astype(np.uint64))
    rounds = []
    for number in range(iterations + 1):
        if number:
            around = np.where(graphs.adjacency, _mixed(current)[:, None, :], np.uint64(0)).sum(axis=-1, dtype=np.uint64)
            current = _mixed(current * np.uint64(3) + around + np.uint64(number))
        rounds.append(np.where(present, current, np.uint64(0)))
    return np.stack(rounds, axis=1)


def occurrences(hashes: Hashes) -> Hashes:
    """Return labels that tell the first, second, ... vertex of one label apart, in the last axis; 0 stays 0.

    The product of their counts is the smaller of two counts, so a linear kernel on them is the histogram intersection, that is,
    the kernel of the optimal assignment (Kriege, Giscard and Wilson, NeurIPS 2016).
    """
    ordered = np.sort(hashes, axis=-1)
    position = np.arange(ordered.shape[-1])
    begins = np.ones(ordered.shape, dtype=bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(begins, position, 0), axis=-1)
    numbered = _mixed(ordered + (position - first).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return np.where(ordered == 0, np.uint64(0), numbered)


def count_common(left: Hashes, right: Hashes) -> Floats:
    """Return for each round the pairs of vertices with one label, `(n, rounds, v)` and `(m, rounds, v)` to `(rounds, n, m)`.

    It is the scalar product of the counts of labels: the base kernel of a round (Shervashidze et al., definition 4).
    """
    from scipy.sparse import csr_array

    products = []
    for number in range(left.shape[1]):
        both = np.concatenate([left[:, number], right[:, number]])
        _, column = np.unique(both, return_inverse=True)
        column = column.reshape(both.shape)
        row = np.broadcast_to(np.arange(len(both))[:, None], both.shape)
        kept = both != 0
        counts = csr_array(
            (np.ones(int(kept.sum())), (row[kept], column[kept])), shape=(len(both), int(column.max(initial=0)) + 1)
        )
        products.append((counts[: len(left)] @ counts[len(left) :].T).toarray())
    return np.stack(products)


def _mixed(numbers: Hashes) -> Hashes:
    """Return a well-mixed bijection of 64-bit numbers (the finaliser of splitmix64; Steele, Lea and Flood 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
