"""Shares: floors hold, pursuit follows what is earned, draws follow the shares."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.hybrid.scheduler import AdaptivePursuit


def test_shares_start_as_told_above_the_floor_and_sum_to_one() -> None:
    scheduler = AdaptivePursuit(
        {"a": 0.8, "b": 0.1, "c": 0.1}, np.random.default_rng(0), min_probability=0.05, learning_rate=0.1
    )
    assert sum(scheduler.probabilities.values()) == pytest.approx(1.0)
    assert scheduler.probabilities["a"] == pytest.approx(0.05 + 0.85 * 0.8)


def test_the_one_that_earns_takes_what_the_floors_leave() -> None:
    scheduler = AdaptivePursuit(
        {"a": 0.8, "b": 0.1, "c": 0.1}, np.random.default_rng(0), min_probability=0.05, learning_rate=0.1
    )
    for _ in range(200):
        scheduler.reward("a", 0.0)
        scheduler.reward("c", 1.0)
        scheduler.reward("stranger", 1.0)
        assert min(scheduler.probabilities.values()) >= 0.05 - 1e-12
        assert sum(scheduler.probabilities.values()) == pytest.approx(1.0)
    assert scheduler.probabilities["c"] == pytest.approx(0.9, abs=1e-6)


def test_rate_zero_keeps_the_shares() -> None:
    scheduler = AdaptivePursuit({"a": 0.7, "b": 0.3}, np.random.default_rng(0), min_probability=0.0, learning_rate=0.0)
    scheduler.reward("b", 1.0)
    assert scheduler.probabilities == {"a": pytest.approx(0.7), "b": pytest.approx(0.3)}


def test_draws_follow_the_shares() -> None:
    """10,000 draws within 4.5 standard errors."""
    scheduler = AdaptivePursuit({"a": 0.7, "b": 0.3}, np.random.default_rng(1), min_probability=0.0, learning_rate=0.0)
    share = np.mean([scheduler.select() == "b" for _ in range(10_000)])
    assert abs(share - 0.3) < 4.5 * np.sqrt(0.21 / 10_000)


def test_one_operator_is_always_asked() -> None:
    assert AdaptivePursuit({"a": 1.0}, np.random.default_rng(0), min_probability=0.2, learning_rate=0.5).select() == "a"
