"""Rank tests and effect sizes, against exhaustive permutation, scipy, autorank and simulated coverage."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from autorank._util import _cliffs_delta as autorank_delta
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.pairwise import (
    a12,
    cliffs_delta,
    probability_of_improvement,
    rank_sum,
    sign_flip,
    wilcoxon_all_pairs,
    wilcoxon_signed_rank,
)
from nasbench.reports.statistics.result import Estimate, HypothesisTest, Interval, Undefined


def test_signed_rank_matches_every_sign_flip() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=9), rng.normal(0.6, size=9)
    got = wilcoxon_signed_rank(x, y)
    assert isinstance(got, HypothesisTest)
    rank = stats.rankdata(np.abs(x - y))
    sums = np.array([sum(r for r, s in zip(rank, signs, strict=True) if s) for signs in product((0, 1), repeat=9)])
    lowest = min(rank[x > y].sum(), rank[x < y].sum())
    assert got.statistic == lowest
    assert got.p_value == pytest.approx(min(1.0, 2 * (sums <= lowest).mean()))
    assert got.n == 9


def test_signed_rank_with_ties_is_the_corrected_normal() -> None:
    x, y = np.array([1.0, 2, 3, 4, 5, 6, 7, 8]), np.array([2.0, 2, 5, 3, 7, 7, 9, 8])
    got = wilcoxon_signed_rank(x, y)
    assert isinstance(got, HypothesisTest)
    assert got.n == 6  # two pairs are equal
    rank = stats.rankdata(np.abs(x - y)[x != y])
    z = (rank[(x > y)[x != y]].sum() - rank.sum() / 2) / np.sqrt((rank**2).sum() / 4)
    assert got.p_value == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_sign_flip_matches_every_sign_flip_and_scipy() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.exponential(size=10), rng.exponential(0.5, size=10)
    got = sign_flip(x, y, np.random.default_rng(1), resamples=40_000)
    assert isinstance(got, HypothesisTest)
    every = np.array([np.dot(signs, x - y) for signs in product((-1, 1), repeat=10)])
    exact = (np.abs(every) >= abs((x - y).sum()) - 1e-12).mean()
    theirs = stats.permutation_test(
        (x, y), lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert theirs.pvalue == pytest.approx(exact)
    assert got.p_value == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / 40_000))
    assert got.statistic == pytest.approx((x - y).mean())


def test_sign_flip_of_equal_pairs_shows_nothing_and_needs_pairs() -> None:
    same = sign_flip([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], np.random.default_rng(0))
    assert isinstance(same, HypothesisTest) and same.p_value == 1.0
    assert isinstance(sign_flip([1.0], [2.0], np.random.default_rng(0)), Undefined)
    assert isinstance(sign_flip([1.0, 2.0], [2.0, 3.0, 4.0], np.random.default_rng(0)), Undefined)


def test_rank_sum_matches_every_split() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=5), rng.normal(1.0, size=6)
    got = rank_sum(x, y)
    assert isinstance(got, HypothesisTest)
    rank = stats.rankdata(np.concatenate([x, y]))
    sums = np.array([sum(rank[list(chosen)]) for chosen in combinations(range(11), 5)]) - 15
    centre = 15.0
    assert got.statistic == pytest.approx(rank[:5].sum() - 15)
    assert got.p_value == pytest.approx((np.abs(sums - centre) >= abs(got.statistic - centre) - 1e-9).mean())


def test_rank_sum_with_ties_and_unequal_counts() -> None:
    x, y = [1.0, 1, 2, 3, 3], [2.0, 3, 3, 4, 4, 4, 5]
    got = rank_sum(x, y)
    theirs = stats.ranksums(x, y)  # no tie correction, so only near
    assert isinstance(got, HypothesisTest)
    assert got.method.endswith("normal")
    assert got.p_value == pytest.approx(theirs.pvalue, abs=0.02)


def test_effect_sizes_match_autorank_and_counting() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 10, 25).astype(float), rng.integers(2, 12, 40).astype(float)
    effect, delta = a12(x, y), cliffs_delta(x, y)
    assert isinstance(effect, Estimate)
    assert isinstance(delta, Estimate)
    counted = np.mean([(a > b) + 0.5 * (a == b) for a in x for b in y])
    assert effect.value == pytest.approx(counted)
    assert delta.value == pytest.approx(2 * counted - 1)
    assert delta.value == pytest.approx(autorank_delta(x, y))
    assert isinstance(effect.interval, Interval)
    assert isinstance(delta.interval, Interval)
    assert delta.interval.lower == pytest.approx(2 * effect.interval.lower - 1)


def test_a12_interval_solves_the_score_equation_and_survives_separation() -> None:
    x, y = np.arange(10.0), np.arange(10.0) + 100
    apart = a12(y, x)
    assert isinstance(apart, Estimate)
    assert isinstance(apart.interval, Interval)
    assert (apart.value, apart.interval.upper) == (1.0, 1.0)
    theta, z = apart.interval.lower, stats.norm.ppf(0.975)
    assert 0.6 < theta < 0.9
    variance = theta * (1 - theta) / 100 * (1 + 9 * ((1 - theta) / (2 - theta) + theta / (1 + theta)))
    assert (theta - 1.0) ** 2 == pytest.approx(z**2 * variance)
    mirrored = a12(x, y)
    assert isinstance(mirrored, Estimate)
    assert isinstance(mirrored.interval, Interval)
    assert mirrored.interval.upper == pytest.approx(1 - theta)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.2])
def test_a12_coverage_is_within_93_to_97(shift: float) -> None:
    """n = 30 each; truth 94.8 to 95.2%, standard error 0.5."""
    rng = np.random.default_rng(3)
    truth = stats.norm.cdf(shift / np.sqrt(2))
    hits = 0
    for x, y in zip(rng.normal(shift, size=(2000, 30)), rng.normal(size=(2000, 30)), strict=True):
        got = a12(x, y)
        assert isinstance(got, Estimate)
        assert isinstance(got.interval, Interval)
        hits += got.interval.lower <= truth <= got.interval.upper
    assert 93.0 <= hits / 20 <= 97.0


@pytest.mark.parametrize(("shift", "spread"), [(0.5, 1.0), (2.0, 4.0)])
def test_improvement_coverage_is_within_93_to_97(shift: float, spread: float) -> None:
    """n = 30 each, two tasks, also with unequal spread; standard error 0.56."""
    rng = np.random.default_rng(4)
    truth = stats.norm.cdf(shift / np.hypot(1.0, spread))
    hits = 0
    for x, y in zip(rng.normal(size=(1500, 30, 2)), rng.normal(shift, spread, size=(1500, 30, 2)), strict=True):
        got = probability_of_improvement(x, y, rng, resamples=400)
        assert isinstance(got, Estimate)
        assert isinstance(got.interval, Interval)
        hits += got.interval.lower <= truth <= got.interval.upper
    assert 93.0 <= hits / 15 <= 97.0


def test_improvement_is_one_minus_a12_and_averages_tasks() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 6, (12, 3)).astype(float), rng.integers(0, 6, (9, 3)).astype(float)
    got = probability_of_improvement(x, y, rng)
    assert isinstance(got, Estimate)
    effects = [a12(x[:, task], y[:, task]) for task in range(3)]
    assert got.value == pytest.approx(1 - np.mean([e.value for e in effects if isinstance(e, Estimate)]))
    assert got.n == 9


def test_degenerate_pairs() -> None:
    rng = np.random.default_rng(6)
    same = np.ones(5)
    for outcome in (
        wilcoxon_signed_rank(same, same),
        wilcoxon_signed_rank(np.arange(3.0), np.arange(4.0)),
        wilcoxon_signed_rank([], []),
        rank_sum(same, same),
        rank_sum([], same),
        a12([], same),
        cliffs_delta([np.nan], same),
        probability_of_improvement(np.empty((0, 2)), np.ones((3, 2)), rng),
    ):
        assert isinstance(outcome, Undefined), outcome
        assert outcome.reason
    one = wilcoxon_signed_rank([1.0], [2.0])
    assert isinstance(one, HypothesisTest)
    assert one.p_value == 1.0
    for estimate in (
        a12([1.0], same),
        probability_of_improvement([[1.0]], [[2.0]], rng),
        probability_of_improvement(np.zeros((5, 2)), np.ones((5, 2)), rng),
        probability_of_improvement(np.ones((5, 2)), np.ones((5, 2)), rng),
    ):
        assert isinstance(estimate, Estimate)
        assert isinstance(estimate.interval, Undefined)
    tied = a12(same, same)
    assert isinstance(tied, Estimate)
    assert tied.value == 0.5
    with pytest.raises(NasbenchError, match="tasks"):
        probability_of_improvement(np.ones((3, 2)), np.ones((3, 3)), rng)


def test_improvement_interval_matches_resampling_the_runs_themselves() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 8, (25, 2)).astype(float), rng.integers(0, 9, (20, 2)).astype(float)
    got = probability_of_improvement(x, y, rng, resamples=20_000)
    assert isinstance(got, Estimate)
    assert isinstance(got.interval, Interval)
    replicates = []
    for _ in range(4000):
        pairs = [(x[rng.integers(25, size=25), t], y[rng.integers(20, size=20), t]) for t in range(2)]
        replicates.append(np.mean([((a[:, None] < b) + 0.5 * (a[:, None] == b)).mean() for a, b in pairs]))
    assert (got.interval.lower + got.interval.upper) / 2 == pytest.approx(np.mean(replicates), abs=0.01)
    width = 2 * stats.t.ppf(0.975, 38) * np.sqrt(20 / 19) * np.std(replicates)
    assert got.interval.upper - got.interval.lower == pytest.approx(width, rel=0.06)


def test_all_pairs_at_once_are_the_tests_of_each_pair() -> None:
    rng = np.random.default_rng(5)
    tied = rng.integers(0, 4, 20).astype(float)
    samples = [rng.normal(size=20), rng.normal(size=20), tied, tied + rng.integers(0, 2, 20), tied.copy()]
    found = wilcoxon_all_pairs(samples)
    assert list(found) == [(i, j) for i in range(5) for j in range(i + 1, 5)]
    assert found == {(i, j): wilcoxon_signed_rank(samples[i], samples[j]) for i, j in found}
    names = {test.method for test in found.values() if not isinstance(test, Undefined)}
    assert len(names) == 2 and isinstance(found[2, 4], Undefined)
