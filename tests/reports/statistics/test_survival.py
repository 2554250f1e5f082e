"""Kaplan-Meier, log-rank and restricted means, against statsmodels, closed forms and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.proportion import proportion_confint

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.result import HypothesisTest, Interval, Undefined
from nasbench.reports.statistics.survival import RestrictedMean, SurvivalCurve, kaplan_meier, log_rank, restricted_mean


def censored(seed: int, n: int, ties: bool = False) -> CensoredTimes:
    rng = np.random.default_rng(seed)
    event, stop = rng.exponential(10.0, n), rng.uniform(3.0, 40.0, n)
    if ties:
        event, stop = np.ceil(event), np.ceil(stop)
    time = np.minimum(event, stop)
    return CensoredTimes(time, event <= stop)


def complete(time: object) -> CensoredTimes:
    values = np.asarray(time, dtype=float)
    return CensoredTimes(values, np.ones(values.size, dtype=bool))


@pytest.mark.parametrize("ties", [False, True])
def test_curve_matches_statsmodels(ties: bool) -> None:
    times = censored(0, 60, ties)
    got = kaplan_meier(times)
    theirs = SurvfuncRight(times.time, times.observed.astype(int))
    assert isinstance(got, SurvivalCurve)
    at = np.searchsorted(got.time, theirs.surv_times)
    assert got.survival[at] == pytest.approx(theirs.surv_prob)
    assert got.at_risk[at] == pytest.approx(theirs.n_risk)
    assert (got.lower <= got.survival).all()
    assert (got.survival <= got.upper).all()


def test_bounds_without_censoring_are_wilsons() -> None:
    got = kaplan_meier(complete([1.0, 2, 2, 5, 9]))
    assert isinstance(got, SurvivalCurve)
    for survival, lower, upper in zip(got.survival, got.lower, got.upper, strict=True):
        expected = proportion_confint(round(5 * survival), 5, method="wilson")
        assert (lower, upper) == pytest.approx(expected)


def test_curve_of_censored_runs_is_one() -> None:
    got = kaplan_meier(CensoredTimes(np.full(20, 7.0), np.zeros(20, dtype=bool)))
    assert isinstance(got, SurvivalCurve)
    assert got.survival.tolist() == [1.0]
    assert (got.lower[0], got.upper[0]) == pytest.approx(proportion_confint(20, 20, method="wilson"))


@pytest.mark.parametrize("early", [False, True])
def test_curve_coverage_is_within_93_to_97(early: bool) -> None:
    """Pointwise at four times, n = 30, exponential; truth 94.1 to 96.1%, standard error 0.5."""
    rng = np.random.default_rng(1)
    points = np.array([0.2, 0.5, 1.0, 2.0])
    hits = np.zeros(4)
    for _ in range(2000):
        event = rng.exponential(size=30)
        stop = rng.uniform(0.5, 5.0, 30) if early else np.full(30, np.inf)
        got = kaplan_meier(CensoredTimes(np.minimum(event, stop), event <= stop))
        assert isinstance(got, SurvivalCurve)
        step = np.searchsorted(got.time, points, side="right") - 1
        lower, upper = (np.where(step < 0, 1.0, bound[step]) for bound in (got.lower, got.upper))
        hits += (lower <= np.exp(-points)) & (np.exp(-points) <= upper)
    assert (hits / 20 >= 92.5).all()  # 94.1 less three standard errors
    assert (hits / 20 <= 97.0).all()


def test_log_rank_matches_its_definition_and_scipy() -> None:
    a, b = censored(2, 40, ties=True), censored(3, 25, ties=True)
    got = log_rank([a, b])
    assert isinstance(got, HypothesisTest)
    observed = expected = variance = 0.0
    for t in np.unique(np.concatenate([a.time[a.observed], b.time[b.observed]])):
        n_a, n_b = (a.time >= t).sum(), (b.time >= t).sum()
        d_a, d_b = ((a.time == t) & a.observed).sum(), ((b.time == t) & b.observed).sum()
        n, d = n_a + n_b, d_a + d_b
        observed += d_a
        expected += d * n_a / n
        if n > 1:
            variance += d * (n_a / n) * (n_b / n) * (n - d) / (n - 1)
    assert got.statistic == pytest.approx((observed - expected) ** 2 / variance)
    x, y = (stats.CensoredData(uncensored=t.time[t.observed], right=t.time[~t.observed]) for t in (a, b))
    assert got.p_value == pytest.approx(stats.logrank(x, y).pvalue)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_log_rank_of_several_groups_is_that_of_statsmodels(count: int, ties: bool) -> None:
    groups = [censored(10 + i, 12 + 5 * i, ties) for i in range(count)]
    label = np.repeat(np.arange(count), [group.runs for group in groups])
    time, observed = (np.concatenate([getattr(g, part) for g in groups]) for part in ("time", "observed"))
    statistic, p_value = survdiff(time, observed, label)
    got = log_rank(groups)
    assert isinstance(got, HypothesisTest)
    assert (got.statistic, got.p_value) == pytest.approx((statistic, p_value), rel=1e-9)


def test_log_rank_of_three_groups_holds_its_level() -> None:
    """1000 repeats under the null, standard error 0.7 points."""
    rng = np.random.default_rng(4)
    p_values = []
    for _ in range(1000):
        times = rng.exponential(size=(3, 20))
        got = log_rank([CensoredTimes(np.minimum(t, 1.5), t <= 1.5) for t in times])
        assert isinstance(got, HypothesisTest)
        p_values.append(got.p_value)
    assert 0.03 <= np.mean(np.array(p_values) < 0.05) <= 0.08


def test_log_rank_that_decides_nothing() -> None:
    never = CensoredTimes(np.full(5, 9.0), np.zeros(5, dtype=bool))
    for groups in (
        [never, never],
        [never, complete([])],
        [complete([3.0, 3.0]), complete([3.0])],
        [complete([1.0]), complete([1.0])],
        [CensoredTimes(np.array([1.0]), np.array([False])), complete([2.0, 3.0])],
    ):
        outcome = log_rank(groups)
        assert isinstance(outcome, Undefined), outcome
    assert isinstance(log_rank([complete([1.0, 2.0]), never]), HypothesisTest)
    with pytest.raises(NasbenchError, match="two groups"):
        log_rank([never])


def test_restricted_mean_without_early_censoring_is_a_mean() -> None:
    time = np.random.default_rng(5).exponential(10.0, 40)
    got = restricted_mean(CensoredTimes(np.minimum(time, 12.0), time <= 12.0), 12.0)
    assert isinstance(got, RestrictedMean)
    clipped = np.minimum(time, 12.0)
    assert got.value == pytest.approx(clipped.mean())
    assert got.standard_error == pytest.approx(clipped.std(ddof=1) / np.sqrt(40))
    assert got.events == (time <= 12.0).sum()


@pytest.mark.parametrize("ties", [False, True])
def test_restricted_mean_is_the_area_with_greenwoods_variance(ties: bool) -> None:
    times = censored(6, 50, ties)
    horizon = 20.0
    got = restricted_mean(times, horizon)
    assert isinstance(got, RestrictedMean)
    theirs = SurvfuncRight(times.time, times.observed.astype(int))
    edges = np.concatenate([[0.0], theirs.surv_times[theirs.surv_times < horizon], [horizon]])
    heights = np.concatenate([[1.0], theirs.surv_prob[: edges.size - 2]])
    assert got.value == pytest.approx((heights * np.diff(edges)).sum())
    variance = 0.0
    for i in range(edges.size - 2):
        ahead = (heights[i + 1 :] * np.diff(edges)[i + 1 :]).sum()
        d, r = theirs.n_events[i], theirs.n_risk[i]
        variance += ahead**2 * d / (r * (r - d))
    assert got.standard_error == pytest.approx(np.sqrt(variance * 50 / 49))


@pytest.mark.parametrize("horizon", [0.2, 0.5, 1.0, 2.0, 4.0])
def test_restricted_mean_coverage_is_within_93_to_97(horizon: float) -> None:
    """n = 30, exponential times; truth 94.1 to 95.7%, standard error 0.35. Too few arrivals count as a miss."""
    rng = np.random.default_rng(7)
    truth, hits, given = 1 - np.exp(-horizon), 0, 0
    for time in rng.exponential(size=(4000, 30)):
        got = restricted_mean(CensoredTimes(np.minimum(time, horizon), time <= horizon), horizon)
        assert isinstance(got, RestrictedMean)
        if isinstance(got.interval, Interval):
            given += 1
            hits += got.interval.lower <= truth <= got.interval.upper
    assert 93.0 <= 100 * hits / given <= 97.0
    assert given > 2000


def test_degenerate_restricted_means() -> None:
    never = CensoredTimes(np.full(5, 9.0), np.zeros(5, dtype=bool))
    early = CensoredTimes(np.array([1.0, 5.0]), np.array([True, False]))
    for outcome in (restricted_mean(early, 9.0), restricted_mean(complete([]), 9.0)):
        assert isinstance(outcome, Undefined)
    for times in (never, complete([3.0]), complete([4.0, 4.0, 4.0])):
        got = restricted_mean(times, 9.0)
        assert isinstance(got, RestrictedMean)
        assert isinstance(got.interval, Undefined)
        assert got.value == pytest.approx(times.time[0])
    few = restricted_mean(CensoredTimes(np.array([1.0, 9, 9, 9]), np.array([True, False, False, False])), 9.0)
    assert isinstance(few, RestrictedMean)
    assert few.value == 7.0
    assert isinstance(few.interval, Undefined)
    assert "fewer than 5 runs reached the target" in few.interval.reason
    with pytest.raises(NasbenchError, match="horizon"):
        restricted_mean(never, 0.0)


def test_times_are_checked() -> None:
    for time, observed, word in (
        ([1.0, -2.0], [True, True], ">= 0"),
        ([1.0, np.nan], [True, True], ">= 0"),
        ([1.0, 2.0], [True], "same runs"),
        ([1.0, 2.0], [1, 0], "boolean"),
        ([[1.0]], [[True]], "axes"),
    ):
        with pytest.raises(NasbenchError, match=word):
            CensoredTimes(np.array(time), np.array(observed))
