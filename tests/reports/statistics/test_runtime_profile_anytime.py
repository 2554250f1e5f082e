"""Run time, profiles and anytime areas against closed forms and direct counting."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.anytime import anytime_area
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.profile import performance_profile, score_distribution
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.runtime import expected_running_time, run_time_distribution, simulated_restarts


def times(time: object, observed: object) -> CensoredTimes:
    return CensoredTimes(np.asarray(time, dtype=float), np.asarray(observed, dtype=bool))


NEVER = times([9.0, 9.0], [False, False])


def test_expected_running_time_charges_failures_their_own_cost() -> None:
    assert expected_running_time(times([10, 30, 7], [True, True, False])) == 47 / 2
    assert isinstance(expected_running_time(NEVER), Undefined)
    assert isinstance(expected_running_time(times([], [])), Undefined)


def test_expected_running_time_of_random_search_is_the_geometric_mean_time() -> None:
    queries = np.random.default_rng(0).geometric(0.02, 200_000)
    for budget in (10, 50, 400):  # whatever the budget: restarting a memoryless method costs nothing
        got = expected_running_time(times(np.minimum(queries, budget), queries <= budget))
        assert got == pytest.approx(50.0, rel=0.02)


def test_simulated_restarts_have_the_expected_running_time_as_mean() -> None:
    runs = times([10, 30, 7, 8], [True, True, False, False])
    drawn = simulated_restarts(runs, 200_000, np.random.default_rng(1))
    assert not isinstance(drawn, Undefined)
    assert drawn.mean() == pytest.approx(expected_running_time(runs), rel=0.01)
    assert (drawn == 10).mean() == pytest.approx(0.25, abs=0.005)
    assert (drawn == 17).mean() == pytest.approx(1 / 16, abs=0.003)
    sure = simulated_restarts(times([3, 4], [True, True]), 99, np.random.default_rng(2))
    assert not isinstance(sure, Undefined)
    assert set(sure) == {3.0, 4.0}
    assert isinstance(simulated_restarts(NEVER, 5, np.random.default_rng(3)), Undefined)


def test_run_time_distribution_counts_pairs() -> None:
    easy, hard = times([1, 2, 3, 4], [True] * 4), times([5, 9, 9, 9], [True, False, False, False])
    got = run_time_distribution([easy, hard], [0.0, 2.0, 5.0, 9.0])
    assert not isinstance(got, Undefined)
    assert got == pytest.approx([0.0, 2 / 8, 5 / 8, 5 / 8])
    beyond = run_time_distribution([easy, hard], [10.0])
    assert isinstance(beyond, Undefined)
    assert "stopped at 9" in beyond.reason
    assert isinstance(run_time_distribution([], [1.0]), Undefined)
    assert isinstance(run_time_distribution([easy, times([], [])], [1.0]), Undefined)


def test_performance_profile_by_hand() -> None:
    costs = [[1.0, 4.0, 9.0, np.nan], [2.0, 2.0, np.inf, np.nan]]
    solved = [[True, True, True, False], [True, True, False, False]]
    got = performance_profile(costs, solved, [1.0, 2.0, 100.0])
    assert not isinstance(got, Undefined)
    assert got == pytest.approx(np.array([[0.5, 0.75, 0.75], [0.25, 0.5, 0.5]]))
    nobody = performance_profile(costs, np.zeros((2, 4), dtype=bool), [1.0])
    assert not isinstance(nobody, Undefined)
    assert (nobody == 0).all()
    assert isinstance(performance_profile(np.empty((2, 0)), np.empty((2, 0), dtype=bool), [1.0]), Undefined)
    with pytest.raises(NasbenchError, match="factors"):
        performance_profile([[1.0]], [[True]], [0.5])
    with pytest.raises(NasbenchError, match="positive"):
        performance_profile([[0.0]], [[True]], [1.0])
    with pytest.raises(NasbenchError, match="shape"):
        performance_profile([[1.0]], [[True, False]], [1.0])


def test_score_distribution_counts() -> None:
    scores = np.random.default_rng(4).integers(0, 5, (20, 3)).astype(float)
    got = score_distribution(scores, np.arange(-1.0, 6.0))
    assert not isinstance(got, Undefined)
    assert got == pytest.approx([(scores <= t).mean() for t in np.arange(-1.0, 6.0)])
    assert isinstance(score_distribution([[np.nan]], [0.0]), Undefined)


def test_anytime_area_is_the_integral_of_the_step_function() -> None:
    cost, incumbent = np.array([[1.0, 3.0, 7.0], [0.0, 0.5, 2.0]]), np.array([[5.0, 2.0, 1.0], [9.0, 4.0, 3.0]])
    got = anytime_area(cost, incumbent, 1.0, 10.0)
    assert not isinstance(got, Undefined)
    assert got == pytest.approx([(2 * 5 + 4 * 2 + 3 * 1) / 9, (1 * 4 + 8 * 3) / 9])
    grid = np.geomspace(1.0, 10.0, 200_001)
    grid = np.sqrt(grid[1:] * grid[:-1])
    step = [np.searchsorted(row, grid, side="right") - 1 for row in cost]
    logarithmic = anytime_area(cost, incumbent, 1.0, 10.0, logarithmic=True)
    assert not isinstance(logarithmic, Undefined)
    assert logarithmic == pytest.approx([v[s].mean() for v, s in zip(incumbent, step, strict=True)], rel=1e-4)


def test_anytime_area_without_an_incumbent() -> None:
    late = anytime_area([[1.0], [5.0]], [[2.0], [2.0]], 2.0, 9.0)
    assert isinstance(late, Undefined)
    assert late.reason.startswith("1 of 2 runs")
    assert isinstance(anytime_area([[1.0]], [[np.nan]], 2.0, 9.0), Undefined)
    for cost, start, stop, word in (([[2.0, 1.0]], 2.0, 9.0, "ascend"), ([[0.0, 1.0]], 9.0, 9.0, "range")):
        with pytest.raises(NasbenchError, match=word):
            anytime_area(cost, [[2.0, 1.0]], start, stop)
    with pytest.raises(NasbenchError, match="range"):
        anytime_area([[0.0]], [[1.0]], 0.0, 9.0, logarithmic=True)
    with pytest.raises(NasbenchError, match="shape"):
        anytime_area([[0.0]], [[1.0, 2.0]], 0.0, 9.0)
