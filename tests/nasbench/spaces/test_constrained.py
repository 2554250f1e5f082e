from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from nasbench.errors import NasbenchError
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Space

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


def test_mutation_has_the_law_of_the_product_given_feasibility(space: NarrowedSpace) -> None:
    """From (x, 0): decision a with 1/2, to y (infeasible) or z; decision b with 1/2. So z has 1/4 against 1/2."""
    parents = np.zeros((6000, 2), dtype=np.int8)
    children = space.mutate(parents, np.random.default_rng(2).random((6000, 2)))
    assert space.is_feasible(children).all()
    counts = [int((children == child).all(axis=1).sum()) for child in ([2, 0], [0, 1])]
    assert sum(counts) == 6000
    assert chisquare(counts, [2000, 4000]).pvalue > 1e-6


def test_an_isolated_architecture_mutates_to_the_nearest() -> None:
    space = NarrowedSpace(BASE, np.array([0, 3, 5]))  # (x, 0), (y, 1), (z, 1)
    children = space.mutate(np.zeros((100, 2), dtype=np.int8), np.random.default_rng(3).random((100, 2)))
    assert {tuple(child) for child in children.tolist()} == {(1, 1), (2, 1)}


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
    with pytest.raises(NasbenchError, match="no mutation 'odd'"):
        space.mutate(space.all, np.zeros((4, 2)), "odd")
