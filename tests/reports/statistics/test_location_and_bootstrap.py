"""Location statistics and bootstrap intervals, against scipy, exhaustive resampling and simulated coverage."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.reports.statistics import bootstrap, location
from nasbench.reports.statistics.result import Estimate, Interval, Undefined

SIMULATIONS = 1500  # standard error of a simulated coverage of 95%: 0.56 points


def bounds(outcome: Estimate | Undefined) -> Interval:
    assert isinstance(outcome, Estimate)
    assert isinstance(outcome.interval, Interval)
    return outcome.interval


def test_location_matches_scipy_and_broadcasts() -> None:
    scores = np.random.default_rng(0).normal(size=(7, 30, 3))
    iqm = location.interquartile_mean(scores)
    assert np.allclose(iqm, [stats.trim_mean(block, 0.25, axis=None) for block in scores])
    assert np.allclose(location.median(scores), [np.median(block) for block in scores])
    assert np.allclose(location.median_of_task_means(scores), [np.median(block.mean(axis=0)) for block in scores])
    assert np.allclose(location.mean(scores), scores.mean(axis=(1, 2)))
    # Agarwal et al.: target - mean(min(score, target)), for scores that are maximised
    gap = location.optimality_gap(0.2)(scores)
    assert np.allclose(gap, [-0.2 - np.minimum(-block, -0.2).mean() for block in scores])


def test_bounds_of_the_median_are_the_order_statistics_of_the_tables() -> None:
    """Conover's example of n = 16 by hand: P(Bin(16, 1/2) <= 11) = 0.962, <= 10 = 0.895, so the 12th and the 5th value."""
    assert location.median_bounds(np.arange(1.0, 17.0)) == (5.0, 12.0)
    assert location.median_bounds(np.arange(1.0, 101.0)) == (42.0, 59.0)
    assert isinstance(location.median_bounds(np.arange(4.0)), Undefined)
    never = location.median_bounds(np.array([1.0, 2.0, 3.0, *[np.inf] * 5]))
    assert never == (2.0, np.inf)


def test_bounds_of_the_median_cover_at_least_their_level() -> None:
    """Exact or wide, whatever the law: 2,000 simulated samples, so 94% leaves two standard errors."""
    rng = np.random.default_rng(8)
    for sample, true in ((rng.exponential(size=(2000, 30)), np.log(2)), (rng.geometric(0.1, size=(2000, 30)), 7.0)):
        found = [location.median_bounds(values) for values in sample]
        lower, upper = np.array([f for f in found if not isinstance(f, Undefined)]).T
        assert (upper >= true).mean() >= 0.94 and (lower <= true).mean() >= 0.94


@pytest.mark.parametrize("size", range(1, 10))
def test_interquartile_mean_of_few_values(size: int) -> None:
    values = np.arange(size, dtype=float)[:, None] ** 2
    assert location.interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25, axis=None))


def test_resample_counts_are_multinomial() -> None:
    counts = bootstrap.resample_counts(5, 20_000, np.random.default_rng(1))
    assert (counts.sum(axis=1) == 5).all()
    assert np.allclose(counts.mean(axis=0), 1.0, atol=0.03)
    assert np.allclose(np.cov(counts.T), np.eye(5) - 0.2, atol=0.04)  # n (diag(p) - p p')


def test_percentile_agrees_with_all_resamples() -> None:
    sample = np.array([0.0, 1.0, 3.0, 7.0, 20.0])
    every = np.array([np.mean(draw) for draw in product(sample, repeat=5)])
    got = bounds(bootstrap.interval(sample, np.mean, np.random.default_rng(2), method="percentile", resamples=200_000))
    assert (got.lower, got.upper) == pytest.approx(np.quantile(every, [0.025, 0.975]), abs=0.21)


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_interval_agrees_with_scipy(statistic: Any, method: Any) -> None:
    sample = np.random.default_rng(3).exponential(size=40)
    rng = np.random.default_rng(4)
    ours = bounds(bootstrap.interval(sample, statistic, rng, method=method, resamples=100_000))
    theirs = stats.bootstrap(
        (sample,), statistic, n_resamples=100_000, method=method, rng=np.random.default_rng(5), batch=10_000
    ).confidence_interval
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_bca_of_two_samples_agrees_with_scipy() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.exponential(size=20), rng.exponential(size=30)
    theirs = stats.bootstrap(
        (x, y),
        lambda a, b, axis: a.mean(axis=axis) / b.mean(axis=axis),
        n_resamples=50_000,
        method="BCa",
        rng=np.random.default_rng(7),
    )
    left_x, left_y = (x.sum() - x) / 19, (y.sum() - y) / 29
    jackknife = [left_x / y.mean(), x.mean() / left_y]
    levels = bootstrap.bca_probabilities(theirs.bootstrap_distribution, x.mean() / y.mean(), jackknife, [0.025, 0.975])
    assert not isinstance(levels, Undefined)
    ours = np.quantile(theirs.bootstrap_distribution, levels)
    assert ours == pytest.approx([theirs.confidence_interval.low, theirs.confidence_interval.high], rel=1e-3)


