"""Cells that a user declares: canonical form and graphs against those of the known spaces, and the hybrid on a table of them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.errors import NasbenchError
from nasbench.hybrid.graph_features import structural_encoding
from nasbench.hybrid.kernel import BIGRAMS, PATHS, FeatureKernel
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.nas_bench_201_cell import AVG_POOL, EDGES
from nasbench.spaces.space import Architectures
from nasbench.tables.importers import import_table

NB201 = get_space("nas-bench-201")
OWN = CellSpace("own", NB201.decisions, NB201.choices, EDGES, zero="none", identity="skip_connect")
TRIANGLE = ((0, 1), (0, 2), (1, 2))
OPERATIONS = ("cut", "pass", "conv", "wide")


def triangle(**roles: str) -> CellSpace:
    return CellSpace("triangle", ("a", "b", "c"), (OPERATIONS,) * 3, TRIANGLE, **roles)


def evaluate(space: CellSpace, cell: Architectures, weights: dict[str, float]) -> complex:
    """The value of a cell at a random input, each operation a function of its own kind: an oracle of what is equal."""
    values = [0j] * (space.output + 1)
    values[0] = 0.37 + 0.11j
    for edge, (source, target) in sorted(enumerate(space.edges), key=lambda one: one[1][1]):
        name = space.choices[edge][int(cell[edge])]
        if name == space.identity:
            values[target] += values[source]
        elif name != space.zero and values[source]:
            values[target] += weights[name] * np.sin(values[source] * 2.0 + weights[name])
    return values[-1]


def test_the_cells_of_nas_bench_201_declared_by_hand() -> None:
    """Graphs are the same; the functions too, among cells without pooling, of which two on one input are the same there alone."""
    rng = np.random.default_rng(0)
    some = NB201.all[rng.choice(NB201.size, 400, replace=False)]
    theirs, ours = NB201.graphs(some), OWN.graphs(some)
    np.testing.assert_array_equal(theirs.labels, ours.labels)
    np.testing.assert_array_equal(theirs.adjacency, ours.adjacency)
    plain = NB201.all[(NB201.all != AVG_POOL).all(axis=1)]
    np.testing.assert_array_equal(OWN.canonical(plain), NB201.canonical(plain))


def test_equal_functions_have_one_canonical_form() -> None:
    """By the value at one input, of operations that share weights: equal canonical forms are equal values, and nearly the converse."""
    space = triangle(zero="cut", identity="pass")
    weights = {"conv": 0.7, "wide": 1.3}
    values = np.array([evaluate(space, cell, weights) for cell in space.all])
    forms = space.index(space.canonical(space.all))
    for one, other in product(range(space.size), repeat=2):
        if forms[one] == forms[other]:
            assert values[one] == pytest.approx(values[other])
    assert len(np.unique(forms)) == len(np.unique(np.round(values, 9)))
    np.testing.assert_array_equal(space.canonical(space.canonical(space.all)), space.canonical(space.all))


def test_without_roles_no_cells_are_equal() -> None:
    space = triangle()
    np.testing.assert_array_equal(space.canonical(space.all), space.all)


def test_in_a_space_too_large_to_list_dead_edges_are_cut() -> None:
    edges = tuple((i, j) for j in range(1, 6) for i in range(j))
    names = tuple(f"{i}-{j}" for i, j in edges)
    space = CellSpace("large", names, (OPERATIONS,) * len(edges), edges, zero="cut", identity="pass")
    cell = np.full(space.d, 2, dtype=np.int8)
    cell[names.index("0-1")] = 0
    for node in range(2, 6):
        into_two = names.index(f"1-{node}")
        assert space.canonical(cell)[into_two] == 0 != cell[into_two]
    assert (space.canonical(cell) != cell).sum() == 4


@pytest.mark.parametrize(
    ("edges", "roles", "fault"),
    [
        (TRIANGLE[:2], {}, "2 edges and 3 decisions"),
        (((0, 1), (2, 0), (1, 2)), {}, "to one of a higher number"),
        (((0, 1), (0, 2), (0, 2)), {}, "lies on no path from node 0 to node 2"),
        (TRIANGLE, {"zero": "none"}, "no operation 'none' to be its zero"),
        (TRIANGLE, {"zero": "cut", "identity": "cut"}, "not the identity"),
    ],
)
def test_a_graph_that_is_none_is_refused(edges: tuple[tuple[int, int], ...], roles: dict[str, str], fault: str) -> None:
    with pytest.raises(NasbenchError, match=fault):
        CellSpace("triangle", ("a", "b", "c"), (OPERATIONS,) * 3, edges, **roles)


def test_a_table_of_anyones_cells_gives_the_hybrid_paths_and_canonical_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a TOML description to a search: cells of equal function are evaluated once, and the kernel has paths and bigrams."""
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    space = triangle(zero="cut", identity="pass")
    errors = [50.0 - 10 * abs(evaluate(space, cell, {"conv": 0.7, "wide": 1.3})) for cell in space.all]
    rows = [f"{space.to_string(cell)},{100 - error:.6f}" for cell, error in zip(space.all, errors, strict=True)]
    (tmp_path / "cells.csv").write_text("a,b,c,acc\n" + "\n".join(rows) + "\n", encoding="utf-8")
    decisions = ", ".join(f'{{ name = "{name}", choices = {list(OPERATIONS)} }}' for name in "abc")
    description = f"""name = "cells"
data = "cells.csv"
provenance = "made up"
columns = [{{ dataset = "d", quantity = "accuracy", split = "validation", epochs = 1, unit = "%", column = "acc" }}]
[space]
name = "my-cells"
edges = [[0, 1], [0, 2], [1, 2]]
zero = "cut"
identity = "pass"
decisions = [{decisions}]
"""
    (tmp_path / "cells.toml").write_text(description, encoding="utf-8")
    table, _ = import_table("table", tmp_path / "cells.toml")
    assert isinstance(table.space, CellSpace) and table.space.edges == TRIANGLE
    np.testing.assert_array_equal(table.space.canonical(space.all), space.canonical(space.all))
    assert structural_encoding(table.space) is not None
    assert {PATHS, BIGRAMS} < set(FeatureKernel(table.space).groups)
    functions = len(np.unique(space.canonical(space.all), axis=0))
    found = nasbench.search("hybrid", nasbench.load_benchmark("cells/d"), budget=space.size, runs=1, seed=1).to_pandas()
    assert len(found) == functions < space.size
    with pytest.raises(NasbenchError, match="lacks the key 'edges'"):
        (tmp_path / "wrong.toml").write_text(description.replace("edges = ", "# "), encoding="utf-8")
        import_table("table", tmp_path / "wrong.toml", name="wrong")
