from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_101 import CLASSES, EDGES, INTERIOR, NasBench101Space
from nasbench.spaces.space import Architectures


@pytest.fixture(scope="module")
def space() -> NasBench101Space:
    return NasBench101Space()


@pytest.fixture(scope="module")
def cells(reference_data: Path, space: NasBench101Space) -> tuple[Architectures, list[str]]:
    frame = pd.read_parquet(reference_data / "nas-bench-101-sample" / "accuracy.parquet")
    texts = frame["adj_upper_bits"] + ":" + frame["ops"].fillna("")
    return np.stack([space.from_string(text) for text in texts]), frame["hash"].tolist()


def _shuffled(cell: Architectures, order: tuple[int, ...]) -> Architectures | None:
    """The cell with its interior vertices in another order, or None where an edge would run backwards."""
    place = {0: 0, 6: 6, **{vertex: new for new, vertex in enumerate(order, start=1)}}
    result = np.zeros_like(cell)
    for (i, j), edge in zip(EDGES, cell, strict=False):
        if edge and place[i] > place[j]:
            return None
        if edge:
            result[EDGES.index((place[i], place[j]))] = 1
    for vertex in order:
        result[len(EDGES) + place[vertex] - 1] = cell[len(EDGES) + vertex - 1]
    return result


def test_hashes_are_the_published_ones(space: NasBench101Space, cells: tuple[Architectures, list[str]]) -> None:
    for cell, published in list(zip(*cells, strict=True))[::20]:
        assert space.hash(cell) == published


def test_twenty_thousand_cells_are_feasible_and_all_different(
    space: NasBench101Space, cells: tuple[Architectures, list[str]]
) -> None:
    assert space.is_feasible(cells[0]).all()
    canonical = space.canonical(cells[0])
    assert len(np.unique(space.index(canonical))) == len(cells[0])
    assert np.array_equal(space.canonical(canonical), canonical)


def test_canonical_form_and_hash_ignore_the_order_of_vertices(space: NasBench101Space) -> None:
    drawn = space.sample(np.random.default_rng(7).random((40, 26)))
    assert space.is_feasible(drawn).all()
    canonical = space.canonical(drawn)
    others, of = [], []
    for number, cell in enumerate(drawn):
        for order in permutations(range(1, 6)):
            other = _shuffled(cell, order)
            if other is not None:
                others.append(other)
                of.append(number)
        assert space.hash(canonical[number]) == space.hash(cell)
    assert np.array_equal(space.canonical(np.stack(others)), canonical[of])
    assert len(others) > 200


def test_canonical_forms_are_as_many_as_published(space: NasBench101Space) -> None:
    """All 423,624: unlabelled cells are enumerated, and their labellings counted by Burnside's lemma."""
    wirings = space._wirings
    bits = (wirings[:, None] >> np.arange(20, -1, -1) & 1).astype(np.int8)
    edges = np.concatenate([bits, np.zeros((len(bits), INTERIOR), dtype=np.int8)], axis=1)
    # Pruned cells whose used vertices come first are enough, and few.
    matrix = np.zeros((len(bits), 7, 7), dtype=bool)
    rows, columns = np.array(EDGES).T
    matrix[:, rows, columns] = bits
    ahead, behind = np.asarray(matrix.any(axis=1)), np.asarray(matrix.any(axis=2))
    used = ahead[:, 1:-1] & behind[:, 1:-1]
    idle = ~ahead[:, 1:-1] & ~behind[:, 1:-1]
    first = ~(np.diff(used.astype(np.int8), axis=1) > 0).any(axis=1)
    whole = (used | idle).all(axis=1) & first & (bits.sum(axis=1) <= 9)
    forms = np.unique(space.canonical(edges[whole]), axis=0)
    total = 0
    for form in forms:
        pruned = form[: len(EDGES)]
        busy = [v for v in range(1, 6) if any(pruned[e] for e, edge in enumerate(EDGES) if v in edge)]
        fixed = group = 0
        for order in permutations(busy):
            full = list(range(1, 6))
            for vertex, new in zip(busy, order, strict=True):
                full[vertex - 1] = new
            other = _shuffled(form, tuple(full))
            if other is not None and np.array_equal(other[: len(EDGES)], pruned):
                group += 1
                fixed += 3 ** _cycles(dict(zip(busy, order, strict=True)))
        assert fixed % group == 0
        total += fixed // group
    assert total == CLASSES == 423_624


