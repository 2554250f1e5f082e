"""The cell of NAS-Bench-201: its operations and edges, and when two cells compute the same function.

Three identities that hold for every input and every weight: an operation whose input or output is cut off by `none` does
nothing; `skip_connect` passes a value on; nodes may be renamed, and sums reordered. A cell is read as a small directed graph
of *operations*: each convolution is a vertex of its own (it has weights of its own), each pooling is determined by its input,
and the value of a node is a formal sum of vertices with multiplicities.

Dong and Yang (2020) count 6,466 "unique topology structures" with a string that writes the graph out as a tree. The tree
keeps terms that are zero, does not flatten sums, and cannot tell a convolution that is used twice from two convolutions.
`tests/nasbench/spaces/test_canonical.py` reproduces 6,466 with that string and accounts for every step to the number here.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONV_1X1, CONV_3X3, AVG_POOL = range(5)
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

Cell = tuple[int, ...]
Sum = tuple[tuple[int, int], ...]
"""A formal sum: pairs (vertex, multiplicity), sorted; vertex 0 is the input of the cell."""


def operation_graph(cell: Cell) -> tuple[list[tuple[int, Sum]], Sum]:
    """Return the live operation vertices of a cell, as (operation, input), and the output as a formal sum.

    Vertex 0 is the input and is listed as (-1, ()). Vertices that do not reach the output are left in the list but are not
    reachable from the output sum.
    """
    vertices: list[tuple[int, Sum]] = [(-1, ())]
    pooled: dict[Sum, int] = {}
    values: list[Counter[int]] = [Counter({0: 1}), Counter(), Counter(), Counter()]
    for (source, target), operation in zip(EDGES, cell, strict=True):
        value = values[source]
        if operation == NONE or not value:
            continue
        if operation == SKIP:
            values[target].update(value)
            continue
        entering = tuple(sorted(value.items()))
        if operation == AVG_POOL and entering in pooled:
            vertex = pooled[entering]
        else:
            vertex = len(vertices)
            vertices.append((operation, entering))
            if operation == AVG_POOL:
                pooled[entering] = vertex
        values[target][vertex] += 1
    return vertices, tuple(sorted(values[3].items()))


def canonical_key(cell: Cell) -> str:
    """Return a text that is equal for two cells if and only if their operation graphs are isomorphic.

    The output is written out as a tree; the inventory of live vertices beside it tells shared vertices from copies. That the
    pair is complete for cells of this size is checked exhaustively against graph isomorphism in the tests.
    """
    vertices, output = operation_graph(cell)
    written: dict[int, str] = {}

    def write_sum(terms: Sum) -> str:
        return "+".join(sorted(f"{count}{write(vertex)}" for vertex, count in terms))

    def write(vertex: int) -> str:
        if vertex not in written:
            operation, entering = vertices[vertex]
            written[vertex] = "x" if vertex == 0 else f"{operation}({write_sum(entering)})"
        return written[vertex]

    tree = write_sum(output)
    return f"{tree} of {sorted(written.values())}"


@lru_cache(maxsize=1)
def representatives() -> NDArray[np.int64]:
    """Return for every cell the smallest index among the cells of equal function, `(15625,)`; computed once a process."""
    smallest: dict[str, int] = {}
    result = np.empty(len(OPERATIONS) ** len(EDGES), dtype=np.int64)
    for index, cell in enumerate(product(range(len(OPERATIONS)), repeat=len(EDGES))):
        result[index] = smallest.setdefault(canonical_key(cell), index)
    return result
