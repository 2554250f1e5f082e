"""Hypervolume improvement against moocore's hypervolume, and the ranking that it gives with one objective."""

from __future__ import annotations

import moocore
import numpy as np
import pytest

from nasbench.hybrid.acquisition import (
    ObjectiveScale,
    hypervolume_improvement,
    nondominated_boxes,
    optimistic_hypervolume_improvement,
)
from nasbench.search.dominance import nondominated


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("levels", [4, 1000])
def test_improvement_is_the_gain_in_hypervolume(m: int, levels: int) -> None:
    """Coarse levels make many ties; fine ones none."""
    rng = np.random.default_rng(m * levels)
    front = rng.integers(levels, size=(25, m)) / levels
    front = front[nondominated(front)]
    reference = np.full(m, 0.9)
    points = np.concatenate([rng.integers(-levels // 4, levels, size=(40, m)) / levels, front[:3]])
    got = hypervolume_improvement(points, nondominated_boxes(front, reference))

    def volume(of: np.ndarray) -> float:
        below = of[(of < reference).all(axis=1)]
        if not len(below):
            return 0.0
        return float(reference[0] - below.min()) if m == 1 else float(moocore.hypervolume(below, ref=reference))

    expected = [volume(np.concatenate([front, point[None]])) - volume(front) for point in points]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_boxes_are_disjoint_and_cover_what_is_not_dominated() -> None:
    rng = np.random.default_rng(0)
    front = rng.random((12, 3))
    lower, upper = nondominated_boxes(front, np.ones(3))
    points = rng.random((2000, 3))
    inside = ((points[:, None] > lower) & (points[:, None] < upper)).all(axis=-1).sum(axis=1)
    dominated = np.asarray((front[None] <= points[:, None]).all(axis=-1)).any(axis=1)
    np.testing.assert_array_equal(inside, (~dominated).astype(int))


def test_empty_front() -> None:
    got = hypervolume_improvement(np.array([[0.5, 0.25], [2.0, 0.0]]), nondominated_boxes(np.empty((0, 2)), np.ones(2)))
    np.testing.assert_allclose(got, [0.375, 0.0])


def test_with_one_objective_it_ranks_as_the_lower_bound_does() -> None:
    bound = np.random.default_rng(1).normal(size=(50, 1))
    worth = optimistic_hypervolume_improvement(bound, np.array([[-0.5]]), 0.3)
    np.testing.assert_array_equal(np.argsort(-worth), np.argsort(bound[:, 0]))


def test_scale_spans_all_that_was_seen() -> None:
    scale = ObjectiveScale.from_points(np.array([[0.0, 4.0, 3.0], [5.0, 9.0, 3.0]]))
    np.testing.assert_allclose(scale(np.array([[2.5, 9.0, 4.0]])), [[0.5, 1.0, 1.0]])
