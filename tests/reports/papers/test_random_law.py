"""Random search in closed form against exact enumeration on small spaces and simulation on the real one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import pytest

from nasbench.reports.papers.random_search_distribution import law_of_queries, law_of_time


def first_best(signal: Sequence[float], drawn: Sequence[int]) -> int:
    return max(drawn, key=lambda i: (signal[i], -drawn.index(i)))


@pytest.mark.parametrize("signal", [(3.0, 1.0, 2.0, 0.5), (1.0, 2.0, 2.0, 0.0), (1.0, 1.0, 1.0, 1.0)])
def test_query_law_is_that_of_all_sequences(signal: tuple[float, ...]) -> None:
    n = 5
    exact = np.zeros(len(signal))
    for drawn in product(range(len(signal)), repeat=n):
        exact[first_best(signal, drawn)] += 1 / len(signal) ** n
    assert law_of_queries(np.array(signal), n).weights == pytest.approx(exact, abs=1e-12)


def enumerated(signal: Sequence[float], cost: Sequence[int], budget: int, crossing_counts: bool) -> np.ndarray:
    """Law of the incumbent by recursion over (spent, incumbent)."""

    @cache
    def after(spent: int, best: int) -> tuple[float, ...]:
        if spent >= budget:
            return tuple(float(i == best) for i in range(len(signal)))
        total = np.zeros(len(signal))
        for i, price in enumerate(cost):
            counted = crossing_counts or spent + price <= budget
            better = best < 0 or signal[i] > signal[best]
            total += np.array(after(spent + price, i if counted and better else best)) / len(cost)
        return tuple(total)

    return np.array(after(0, -1))


@pytest.mark.parametrize("crossing_counts", [True, False])
def test_time_law_is_that_of_all_sequences(crossing_counts: bool) -> None:
    # Costs fall on grid points (4,000 steps for 20 units), so nothing is rounded.
    signal, cost, budget = (3.0, 1.0, 2.0, 0.5, 2.5), (7, 2, 4, 1, 5), 20
    law = law_of_time(np.array(signal), np.array(cost, float), budget, crossing_counts=crossing_counts)
    assert law.weights == pytest.approx(enumerated(signal, cost, budget, crossing_counts), abs=1e-9)


def test_the_two_rules_about_crossing_differ() -> None:
    signal, cost = np.array([3.0, 1.0]), np.array([7.0, 4.0])
    counted, dropped = (law_of_time(signal, cost, 10.0, crossing_counts=rule).weights[0] for rule in (True, False))
    assert counted > dropped + 0.05


def test_equal_costs_make_time_a_number_of_queries() -> None:
    signal = np.random.default_rng(1).permutation(40).astype(float)
    law = law_of_time(signal, np.full(40, 2.0), 20.0)
    assert law.weights == pytest.approx(law_of_queries(signal, 10).weights, abs=1e-9)


def test_mean_and_deviation() -> None:
    law = law_of_queries(np.array([1.0, 2.0]), 1)
    assert law.mean(np.array([10.0, 20.0])) == pytest.approx(15.0)
    assert law.deviation(np.array([10.0, 20.0])) == pytest.approx(5.0)


def test_agrees_with_direct_simulation_where_costs_vary() -> None:
    rng = np.random.default_rng(5)
    n, budget, runs = 300, 1_000.0, 20_000
    signal, cost = rng.normal(size=n), rng.uniform(20.0, 120.0, size=n)
    law = law_of_time(signal, cost, budget)
    drawn = rng.integers(0, n, (runs, 60))
    begun = np.cumsum(cost[drawn], axis=1) - cost[drawn] < budget
    best = drawn[np.arange(runs), np.where(begun, signal[drawn], -np.inf).argmax(axis=1)]
    error = signal[best].std() / np.sqrt(runs)
    # One comparison at 4 standard errors: wrong with probability 6e-5, and the seed is fixed.
    assert abs(signal[best].mean() - law.mean(signal)) < 4 * error