def _cycles(permutation: dict[int, int]) -> int:
    left, cycles = set(permutation), 0
    while left:
        cycles += 1
        vertex = left.pop()
        while (vertex := permutation[vertex]) in left:
            left.remove(vertex)
    return cycles


def test_feasibility_is_that_of_the_paper(space: NasBench101Space) -> None:
    nine = space.from_string("111110111100000000000:00000")  # 0 reaches 1..5 but not the output
    assert not space.is_feasible(nine)
    straight = np.zeros(26, dtype=np.int8)
    for vertex in range(6):
        straight[EDGES.index((vertex, vertex + 1))] = 1
    assert space.is_feasible(straight)
    everything = space.from_string("1" * 21 + ":00000")
    assert not space.is_feasible(everything)
    # Ten edges, one of them into a vertex that leads nowhere, are nine.
    ten = straight.copy()
    for edge in ((0, 2), (0, 3), (0, 6)):
        ten[EDGES.index(edge)] = 1
    assert ten[:21].sum() == 9 and space.is_feasible(ten)
    ten[EDGES.index((1, 3))] = 1
    assert ten[:21].sum() == 10 and not space.is_feasible(ten)
    ten[EDGES.index((5, 6))] = 0
    assert ten[:21].sum() == 9 and space.is_feasible(ten)


def test_smaller_cells_are_read_and_strings_return(space: NasBench101Space) -> None:
    smallest = space.from_string("1:")
    assert smallest[EDGES.index((0, 6))] == 1 and smallest.sum() == 1
    assert space.hash(smallest) == "043721b9c7fe8c5fad811d47d83132ec"
    for cell in space.sample(np.random.default_rng(1).random((20, 26))):
        assert np.array_equal(space.from_string(space.to_string(cell)), cell)


@pytest.mark.parametrize("text", ["", "1", "11:", "111:12", "112:0", "111:3", "1" * 28 + ":000000", "1" * 21 + ":0000"])
def test_malformed_cells_are_refused(space: NasBench101Space, text: str) -> None:
    if text == "1":
        assert space.from_string(text).sum() == 1
        return
    with pytest.raises(NasbenchError, match=r"operations; n operations|should be bits"):
        space.from_string(text)


def test_repair_changes_as_few_edges_as_it_takes(space: NasBench101Space) -> None:
    """The space cannot be listed; of the nearest cells, the one of smallest index."""
    rng = np.random.default_rng(3)
    given = (rng.random((30, space.d)) * space.cardinalities).astype(np.int8)
    given[0, : len(EDGES)] = 0  # no edge: the nearest has that from input to output
    given[1, : len(EDGES)] = 1  # all 21 edges, 12 too many
    repaired = space.repair(given)
    assert space.is_feasible(repaired).all() and np.array_equal(repaired[:, len(EDGES) :], given[:, len(EDGES) :])
    assert np.flatnonzero(repaired[0, : len(EDGES)]).tolist() == [EDGES.index((0, 6))]
    was_feasible = space.is_feasible(given)
    assert np.array_equal(repaired[was_feasible], given[was_feasible]) and 0 < was_feasible.sum() < 29
    wirings = np.array([[int(bit) for bit in f"{number:021b}"] for number in space._wirings[::997]], dtype=np.int8)
    for before, after in zip(given, repaired, strict=True):
        changed = int((before != after).sum())
        assert (wirings != before[: len(EDGES)]).sum(axis=1).min() >= changed, "no cell of a sample is nearer"


def test_a_method_that_repairs_runs_on_the_whole_space(space: NasBench101Space) -> None:
    def edges(architecture: Architectures) -> float:
        return float(architecture[: len(EDGES)].sum())

    small = {"n_initial_samples": 5, "batch_size": 5, "n_candidates": 20}
    for method in ("nas_bowl", "npenas"):
        settings = small if method == "nas_bowl" else {"n_initial_samples": 5}
        found = nasbench.search(method, edges, 15, space=space, settings=settings, seed=1).to_pandas()
        assert len(found) >= 15, method
