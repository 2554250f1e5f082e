from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import chisquare

from nasbench.errors import NasbenchError
from nasbench.spaces.constrained import ConstrainedSpace, NarrowedSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Architectures, Space

BASE = Space("toy", ("a", "b"), (("x", "y", "z"), ("0", "1")))
HELD = np.array([0, 1, 3, 4])
"""(x, 0), (x, 1), (y, 1), (z, 0)."""


@pytest.fixture
def space() -> NarrowedSpace:
    return NarrowedSpace(BASE, HELD)


def test_it_holds_what_is_listed(space: NarrowedSpace) -> None:
    assert space.size == 4
    assert space.index(space.all).tolist() == HELD.tolist()
    everything = BASE.all
    assert everything[space.is_feasible(everything)].tolist() == space.all.tolist()
    assert not space.is_feasible(np.array([3, 0], dtype=np.int8))
    assert not space.is_feasible(np.array([-1, 0], dtype=np.int8))


def test_samples_are_uniform(space: NarrowedSpace) -> None:
    """A chi-squared test at 1e-6, fixed seed."""
    drawn = space.index(space.sample(np.random.default_rng(1).random((4000, 2))))
    counts = [int((drawn == index).sum()) for index in HELD]
    assert sum(counts) == 4000
    assert chisquare(counts).pvalue > 1e-6


class Odd(ConstrainedSpace):
    """Feasible unless a is y and b is 0."""

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        return super().is_feasible(architectures) & ~((architectures == [1, 0]).all(axis=-1))


def test_mutation_has_the_law_of_the_product_given_feasibility() -> None:
    """From (x, 0): decision a with 1/2, to y (infeasible) or z; decision b with 1/2. So z has 1/4 against 1/2."""
    parents = np.zeros((6000, 2), dtype=np.int8)
    space = Odd("odd", BASE.decisions, BASE.choices)
    assert space.size == 5
    children = space.mutate(parents, np.random.default_rng(2).random((6000, 2)))
    assert space.is_feasible(children).all()
    counts = [int((children == child).all(axis=1).sum()) for child in ([2, 0], [0, 1])]
    assert sum(counts) == 6000
    assert chisquare(counts, [2000, 4000]).pvalue > 1e-6


def test_neighbours_are_the_nearest_that_are_held_and_mutation_is_uniform_over_them(space: NarrowedSpace) -> None:
    """Three neighbours in the product, and three others are held: (x, 1) and (z, 0) at distance one, (y, 1) at two."""
    near = space.neighbours(np.array([[0, 0], [2, 0]], dtype=np.int8))
    assert near.tolist() == [[[0, 1], [2, 0], [1, 1]], [[0, 0], [0, 1], [1, 1]]]
    children = space.mutate(np.zeros((6000, 2), dtype=np.int8), np.random.default_rng(2).random((6000, 2)))
    counts = [int((children == child).all(axis=1).sum()) for child in near[0]]
    assert sum(counts) == 6000 and chisquare(counts).pvalue > 1e-6


def test_the_whole_space_has_the_ordinary_neighbourhood() -> None:
    cells = NasBench201Space()
    space = NarrowedSpace(cells, np.arange(cells.size))
    some = cells.all[::1500]
    expected = [sorted(map(tuple, n)) for n in cells.neighbours(some).tolist()]
    assert [sorted(map(tuple, n)) for n in space.neighbours(some).tolist()] == expected


def test_a_sparse_sample_is_connected() -> None:
    """One cell in twenty: with neighbours at distance one alone it falls into pieces."""
    cells = NasBench201Space()
    held = np.sort(np.random.default_rng(4).choice(cells.size, cells.size // 20, replace=False))
    space = NarrowedSpace(cells, held)

    def components(neighbours: Architectures) -> int:
        index = cells.index(neighbours)
        position = np.minimum(np.searchsorted(held, index), len(held) - 1)
        row, column = np.nonzero(held[position] == index)
        graph = coo_array((np.ones(len(row)), (row, position[row, column])), shape=(len(held), len(held)))
        return int(connected_components(graph, directed=True, connection="weak")[0])

    assert components(space.neighbours(space.all)) == 1
    assert components(cells.neighbours(space.all)) > 1


def test_one_architecture_is_no_space() -> None:
    with pytest.raises(NasbenchError, match="two architectures at least, not 1"):
        NarrowedSpace(BASE, np.array([3]))


def test_repair_keeps_what_is_feasible_and_moves_the_rest_as_little_as_it_can(space: NarrowedSpace) -> None:
    assert space.repair(space.all) is space.all
    repaired = space.repair(np.array([[[1, 0], [2, 0]]], dtype=np.int8))
    assert repaired.tolist() == [[[0, 0], [2, 0]]]


def test_repair_prefers_the_equal_architecture_to_a_near_one() -> None:
    cells = NasBench201Space()
    canonical = np.unique(cells.index(cells.canonical(cells.all)))
    space = NarrowedSpace(cells, canonical)
    assert (space.repair(cells.all) == cells.canonical(cells.all)).all()
    assert np.array_equal(space.parameters(space.all, "cifar10"), cells.parameters(space.all, "cifar10"))


def test_an_unknown_mutation_is_an_error(space: NarrowedSpace) -> None:
    with pytest.raises(NasbenchError, match="'odd' of 'toy' needs the whole space"):
        space.mutate(space.all, np.zeros((4, 2)), "odd")
    with pytest.raises(NasbenchError, match="no mutation 'odd'"):
        Odd("odd", BASE.decisions, BASE.choices).mutate(space.all, np.zeros((4, 2)), "odd")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_repair_finds_the_nearest_of_the_list(seed: int) -> None:
    """Beyond the neighbours, too: the fewest decisions that differ, then the smallest index, as a search of the whole list finds."""
    rng = np.random.default_rng(seed)
    base = Space("small", ("a", "b", "c", "d"), (tuple("01234"), tuple("01"), tuple("0123"), tuple("0123456")))
    listed = np.sort(rng.choice(base.size, size=int(rng.integers(2, 40)), replace=False))
    space = NarrowedSpace(base, listed)
    given = base.all[rng.integers(0, base.size, size=20)]
    nearest = [space.all[(space.all != one).sum(axis=1).argmin()] for one in given]
    assert space.repair(given).tolist() == [one.tolist() for one in nearest]
