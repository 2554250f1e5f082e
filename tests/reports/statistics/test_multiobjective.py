"""Front indicators against pymoo, inclusion-exclusion, and attainment by counting on a grid."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from pymoo.indicators.hv import HV
from pymoo.indicators.igd_plus import IGDPlus

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.multiobjective import (
    additive_epsilon,
    attainment_surface,
    coverage,
    hypervolume,
    igd_plus,
)
from nasbench.reports.statistics.result import Undefined


@pytest.mark.parametrize("objectives", [2, 3])
def test_indicators_match_pymoo_and_their_definitions(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    for _ in range(5):
        front, true = rng.random((9, objectives)), 0.5 * rng.random((12, objectives))
        corner = np.full(objectives, 0.9)
        got = hypervolume(front, corner)
        inside = front[(front < corner).all(axis=1)]
        boxes = 0.0  # inclusion and exclusion over all subsets
        for size in range(1, len(inside) + 1):
            for chosen in combinations(inside, size):
                boxes -= (-1) ** size * np.prod(corner - np.max(chosen, axis=0))
        assert got == pytest.approx(boxes)
        assert got == pytest.approx(HV(ref_point=corner)(front))
        assert igd_plus(front, true) == pytest.approx(IGDPlus(true)(front))
        worst = max(min((point - target).max() for point in front) for target in true)
        assert additive_epsilon(front, true) == pytest.approx(worst)


def test_coverage_of_the_true_front() -> None:
    true = np.array([[0.0, 3.0], [1.0, 1.0], [3.0, 0.0]])
    assert coverage([[1.0, 1.0], [3.0, 0.5]], true) == pytest.approx(1 / 3)
    assert coverage([[1.0, 1.0], [3.0, 0.5]], true, tolerance=0.5) == pytest.approx(2 / 3)
    assert coverage(true, true) == 1.0
    assert additive_epsilon(true, true) == igd_plus(true, true) == 0.0


@pytest.mark.parametrize("objectives", [2, 3])
@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.6, 1.0])
def test_attainment_surface_by_counting(objectives: int, fraction: float) -> None:
    rng = np.random.default_rng(7)
    fronts = [rng.integers(0, 6, (4, objectives)).astype(float) for _ in range(5)]
    got = attainment_surface(fronts, fraction)
    assert not isinstance(got, Undefined)
    cells = np.stack(np.meshgrid(*[np.arange(6.0)] * objectives), axis=-1).reshape(-1, objectives)
    attained = np.mean([(f[:, None] <= cells).all(axis=-1).any(axis=0) for f in fronts], axis=0) >= fraction - 1e-9
    reached = cells[attained]
    beaten = ((reached[:, None] <= reached).all(axis=-1) & (reached[:, None] < reached).any(axis=-1)).any(axis=0)
    minimal = {tuple(point) for point in reached[~beaten]}
    assert {tuple(point) for point in got} == minimal


def test_an_empty_front_is_a_run_that_attains_nothing() -> None:
    fronts = [[[1.0, 2.0]], [[2.0, 1.0]], []]
    median = attainment_surface(fronts, 0.5)
    assert not isinstance(median, Undefined)
    assert median.tolist() == [[2.0, 2.0]]
    everyone = attainment_surface(fronts, 1.0)
    assert isinstance(everyone, Undefined)
    assert everyone.reason.startswith("2 of 3 runs")
    assert isinstance(attainment_surface([], 0.5), Undefined)
    assert isinstance(attainment_surface([[[np.nan, 1.0]]], 0.5), Undefined)


def test_degenerate_fronts() -> None:
    assert hypervolume([], [1.0, 1.0]) == 0.0
    assert hypervolume([[2.0, 0.0]], [1.0, 1.0]) == 0.0
    assert isinstance(hypervolume([[np.nan, 0.0]], [1.0, 1.0]), Undefined)
    for indicator in (igd_plus, additive_epsilon, coverage):
        nothing = indicator([], [[0.0, 1.0]])
        assert isinstance(nothing, Undefined)
        assert nothing.reason == "the front is empty"
        assert isinstance(indicator([[0.0, 1.0]], []), Undefined)
        with pytest.raises(NasbenchError, match="objectives"):
            indicator([[0.0, 1.0]], [[0.0, 1.0, 2.0]])
    with pytest.raises(NasbenchError, match="objectives"):
        hypervolume([[0.0, 1.0]], [1.0, 1.0, 1.0])
    with pytest.raises(NasbenchError, match="infinite"):
        hypervolume([[0.0, -np.inf]], [1.0, 1.0])
    with pytest.raises(NasbenchError, match="fraction"):
        attainment_surface([[[0.0, 1.0]]], 0.0)
    with pytest.raises(NasbenchError, match="two or three"):
        attainment_surface([[[0.0, 1.0, 2.0, 3.0]]], 0.5)
