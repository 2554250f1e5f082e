"""Ranking robustness against enumeration of all halves and hand-made conditions."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import kendalltau

from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.robustness import (
    ConditionRobustness,
    Ranking,
    across_conditions,
    half_splits,
    rank_methods,
)


def test_ranking_is_by_mean_and_keeps_ties() -> None:
    got = rank_methods({"a": [3.0, 5.0], "b": [1.0], "c": [4.0, 4.0, 4.0]})
    assert isinstance(got, Ranking)
    assert list(got.means) == ["b", "a", "c"]
    assert got.winners == ("b",)
    tied = rank_methods({"a": [1.0], "b": [1.0]})
    assert isinstance(tied, Ranking)
    assert tied.winners == ("a", "b")


def test_conditions() -> None:
    home = {"a": [1.0, 1.0], "b": [2.0], "c": [3.0]}
    got = across_conditions(
        {
            "home": home,
            "same": {"a": [0.0], "b": [5.0], "c": [9.0]},
            "other": {"a": [5.0], "b": [1.0], "c": [9.0]},
            "shared": {"a": [1.0], "b": [1.0], "c": [9.0]},
            "lacking": {"a": [1.0], "b": [1.0]},
            "broken": {"a": [1.0], "b": [np.nan], "c": [9.0]},
            "flat": {"a": [1.0], "b": [1.0], "c": [1.0]},
        },
        "home",
    )
    assert isinstance(got, ConditionRobustness)
    assert got.winner == "a"
    assert got.survives["same"] is True
    assert got.survives["other"] is False
    assert got.survives["shared"] is False
    assert got.survives["flat"] is False
    lacking, broken, flat = got.survives["lacking"], got.survives["broken"], got.agreement["flat"]
    assert isinstance(lacking, Undefined)
    assert lacking.reason.startswith("c was not run")
    assert isinstance(broken, Undefined)
    assert isinstance(flat, Undefined)
    assert got.agreement["other"] == pytest.approx(kendalltau([1, 2, 3], [5, 1, 9]).statistic)
    assert "home" not in got.survives


def test_no_single_winner_or_no_scores() -> None:
    tied = across_conditions({"x": {"a": [1.0], "b": [1.0]}, "y": {"a": [1.0], "b": [2.0]}}, "x")
    assert isinstance(tied, ConditionRobustness)
    assert isinstance(tied.winner, Undefined)
    assert isinstance(tied.survives["y"], Undefined)
    missing = across_conditions({"x": {"a": []}, "y": {"a": [1.0], "b": [2.0]}}, "x")
    assert isinstance(missing, ConditionRobustness)
    assert isinstance(missing.winner, Undefined)
    assert isinstance(missing.survives["y"], Undefined)
    assert isinstance(across_conditions({"x": {"a": [1.0], "b": [2.0]}}, "z"), Undefined)


def test_half_splits_match_every_half() -> None:
    scores = {"a": np.array([1.0, 5.0, 2.0, 4.0]), "b": np.array([3.0, 3.5, 2.5, 6.0, 1.5])}
    halves = {name: [np.mean(h) for h in combinations(v, v.size // 2)] for name, v in scores.items()}
    exact = np.mean([a < b for a, b in product(halves["a"], halves["b"])])
    got = half_splits(scores, np.random.default_rng(0), splits=40_000)
    assert got == pytest.approx(exact, abs=0.01)


def test_half_splits_that_decide_nothing() -> None:
    rng = np.random.default_rng(1)
    for scores in ({"a": [1.0], "b": [2.0]}, {"a": [1.0, 2.0], "b": [1.0, 2.0]}, {"a": [1.0, 2.0]}, {}):
        assert isinstance(half_splits(scores, rng), Undefined)
    assert half_splits({"a": [1.0, 2.0], "b": [5.0, 9.0]}, rng) == 1.0
