"""The space of NAS-Bench-Graph (Qin et al., NeurIPS 2022 Datasets and Benchmarks): graph neural networks of four nodes.

Each node reads one earlier node (or the input) and applies an operation; all leaves are concatenated into the output. Up to the
order of the nodes there are nine ways of wiring them, and nine operations (five on ogbn-proteins, where the others do not fit into
memory): 9 x 9^4 combinations. The nine of them that skip everywhere are no network and infeasible. The other 59,040 (5,616 on
proteins) are 26,206 (2,021) different networks, which is how many the benchmark trained.
"""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.cell_graphs import CellGraphs
from nasbench.spaces.constrained import ConstrainedSpace
from nasbench.spaces.space import Architectures, Ints

LINKS = (
    (0, 0, 0, 0),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 2),
    (0, 0, 1, 3),
    (0, 1, 1, 1),
    (0, 1, 1, 2),
    (0, 1, 2, 2),
    (0, 1, 2, 3),
)
"""For each wiring the node that each node reads; 0 is the input."""
OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
PROTEINS_OPERATIONS = ("gcn", "sage", "arma", "fc", "skip")
NODES = 4

Tree = tuple[tuple[str, "Tree"], ...]
"""The networks that read one node: pairs of an operation and what reads it in turn, sorted."""


class NasBenchGraphSpace(ConstrainedSpace):
    """A wiring and four operations; every combination but those of skips alone.

    Args:
        name: name of the space.
        operations: the operations, `skip` the last.
    """

    def __init__(self, name: str = "nas-bench-graph", operations: tuple[str, ...] = OPERATIONS) -> None:
        wirings = tuple("".join(map(str, link)) for link in LINKS)
        super().__init__(
            name, ("link", *(f"node {node}" for node in range(1, NODES + 1))), (wirings, *(operations,) * NODES)
        )
        self.operations = operations

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether some operation is not a skip: `(..., 5)` to `(...)`."""
        inside = super().is_feasible(architectures)
        return inside & (architectures[..., 1:] != len(self.operations) - 1).any(axis=-1)

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the combination with the smallest index that is the same network: `(..., 5)` to `(..., 5)`."""
        return self.from_index(self._representatives[self.index(architectures)])

    @property
    def has_graphs(self) -> bool:
        """True."""
        return True

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the wiring with its operations, skips among them, between input and output: `(n, 5)` to `n` graphs of six vertices.

        Nodes that nothing reads lead to the output.
        """
        n, output = len(architectures), NODES + 1
        reads = np.array(LINKS)[architectures[:, 0]]
        adjacency = np.zeros((n, output + 1, output + 1), dtype=bool)
        for node in range(1, output):
            adjacency[np.arange(n), reads[:, node - 1], node] = True
        adjacency[:, 1:output, output] = ~adjacency[:, 1:output].any(axis=-1)
        ends = np.full((n, 1), len(self.operations), dtype=np.int64)
        return CellGraphs(np.concatenate([ends, architectures[:, 1:], ends + 1], axis=1), adjacency)

    @cached_property
    def _representatives(self) -> Ints:
        everything = self.from_index(np.arange(self.product_size)).tolist()
        smallest: dict[Tree, int] = {}
        return np.array(
            [
                smallest.setdefault(network(LINKS[link], tuple(self.operations[o] for o in operations)), index)
                for index, (link, *operations) in enumerate(everything)
            ],
            dtype=np.int64,
        )


def nas_bench_graph_proteins() -> NasBenchGraphSpace:
    """Return the space of the data set proteins, which has five operations."""
    return NasBenchGraphSpace("nas-bench-graph-proteins", PROTEINS_OPERATIONS)


@cache
def network(link: tuple[int, ...], operations: tuple[str, ...]) -> Tree:
    """Write a network without its redundant skips and without an order of nodes; two are the same if what is written is.

    A skip that something reads is the node it reads. A skip that nothing reads is a leaf of its own: it makes the output of the
    node that it reads part of the output of the network, which is redundant where nothing else reads that node, since the node
    is a leaf itself then, and not done at all with the input. Source: `architecture.py` of the benchmark.
    """
    readers: list[list[int]] = [[] for _ in range(NODES + 1)]
    for node, read in enumerate(link, start=1):
        readers[read].append(node)

    def read_by(read: int) -> tuple[list[tuple[str, Tree]], int]:
        """Return the nodes that read a node (through skips), and the number of leaves that are skips."""
        entries: list[tuple[str, Tree]] = []
        leaves = 0
        for node in readers[read]:
            if operations[node - 1] != "skip":
                entries.append((operations[node - 1], write(node)))
            elif readers[node]:
                further = read_by(node)
                entries, leaves = entries + further[0], leaves + further[1]
            else:
                leaves += 1
        return entries, leaves

    def write(node: int) -> Tree:
        entries, leaves = read_by(node)
        redundant = node == 0 or (not entries and leaves == 1)
        return tuple(sorted(entries + [("skip", ())] * (0 if redundant else leaves)))

    return write(0)
