"""The ratio of restricted means: influence, delta method, coverage of one- and two-sided bounds, degenerate studies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.restricted_mean_ratio import (
    ComparedTimes,
    RestrictedMeanRatio,
    area_and_influence,
    geometric_mean_ratio,
    restricted_mean_ratio,
)
from nasbench.reports.statistics.result import Estimate, Interval, Undefined
from nasbench.reports.statistics.survival import RestrictedMean, restricted_mean

Draw = Callable[[np.random.Generator, int], tuple[CensoredTimes, CensoredTimes]]


def stopped(time: np.ndarray, stop: float | np.ndarray) -> CensoredTimes:
    return CensoredTimes(np.minimum(time, stop), time <= stop)


def censored(seed: int, n: int) -> CensoredTimes:
    rng = np.random.default_rng(seed)
    return stopped(np.ceil(rng.exponential(10.0, n)), np.ceil(rng.uniform(3.0, 40.0, n)))


@pytest.mark.parametrize("stop", [15.0, None])
def test_areas_are_restricted_means_of_the_resampled_runs(stop: float | None) -> None:
    rng = np.random.default_rng(0)
    times = stopped(rng.exponential(10.0, 40), stop) if stop else censored(1, 40)
    counts = rng.multinomial(40, np.full(40, 1 / 40), size=25).astype(float)
    got, _ = area_and_influence(times, 12.0, counts)
    for area, count in zip(got, counts, strict=True):
        again = np.repeat(np.arange(40), count.astype(int))
        one = restricted_mean(CensoredTimes(times.time[again], times.observed[again]), 12.0)
        assert isinstance(one, RestrictedMean)
        assert area == pytest.approx(one.value)


@pytest.mark.parametrize("stop", [15.0, None])
def test_influence_is_the_derivative_and_gives_the_variance(stop: float | None) -> None:
    rng = np.random.default_rng(2)
    times = stopped(rng.exponential(10.0, 200), stop) if stop else censored(3, 200)
    (area,), (influence,) = area_and_influence(times, 12.0, np.ones((1, 200)))
    assert influence.sum() == pytest.approx(0.0, abs=1e-6 if stop else 0.5)
    less, _ = area_and_influence(times, 12.0, 1.0 - np.eye(200))
    # Leaving a run out: exact for a mean (area is per 200 runs), to first order under censoring.
    jackknife = 199 * (area - (less * 200 / 199 if stop else less))
    assert np.allclose(jackknife, influence, atol=0.02 * np.abs(influence).max() + (0.0 if not stop else 1e-6))
    one = restricted_mean(times, 12.0)
    assert isinstance(one, RestrictedMean)
    assert np.sqrt((influence**2).sum()) / 200 == pytest.approx(one.standard_error, rel=0.01)


def test_many_runs_give_the_delta_method() -> None:
    rng = np.random.default_rng(4)
    a, b = stopped(rng.exponential(5.0, 4000), 20.0), stopped(rng.exponential(10.0, 3000), 20.0)
    got = restricted_mean_ratio(a, b, 20.0, rng, resamples=4000)
    assert isinstance(got, RestrictedMeanRatio)
    error = np.sqrt(sum((t.time.std() / t.time.mean()) ** 2 / t.runs for t in (a, b)))
    assert isinstance(got.interval, Interval)
    assert np.log([got.interval.lower, got.interval.upper]) == pytest.approx(
        np.log(got.value) + error * np.array([-1.96, 1.96]), abs=0.1 * error
    )
    assert isinstance(got.upper, float)
    assert np.log(got.upper) == pytest.approx(np.log(got.value) + 1.645 * error, abs=0.1 * error)
    assert got.reduction.value == 1 - got.value
    assert got.least_reduction == 1 - got.upper
    assert isinstance(got.lower, float)
    assert got.interval.lower < got.lower < got.value < got.upper < got.interval.upper


def exponential(rng: np.random.Generator, n: int) -> tuple[CensoredTimes, CensoredTimes]:
    return stopped(rng.exponential(0.5, n), 2.0), stopped(rng.exponential(1.0, n), 2.0)


def early(rng: np.random.Generator, n: int) -> tuple[CensoredTimes, CensoredTimes]:
    a, b = rng.exponential((0.5, 1.0), (n, 2)).T
    return stopped(a, rng.uniform(0.3, 4.0, n)), stopped(b, rng.uniform(0.3, 4.0, n))


def geometric(rng: np.random.Generator, n: int) -> tuple[CensoredTimes, CensoredTimes]:
    """Random search against one of twice its success rate: queries to a target that 1 in 50 cells reaches, budget 100."""
    a, b = rng.geometric(0.04, n), rng.geometric(0.02, n)
    return stopped(a.astype(float), 100.0), stopped(b.astype(float), 100.0)


def rare(rng: np.random.Generator, n: int) -> tuple[CensoredTimes, CensoredTimes]:
    """A baseline that arrives in 5% of its runs, so in a fifth of the studies never."""
    return stopped(rng.exponential(0.3, n), 1.0), stopped(rng.exponential(-1 / np.log(0.95), n), 1.0)


def pairs(rng: np.random.Generator, n: int) -> tuple[CensoredTimes, CensoredTimes]:
    shared = rng.lognormal(0.0, 0.7, n)
    return stopped(0.5 * rng.weibull(3.0, n) * shared, 2.0), stopped(rng.weibull(3.0, n) * shared, 2.0)


@pytest.mark.parametrize(
    ("draw", "horizon", "paired"),
    [(exponential, 2.0, False), (early, 1.0, False), (geometric, 100.0, False), (rare, 1.0, False), (pairs, 2.0, True)],
)
def test_coverage_of_all_bounds_is_within_93_to_97(draw: Draw, horizon: float, paired: bool) -> None:
    """n = 30 each, nominal 95%; truth 94.8 to 96.6%, standard error 0.56. `upper` is what "time halved" is judged by."""
    rng = np.random.default_rng(5)
    far = [np.minimum(t.time, horizon) for t in draw(rng, 2_000_000)]
    truth = far[0].mean() / far[1].mean()
    if draw is early:  # the truth is without the censoring
        truth = 0.5 * (1 - np.exp(-2.0)) / (1 - np.exp(-1.0))
    hits, given = np.zeros(3), 0
    for _ in range(1500):
        got = restricted_mean_ratio(*draw(rng, 30), horizon, rng, paired=paired, resamples=800)
        if isinstance(got, Undefined):
            assert draw is early  # a last run that was censored before the horizon
            continue
        assert isinstance(got.interval, Interval)
        assert isinstance(got.lower, float)
        assert isinstance(got.upper, float)
        given += 1
        hits += [got.interval.lower <= truth <= got.interval.upper, got.lower <= truth, truth <= got.upper]
    assert given > 1450
    assert (hits / given >= 0.93).all(), hits / given
    assert (hits / given <= 0.975).all(), hits / given  # 0.97, and one standard error for the one at 96.6


def test_pairing_narrows_what_is_correlated() -> None:
    a, b = pairs(np.random.default_rng(6), 100)
    apart = restricted_mean_ratio(a, b, 2.0, np.random.default_rng(7))
    paired = restricted_mean_ratio(a, b, 2.0, np.random.default_rng(7), paired=True)
    assert isinstance(apart, RestrictedMeanRatio)
    assert isinstance(paired, RestrictedMeanRatio)
    assert apart.value == paired.value
    assert isinstance(apart.interval, Interval)
    assert isinstance(paired.interval, Interval)
    assert paired.interval.upper - paired.interval.lower < 0.8 * (apart.interval.upper - apart.interval.lower)


def test_a_baseline_that_never_arrives_is_bounded_by_the_exact_law() -> None:
    a = CensoredTimes(np.full(30, 1.0), np.ones(30, dtype=bool))
    never = CensoredTimes(np.full(30, 10.0), np.zeros(30, dtype=bool))
    got = restricted_mean_ratio(a, never, 10.0, np.random.default_rng(8), resamples=100_000)
    assert isinstance(got, RestrictedMeanRatio)
    assert got.value == 0.1
    assert isinstance(got.upper, float)
    assert got.upper == pytest.approx(1.0 / (10.0 * 0.05 ** (1 / 30)), rel=1e-3)  # Clopper-Pearson after 0 of 30
    reverse = restricted_mean_ratio(never, a, 10.0, np.random.default_rng(9))
    assert isinstance(reverse, RestrictedMeanRatio)
    assert reverse.value == 10.0
    assert isinstance(reverse.lower, float)
    assert reverse.lower < 10.0


def test_degenerate_studies() -> None:
    rng = np.random.default_rng(10)
    never = CensoredTimes(np.full(5, 9.0), np.zeros(5, dtype=bool))
    some = stopped(np.arange(1.0, 6.0), 9.0)
    same = stopped(np.full(5, 3.0), 9.0)
    zero = stopped(np.zeros(5), 9.0)
    none = CensoredTimes(np.empty(0), np.empty(0, dtype=bool))
    early_stop = stopped(np.arange(1.0, 6.0), 4.5)
    for a, b, word in (
        (never, never, "none of the 5 and 5"),
        (some, none, "no runs"),
        (some, zero, "time zero"),
        (zero, some, "time zero"),
        (some, early_stop, "censored"),
    ):
        outcome = restricted_mean_ratio(a, b, 9.0, rng)
        assert isinstance(outcome, Undefined)
        assert word in outcome.reason
    unequal = restricted_mean_ratio(some, stopped(np.arange(1.0, 5.0), 9.0), 9.0, rng, paired=True)
    assert isinstance(unequal, Undefined)
    single = stopped(np.array([2.0]), 9.0)
    for a, b in ((single, some), (same, same), (same, stopped(np.full(7, 1.5), 9.0))):
        got = restricted_mean_ratio(a, b, 9.0, rng)
        assert isinstance(got, RestrictedMeanRatio)
        assert isinstance(got.interval, Undefined)
        assert isinstance(got.upper, Undefined)
        assert isinstance(got.least_reduction, Undefined)
    mixed = restricted_mean_ratio(same, some, 9.0, rng)
    assert isinstance(mixed, RestrictedMeanRatio)
    with_zeros = restricted_mean_ratio(stopped(np.array([0.0, 0, 0, 4]), 9.0), some, 9.0, rng)
    assert isinstance(with_zeros, RestrictedMeanRatio)  # a third of its resamples needs no time at all
    assert isinstance(with_zeros.interval, Undefined)


def test_same_seed_same_bounds() -> None:
    a, b = exponential(np.random.default_rng(11), 20)
    once, again = (restricted_mean_ratio(a, b, 2.0, np.random.default_rng(12)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("a", "b", "told"), [(2, 4, False), (4, 9, False), (0, 9, False), (5, 5, True), (1, 10, True), (10, 0, True)]
)
def test_few_arrivals_of_both_give_no_bounds(a: int, b: int, told: bool) -> None:
    """Four runs of which two arrived gave an interval up to 58,210,840 beside four that all did."""
    order = np.random.default_rng(14).permutation(30)
    first, second = (stopped(np.arange(1.0, 31.0) + np.where(np.arange(30) < n, 0.0, 99.0), 40.0) for n in (a, b))
    second = CensoredTimes(second.time[order], second.observed[order])
    got = restricted_mean_ratio(first, second, 40.0, np.random.default_rng(13), paired=True, resamples=500)
    assert isinstance(got, RestrictedMeanRatio) and (got.n, got.n_b) == (30, 30)
    assert isinstance(got.interval, Interval) == isinstance(got.upper, float) == told
    if not told:
        assert isinstance(got.interval, Undefined) and "too few runs reached the target" in got.interval.reason


def test_few_runs_that_all_arrive_have_bounds() -> None:
    got = restricted_mean_ratio(
        stopped(np.arange(1.0, 5.0), 9.0), stopped(np.arange(2.0, 6.0), 9.0), 9.0, np.random.default_rng(1)
    )
    assert isinstance(got, RestrictedMeanRatio) and isinstance(got.interval, Interval)


def three_tasks(rng: np.random.Generator, n: int) -> list[ComparedTimes]:
    """Exponential times of means 10 and 20, 40 and 40, and a task on which B never arrives."""
    drawn = [(10.0, 20.0), (40.0, 40.0), (15.0, np.inf)]
    return [
        ComparedTimes(stopped(rng.exponential(a, n), 30.0), stopped(rng.exponential(b, n) if np.isfinite(b) else np.full(n, b), 30.0), 30.0)
        for a, b in drawn
    ]  # fmt: skip


def test_a_mean_ratio_is_the_product_of_powers_and_covers() -> None:
    weights = (2.0, 1.0, 1.0)
    areas = [[m * (1.0 - np.exp(-30.0 / m)) if np.isfinite(m) else 30.0 for m in pair] for pair in ((10.0, 20.0), (40.0, 40.0), (15.0, np.inf))]  # fmt: skip
    truth = float(np.prod([(a / b) ** (w / 4.0) for (a, b), w in zip(areas, weights, strict=True)]))
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(400):
        tasks = three_tasks(rng, 20)
        found = geometric_mean_ratio(tasks, weights, rng, resamples=400)
        assert isinstance(found, Estimate) and isinstance(found.interval, Interval)
        singles = [t.a.time.mean() / t.b.time.mean() for t in tasks]
        assert found.value == pytest.approx(float(np.prod(np.power(singles, np.array(weights) / 4.0))))
        covered += found.interval.lower <= truth <= found.interval.upper
    assert 0.92 <= covered / 400 <= 0.98


def test_a_mean_ratio_of_one_task_is_its_ratio() -> None:
    (task, *_) = three_tasks(np.random.default_rng(3), 30)
    one = restricted_mean_ratio(task.a, task.b, 30.0, np.random.default_rng(5), paired=True)
    mean = geometric_mean_ratio([task], [3.0], np.random.default_rng(5), paired=True)
    assert isinstance(one, RestrictedMeanRatio) and isinstance(mean, Estimate)
    assert isinstance(one.interval, Interval) and isinstance(mean.interval, Interval)
    assert (mean.value, mean.interval.lower, mean.interval.upper) == pytest.approx(
        (one.value, one.interval.lower, one.interval.upper)
    )


def test_mean_ratios_that_do_not_exist() -> None:
    rng = np.random.default_rng(0)
    never = CensoredTimes(np.full(4, 30.0), np.zeros(4, dtype=bool))
    neither = geometric_mean_ratio([ComparedTimes(never, never, 30.0)], [1.0], rng)
    assert isinstance(neither, Estimate) and neither.value == 1.0 and isinstance(neither.interval, Undefined)
    short = CensoredTimes(np.full(4, 20.0), np.zeros(4, dtype=bool))
    assert isinstance(geometric_mean_ratio([ComparedTimes(short, never, 30.0)], [1.0], rng), Undefined)
    at_once = CensoredTimes(np.zeros(4), np.ones(4, dtype=bool))
    assert isinstance(geometric_mean_ratio([ComparedTimes(at_once, never, 30.0)], [1.0], rng), Undefined)
    for tasks, weights in (([], []), ([ComparedTimes(never, never, 30.0)], [0.0])):
        with pytest.raises(NasbenchError, match="give each a weight above zero"):
            geometric_mean_ratio(tasks, weights, rng)
