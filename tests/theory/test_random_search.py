"""Random search's laws against enumeration of every order of small spaces, and against the reference table."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.theory.exact import random_search as law
from nasbench.theory.exact.landscape import column, load
from nasbench.theory.exact.simulation import draws_without_replacement, target_times

ORDERS = np.array(list(permutations(range(6))))


@pytest.mark.parametrize("draws", [1, 2, 4, 6])
def test_best_rank_by_enumeration(draws: int) -> None:
    counted = np.bincount(ORDERS[:, :draws].min(axis=1), minlength=6) / len(ORDERS)
    np.testing.assert_allclose(law.best_rank_pmf(6, draws), counted, atol=1e-12)


@pytest.mark.parametrize("draws", [1, 3, 5])
def test_best_rank_with_replacement_by_enumeration(draws: int) -> None:
    every = np.array(list(product(range(4), repeat=draws)))
    counted = np.bincount(every.min(axis=1), minlength=4) / len(every)
    np.testing.assert_allclose(law.best_rank_pmf_with_replacement(4, draws), counted, atol=1e-12)


@pytest.mark.parametrize("targets", [1, 2, 5, 6])
def test_time_by_enumeration(targets: int) -> None:
    times = (targets > ORDERS).argmax(axis=1) + 1
    counted = [(times <= t).mean() for t in range(8)]
    np.testing.assert_allclose(law.time_cdf(6, targets, range(8)), counted, atol=1e-12)
    mean, variance = law.time_moments(6, targets)
    assert mean == pytest.approx(times.mean()) and variance == pytest.approx(times.var())


def test_seconds_by_enumeration() -> None:
    costs = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    spent = [costs[order[: (order < 2).argmax() + 1]].sum() for order in ORDERS]
    mean, variance = law.seconds_to_target(costs, 2)
    assert mean == pytest.approx(np.mean(spent)) and variance == pytest.approx(np.var(spent))


def test_incumbent_by_enumeration() -> None:
    quantity = np.array([5.0, -1.0, 2.0, 8.0, 0.0, 3.0])
    seen = quantity[ORDERS[:, :3].min(axis=1)]
    assert law.expected_of_incumbent(quantity, 3) == pytest.approx(seen.mean())
    assert law.variance_of_incumbent(quantity, 3) == pytest.approx(seen.var())


def test_large_spaces_do_not_overflow() -> None:
    pmf = law.best_rank_pmf(2_000_000, 1_000)
    assert pmf.sum() == pytest.approx(1, abs=1e-6)
    assert law.time_moments(15_625, 16)[0] == pytest.approx(15_626 / 17)


@pytest.mark.parametrize("bad", [0, 7])
def test_impossible_numbers_are_refused(bad: int) -> None:
    with pytest.raises(NasbenchError, match="between 1 and 6"):
        law.best_rank_pmf(6, bad)
    with pytest.raises(NasbenchError, match="between 1 and 6"):
        law.time_moments(6, bad)


def test_samplers_draw_each_index_once() -> None:
    drawn = draws_without_replacement(np.random.default_rng(0), 30, 30, 400)
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.broadcast_to(np.arange(30), (400, 30)))
    times = target_times(np.random.default_rng(0), 30, 29, 400)
    assert set(times) <= {1, 2}


@pytest.mark.parametrize(
    ("dataset", "regrets"),
    [
        ("cifar10", (2.51, 1.69, 1.19, 0.88)),
        ("cifar100", (4.78, 3.27, 2.28, 1.62)),
        ("ImageNet16-120", (4.97, 3.66, 2.79, 2.18)),
    ],
)
def test_expected_regret_of_the_reference_table(dataset: str, regrets: tuple[float, ...]) -> None:
    ranked = np.sort(load(dataset, 12).values)
    found = [law.expected_regret(ranked, queries) for queries in (25, 50, 100, 200)]
    np.testing.assert_allclose(found, regrets, atol=0.005)


def test_expected_test_accuracy_agrees_with_simulated_searches() -> None:
    """Concomitants: 2,000 searches of 100 queries by 12-epoch validation, scored by 200-epoch test; four standard errors."""
    order = load("cifar10", 12).order
    test = column("cifar10", "accuracy", "test", 200, table="nas-bench-201-reference")[order]
    best = draws_without_replacement(np.random.default_rng(4), len(test), 100, 2_000).min(axis=1)
    error = np.sqrt(law.variance_of_incumbent(test, 100) / 2_000)
    assert abs(test[best].mean() - law.expected_of_incumbent(test, 100)) < 4 * error