def test_stratified_mean_matches_its_normal_theory() -> None:
    # With known strata the interval of a mean is Student's; the expanded percentile reproduces it for a normal-looking sample.
    scores = stats.norm.ppf((np.arange(60) + 0.5) / 60)[:, None] * np.array([1.0, 3.0]) + np.array([0.0, 10.0])
    got = bounds(bootstrap.stratified(scores, location.mean, np.random.default_rng(8), resamples=100_000))
    error = np.sqrt((scores.var(axis=0, ddof=1) / 60).sum()) / 2
    reach = stats.t.ppf(0.975, 118) * error
    assert (got.lower, got.upper) == pytest.approx((5.0 - reach, 5.0 + reach), abs=0.01)


COVERAGE = [  # law, method, honest coverage at n = 30 in percent (as the module states it)
    ("normal", "percentile", 93.5),
    ("normal", "bca", 93.2),
    ("normal", "studentised", 94.9),
    ("exponential", "percentile", 91.3),
    ("exponential", "bca", 92.1),
    ("exponential", "studentised", 94.2),
    ("lognormal", "studentised", 91.4),
    ("exponential", "median", 93.8),
]


@pytest.mark.parametrize(("law", "method", "stated"), COVERAGE)
def test_coverage_is_as_stated(law: str, method: str, stated: float) -> None:
    """Three standard errors of this simulation and the stated one: a right figure fails in 0.3% of seeds."""
    rng = np.random.default_rng(9)
    truth = {"normal": 0.0, "exponential": 1.0, "lognormal": float(np.exp(0.5))}[law]
    hits = 0
    for sample in getattr(rng, "standard_normal" if law == "normal" else law)(size=(SIMULATIONS, 30)):
        if method == "studentised":
            got = bounds(bootstrap.studentised_mean(sample, rng, resamples=1000))
        elif method == "median":
            truth = float(np.log(2.0))
            got = bounds(bootstrap.interval(sample, np.median, rng, resamples=400))
        else:
            got = bounds(bootstrap.interval(sample, np.mean, rng, method=method, resamples=1000))  # type: ignore[arg-type]
        hits += got.lower <= truth <= got.upper
    assert 100 * hits / SIMULATIONS == pytest.approx(stated, abs=3 * 100 * np.sqrt(0.06 * 0.94 / SIMULATIONS) + 0.4)


@pytest.mark.parametrize("statistic", [location.mean, location.interquartile_mean])
@pytest.mark.parametrize("law", ["standard_normal", "exponential"])
def test_stratified_coverage_is_within_93_to_97(statistic: location.Statistic, law: str) -> None:
    """n = 30, three tasks; the truth lies at 94.2 to 95.9% (module), the standard error is 0.56."""
    rng = np.random.default_rng(10)
    pool = getattr(rng, law)(size=(1, 1_000_000, 1))
    truth = statistic(pool)[0]
    hits = 0
    for scores in getattr(rng, law)(size=(SIMULATIONS, 30, 3)):
        got = bounds(bootstrap.stratified(scores, statistic, rng, resamples=400))
        hits += got.lower <= truth <= got.upper
    assert 93.0 <= 100 * hits / SIMULATIONS <= 97.0


def test_degenerate_samples_have_a_value_and_a_reason() -> None:
    rng = np.random.default_rng(11)
    for outcome in (
        bootstrap.interval([3.0], np.mean, rng),
        bootstrap.interval([3.0] * 5, np.median, rng),
        bootstrap.studentised_mean([3.0], rng),
        bootstrap.studentised_mean([3.0] * 5, rng),
        bootstrap.stratified([[3.0, 3.0]], location.mean, rng),
        bootstrap.stratified([[2.0, 4.0]] * 6, location.interquartile_mean, rng),
    ):
        assert isinstance(outcome, Estimate)
        assert outcome.value == 3.0
        assert isinstance(outcome.interval, Undefined)
    few = bootstrap.studentised_mean([0.0, 0.0, 1.0], rng)  # a ninth of the resamples is one-valued at zero
    assert isinstance(few, Estimate)
    assert isinstance(few.interval, Undefined)
    extreme = bootstrap.interval([0.0, 1.0, 2.0], np.max, rng)  # no resample exceeds the maximum, half the tail is tied
    assert isinstance(extreme, Estimate)
    for outcome in (
        bootstrap.interval([], np.mean, rng),
        bootstrap.stratified(np.full((3, 2), np.nan), location.mean, rng),
    ):
        assert isinstance(outcome, Undefined)
    assert isinstance(location.locate([[1.0, np.nan]], location.mean), Undefined)
    assert location.locate([[1.0, 3.0]], location.mean) == 2.0


def test_wrong_arguments_are_errors() -> None:
    rng = np.random.default_rng(12)
    with pytest.raises(NasbenchError, match="axes"):
        bootstrap.interval([[1.0]], np.mean, rng)
    with pytest.raises(NasbenchError, match="level"):
        bootstrap.interval([1.0, 2.0], np.mean, rng, level=95)
    with pytest.raises(NasbenchError, match="method"):
        bootstrap.interval([1.0, 2.0], np.mean, rng, method="basic")  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match="infinite"):
        location.locate([[np.inf]], location.mean)


def test_same_seed_same_interval() -> None:
    sample = np.arange(12.0)
    once, again = (bootstrap.interval(sample, np.mean, np.random.default_rng(13)) for _ in range(2))
    assert once == again
