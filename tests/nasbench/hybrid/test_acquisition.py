"""Hypervolume improvement against moocore's hypervolume, and the ranking that it gives with one objective."""

from __future__ import annotations

import moocore
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from nasbench.hybrid.acquisition import (
    ObjectiveScale,
    hypervolume_improvement,
    log_expected_improvement,
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


def test_logarithm_of_the_expected_improvement_near_and_far_from_the_incumbent() -> None:
    """Against its definition; where that has no digits left, it still rises with the deviation and falls with the mean."""
    mean, deviation = (grid.ravel() for grid in np.meshgrid([-3.0, -0.2, 0.0, 0.4, 2.0, 9.0], [0.3, 1.0, 4.0]))
    got = log_expected_improvement(mean, deviation, 0.0)
    inside = got > -100
    assert inside.sum() > 12
    for m, s, value in zip(mean[inside], deviation[inside], got[inside], strict=True):
        scale = norm.pdf(max(m, 0.0), m, s) if m > 0 else 1.0
        integral = quad(lambda f, m=m, s=s, scale=scale: -f * norm.pdf(f, m, s) / scale, min(m, 0.0) - 9 * s, 0.0)[0]
        assert value == pytest.approx(np.log(integral) + np.log(scale), rel=1e-6, abs=1e-8)
    for deviations in (np.full(400, 0.1), np.zeros(400)):
        far = log_expected_improvement(np.linspace(-1.0, 1e5, 400), deviations, 0.0)
        assert np.isfinite(far).all() and (np.diff(far) < 0).all()
    wider = log_expected_improvement(np.full(400, 50.0), np.linspace(1e-3, 2.0, 400), 0.0)
    assert np.isfinite(wider).all() and (np.diff(wider) > 0).all()


def test_scale_spans_all_that_was_seen() -> None:
    scale = ObjectiveScale.from_points(np.array([[0.0, 4.0, 3.0], [5.0, 9.0, 3.0]]))
    np.testing.assert_allclose(scale(np.array([[2.5, 9.0, 4.0]])), [[0.5, 1.0, 1.0]])
