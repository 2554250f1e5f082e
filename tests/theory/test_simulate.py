"""Simulators: what they do by definition, apart from the laws that claims hold them to."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.landscape import Landscape

TABLE = Landscape(np.random.default_rng(7).random(4**3), (4,) * 3)


def test_one_plus_one_from_a_target_takes_one_evaluation() -> None:
    start = np.full(5, TABLE.order[0])
    np.testing.assert_array_equal(simulate.one_plus_one(np.random.default_rng(0), TABLE, 1, 5, start=start), 1)


def test_the_horizon_leaves_a_run_infinite() -> None:
    times = simulate.one_plus_one(np.random.default_rng(0), TABLE, 1, 200, horizon=5)
    assert np.isinf(times).any() and times[np.isfinite(times)].max() <= 5


@pytest.mark.parametrize(
    "step",
    [simulate.first_improvement_step, simulate.steepest_step, simulate.Randomised(15)],
    ids=["first", "best", "rls"],
)
def test_steps_move_to_better_neighbours_or_give_up(step: simulate.Step) -> None:
    current = np.arange(TABLE.size)
    onward, spent, hit = step(np.random.default_rng(1), TABLE, current, 2)
    moved = onward >= 0
    assert (TABLE.rank[onward[moved]] < TABLE.rank[current[moved]]).all()
    differ = (TABLE.architectures[onward[moved]] != TABLE.architectures[current[moved]]).sum(axis=1)
    assert (differ == 1).all()
    assert (spent >= 1).all()
    assert not hit[~moved].any() and (TABLE.rank[onward[hit]] < 2).all()


def test_steepest_takes_the_best_neighbour_and_stops_only_at_optima() -> None:
    current = np.arange(TABLE.size)
    onward, spent, hit = simulate.steepest_step(np.random.default_rng(1), TABLE, current, 1)
    best = TABLE.rank[TABLE.neighbours].min(axis=1)
    moved = onward >= 0
    np.testing.assert_array_equal(TABLE.rank[onward[moved]], best[moved])
    np.testing.assert_array_equal(moved, best < TABLE.rank)
    assert (spent[~hit] == 9).all()


def test_plus_never_gets_worse_and_comma_does() -> None:
    plus = simulate.selected_of_offspring(np.random.default_rng(2), TABLE, 50, 2, 40, elitist=True)
    comma = simulate.selected_of_offspring(np.random.default_rng(2), TABLE, 50, 2, 40, elitist=False)
    assert np.diff(plus, axis=1).max() <= 0 < np.diff(comma, axis=1).max()


def test_regularized_evolution_keeps_the_last_queries() -> None:
    """The population is always the last P queries, so its best is their rolling minimum."""
    queried, best = simulate.regularized_evolution(
        np.random.default_rng(3), TABLE, 40, population=6, sample=2, queries=60
    )
    assert queried.shape == (40, 60)
    rolling = np.lib.stride_tricks.sliding_window_view(queried, 6, axis=1).min(axis=2)
    np.testing.assert_array_equal(best, rolling)


def test_a_spared_best_is_never_lost() -> None:
    _, best = simulate.regularized_evolution(
        np.random.default_rng(3), TABLE, 40, population=6, sample=2, queries=60, spare_best=True
    )
    assert np.diff(best, axis=1).max() <= 0


def test_a_run_of_local_search_costs_at_least_its_start() -> None:
    times = simulate.restarted(np.random.default_rng(4), TABLE, TABLE.size, 30, simulate.first_improvement_step)
    np.testing.assert_array_equal(times, 1)
