"""Sets of trade-offs against definitions, exhaustive counts and pymoo."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from pymoo.indicators.igd_plus import IGDPlus
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from nasbench.search import dominance
from nasbench.theory.exact import pareto_sets as sets
from nasbench.theory.families.nsga2.sorting import sort_counting


def test_hypervolume_of_two_boxes_by_hand() -> None:
    points = np.array([[0.1, 0.6], [0.6, 0.1]])
    assert sets.hypervolume(points) == pytest.approx(2 * 1.0 * 0.5 - 0.5 * 0.5)
    assert sets.hypervolume(np.empty((0, 2))) == 0


def test_fronts_are_those_of_pymoo() -> None:
    points = np.random.default_rng(0).random((120, 3))
    levels, _ = sort_counting(-points)
    expected = np.empty(120, dtype=int)
    for level, members in enumerate(NonDominatedSorting().do(points)):
        expected[members] = level
    np.testing.assert_array_equal(levels, expected)
    np.testing.assert_array_equal(dominance.nondominated(points), expected == 0)


def test_inverted_distance_plus_is_that_of_pymoo() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, z = rng.random((5, 3)), rng.random((7, 3))
        assert sets.inverted_distance_plus(a, z) == pytest.approx(IGDPlus(z)(a))


def test_additive_epsilon_is_the_least_shift_that_dominates() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        a, b = rng.random((4, 3)), rng.random((5, 3))
        shift = dominance.additive_epsilon(a, b)
        assert sets.weakly_dominates(a - shift - 1e-12, b)
        assert not sets.weakly_dominates(a - shift + 1e-9, b)


def test_expected_front_size_of_all_pairs_of_rankings() -> None:
    """Exhaustive: the mean over all 5! permutations is the harmonic number H_5."""
    second = np.array(list(permutations(range(5))))
    first = np.broadcast_to(np.arange(5), second.shape)
    sizes = sets.front_sizes_two(first, second)
    assert sizes.mean() == pytest.approx(sum(1 / i for i in range(1, 6)))
    assert sizes.var() == pytest.approx(sum(1 / i - 1 / i**2 for i in range(1, 6)))


def test_front_size_agrees_with_the_front() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.permutation(40), rng.permutation(40)
    size = sets.front_sizes_two(first[None], second[None])[0]
    assert size == dominance.nondominated(np.stack([first, second], axis=1).astype(float)).sum()
