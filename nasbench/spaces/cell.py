"""Anyone's cells: an operation on each edge of a directed acyclic graph, of which one may cut the edge and one pass its input on.

From the graph and the two roles follow canonical form, graphs, and so the path features and graph kernels of whatever uses them. What is
equal is what computes the same function for every input and every weight: an operation whose input or output is cut off does nothing,
the identity passes a value on, values that meet are added, and nodes may be renamed. Every other operation has weights of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, groupby, islice, permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, quoted
from nasbench.spaces.cell_graphs import CellGraphs, graphs_of_edge_operations, pruned
from nasbench.spaces.space import Architectures, Ints, Space

MOST_NODES = 64
LISTED = 2**17
"""Most combinations of which equal functions are looked for one by one; in larger spaces the canonical form clears dead edges alone."""
MOST_ORDERS = 720
INPUT = 0


class CellSpace(Space):
    """Cells with an operation on each edge; node 0 is the input, the node of the highest number the output, and values that meet are added.

    Args:
        name: name of the space.
        decisions: names of the edges.
        choices: names of the operations that each edge may have; equal names are equal operations.
        edges: the nodes that each edge joins, from the lower number to the higher.
        zero: name of the operation that cuts its edge, or empty.
        identity: name of the operation that passes its input on, or empty.

    Raises:
        NasbenchError: if the edges do not join input and output, are not as many as the decisions, or an edge lacks the operation `zero`.

    Example:
        >>> space = CellSpace("mine", ("a", "b", "c"), (("cut", "skip", "conv"),) * 3, ((0, 1), (1, 2), (0, 2)), zero="cut", identity="skip")
        >>> space.to_string(space.canonical(space.from_string("conv,cut,skip")))
        'cut,cut,skip'
    """

    def __init__(
        self,
        name: str,
        decisions: tuple[str, ...],
        choices: tuple[tuple[str, ...], ...],
        edges: Sequence[Sequence[int]],
        *,
        zero: str = "",
        identity: str = "",
    ) -> None:
        super().__init__(name, decisions, choices)
        self.edges = tuple((int(source), int(target)) for source, target in edges)
        self.zero, self.identity = zero, identity
        self.operations = tuple(dict.fromkeys(operation for names in choices for operation in names))
        self._check()

    def _check(self) -> None:
        if len(self.edges) != self.d:
            raise NasbenchError(
                f"Space {quoted(self.name)} has {len(self.edges)} edges and {self.d} decisions; each edge is one decision."
            )
        if not all(0 <= source < target < MOST_NODES for source, target in self.edges):
            raise NasbenchError(
                f"The edges of space {quoted(self.name)} should lead from a node to one of a higher number, from 0 to {MOST_NODES - 1}."
            )
        joined = np.zeros((self.output + 1, self.output + 1), dtype=bool)
        joined[tuple(np.array(self.edges).T)] = True
        used = pruned(joined)[1]
        if not all(used[source] and used[target] for source, target in self.edges):
            raise NasbenchError(
                f"An edge of space {quoted(self.name)} lies on no path from node 0 to node {self.output}; leave it out."
            )
        for role in ("zero", "identity"):
            operation = getattr(self, role)
            if operation and operation not in self.operations:
                raise NasbenchError(
                    f"Space {quoted(self.name)} has no operation {quoted(operation)} to be its {role}; it has {', '.join(self.operations)}."
                )
        if self.zero and (self.zero == self.identity or any(self.zero not in names for names in self.choices)):
            raise NasbenchError(
                f"The operation {quoted(self.zero)} that cuts an edge should be a choice of every edge, and not the identity."
            )

    @property
    def output(self) -> int:
        """Number of the output node."""
        return max(target for _, target in self.edges)

    @cached_property
    def _codes(self) -> NDArray[np.int8]:
        """Number of the operation among `operations` of each choice, `(d, k)`."""
        codes = np.full((self.d, int(self.cardinalities.max())), -1, dtype=np.int8)
        for edge, names in enumerate(self.choices):
            codes[edge, : len(names)] = [self.operations.index(name) for name in names]
        return codes

    def _operations_of(self, architectures: Architectures) -> Architectures:
        return self._codes[np.arange(self.d), architectures]

    def _code(self, operation: str) -> int:
        """Return the number of an operation, -1 for none."""
        return self.operations.index(operation) if operation else -1

    @cached_property
    def _order(self) -> Ints:
        """The edges such that each follows those that lead into its source, `(d,)`."""
        return np.argsort([target for _, target in self.edges], kind="stable")

    # ---- canonical form ----------------------------------------------------------------------------------------------

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the cell of equal function that comes first, `(..., d)`; in a space of more than `LISTED` combinations, the cell with every
        edge cut that lies on no path from input to output.
        """
        if self.product_size <= LISTED:
            return self.all[self._representatives[self.index(architectures)]]
        if not self.zero:
            return architectures
        cut = np.array([names.index(self.zero) for names in self.choices], dtype=np.int8)
        return np.where(self._is_used(architectures), architectures, cut)

    def _is_used(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which edges lie on a path from input to output that nothing cuts, `(..., d)`."""
        live = self._operations_of(architectures) != self._code(self.zero)
        nodes = self.output + 1
        joined = np.zeros((*architectures.shape[:-1], nodes, nodes), dtype=bool)
        for edge, (source, target) in enumerate(self.edges):
            joined[..., source, target] |= live[..., edge]
        used = pruned(joined)[1]
        return np.stack([live[..., e] & used[..., s] & used[..., t] for e, (s, t) in enumerate(self.edges)], axis=-1)

    @cached_property
    def _representatives(self) -> Ints:
        """For each combination the smallest index of equal function, `(prod k_i,)`."""
        smallest: dict[Any, int] = {}
        cells = product(*(range(len(names)) for names in self.choices))
        found = [smallest.setdefault(self._key(cell), index) for index, cell in enumerate(cells)]
        return np.array(found, dtype=np.int64)

    def _key(self, cell: tuple[int, ...]) -> Any:
        """Return what is equal only for cells of equal function: their operations in an order that does not depend on names of nodes.

        The value of a node is a sum of operations with multiplicities. Operations are ordered by what they compute, written out as a tree.
        Copies have equal trees, so the smallest of what their orders give is taken; where there are more than `MOST_ORDERS`, cells of equal
        function may have different forms.
        """
        vertices: list[tuple[int, Counter[int]]] = [(-1, Counter())]
        values: list[Counter[int]] = [Counter() for _ in range(self.output + 1)]
        values[INPUT] = Counter({0: 1})
        zero, identity = self._code(self.zero), self._code(self.identity)
        for edge in self._order.tolist():
            source, target = self.edges[edge]
            operation = int(self._codes[edge, cell[edge]])
            if operation == zero or not values[source]:
                continue
            if operation == identity:
                values[target].update(values[source])
                continue
            values[target][len(vertices)] += 1
            vertices.append((operation, values[source]))
        trees: dict[int, str] = {}

        def written(terms: Counter[int]) -> str:
            return "+".join(sorted(f"{count}{tree(vertex)}" for vertex, count in terms.items()))

        def tree(vertex: int) -> str:
            if vertex not in trees:
                operation, terms = vertices[vertex]
                trees[vertex] = f"{operation}({written(terms)})"
            return trees[vertex]

        written(values[self.output])
        copies = groupby(sorted(trees, key=lambda vertex: (trees[vertex], vertex)), trees.__getitem__)
        orders = product(*(permutations(group) for _, group in copies))

        def listing(order: tuple[tuple[int, ...], ...]) -> Any:
            number = {vertex: i for i, vertex in enumerate(chain.from_iterable(order))}
            sums = [values[self.output], *(vertices[vertex][1] for vertex in number)]
            return (
                tuple(vertices[vertex][0] for vertex in number),
                tuple(tuple(sorted((number[v], count) for v, count in terms.items())) for terms in sums),
            )

        return min(map(listing, islice(orders, MOST_ORDERS)))

    # ---- graphs ------------------------------------------------------------------------------------------------------

    @property
    def has_graphs(self) -> bool:
        """True."""
        return True

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the graphs of the operations, the identity contracted: `(n, d)` to `n` graphs of `d + 2` vertices at most."""
        order = self._order
        edges = tuple(self.edges[edge] for edge in order.tolist())
        skip = self._code(self.identity) if self.identity else None
        labels = self._operations_of(architectures)[:, order]
        return graphs_of_edge_operations(edges, labels, len(self.operations), self._code(self.zero), skip)
