"""TOST against statsmodels and simulation; power against statsmodels, closed forms and simulated tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower
from statsmodels.stats.proportion import proportion_effectsize
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from nasbench.errors import NasbenchError
from nasbench.reports.statistics import equivalence, power
from nasbench.reports.statistics.equivalence import Equivalence
from nasbench.reports.statistics.result import Undefined


def test_tost_matches_statsmodels() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(10, 1, 25), rng.normal(10.2, 2, 25)
    paired, welch = equivalence.paired(x, y, 1.0), equivalence.welch(x, y[:17], 1.0)
    assert isinstance(paired, Equivalence)
    assert isinstance(welch, Equivalence)
    assert paired.p_value == pytest.approx(ttost_paired(x, y, -1.0, 1.0)[0])
    assert welch.p_value == pytest.approx(ttost_ind(x, y[:17], -1.0, 1.0, usevar="unequal")[0])
    # Equivalent exactly where the 90% interval lies inside the margin.
    assert paired.equivalent == (paired.interval.lower > -1.0 and paired.interval.upper < 1.0)
    theirs = stats.ttest_ind(x, y[:17], equal_var=False).confidence_interval(0.9)
    assert (welch.interval.lower, welch.interval.upper) == pytest.approx((theirs.low, theirs.high))


def test_published_needs_only_the_summary() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(93.8, 0.4, 500), rng.normal(93.85, 0.3, 100)
    summary = equivalence.published(x, float(y.mean()), float(y.std(ddof=1)), 100, 0.15)
    assert summary == equivalence.welch(x, y, 0.15)
    assert isinstance(summary, Equivalence)
    exact = stats.ttest_ind_from_stats(x.mean(), x.std(ddof=1), 500, y.mean(), y.std(ddof=1), 100, equal_var=False)
    assert summary.difference / (summary.interval.upper - summary.difference) == pytest.approx(
        exact.statistic / stats.t.ppf(0.95, summary.degrees)
    )


def test_tost_holds_its_error_and_its_interval_covers() -> None:
    """At the margin itself it calls equivalent in 5%, and the 90% interval covers; 3000 repeats, standard errors 0.4, 0.55."""
    rng = np.random.default_rng(2)
    hits = wrong = 0
    for x, y in zip(rng.normal(1.0, 1.0, (3000, 30)), rng.normal(0.0, 2.0, (3000, 30)), strict=True):
        got = equivalence.welch(x, y, 1.0)
        assert isinstance(got, Equivalence)
        hits += got.interval.lower <= 1.0 <= got.interval.upper
        wrong += got.equivalent
    assert 88.3 <= hits / 30 <= 91.7
    assert wrong / 30 <= 6.2


def test_degenerate_equivalence() -> None:
    run = np.arange(5.0)
    for outcome in (
        equivalence.paired(run, run + 1, 0.5),
        equivalence.paired(run, run[:3], 0.5),
        equivalence.welch([1.0], run, 0.5),
        equivalence.welch(np.ones(4), np.ones(5), 0.5),
        equivalence.published(np.full(4, np.nan), 1.0, 0.1, 5, 0.5),
        equivalence.published([], 1.0, 0.1, 5, 0.5),
    ):
        assert isinstance(outcome, Undefined), outcome
    one_sided = equivalence.published(np.ones(4), 1.0, 0.1, 500, 0.5)
    assert isinstance(one_sided, Equivalence)
    assert one_sided.degrees == pytest.approx(499)
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(NasbenchError, match="margin"):
            equivalence.paired(run, run[::-1], wrong)
    with pytest.raises(NasbenchError, match="published"):
        equivalence.published(run, 1.0, -0.1, 5, 0.5)
    with pytest.raises(NasbenchError, match="error"):
        equivalence.paired(run, run[::-1], 1.0, alpha=0.5)


@pytest.mark.parametrize(("effect", "runs"), [(0.0, 10), (0.5, 30), (1.2, 12), (0.1, 500), (40.0, 5)])
def test_power_of_means_matches_statsmodels(effect: float, runs: int) -> None:
    two, one = power.mean_difference()(effect, runs), power.mean_difference(paired=True)(effect, runs)
    assert two == pytest.approx(TTestIndPower().power(effect, runs, 0.05) if effect < 10 else 1.0)
    assert one == pytest.approx(TTestPower().power(effect, runs, 0.05) if effect < 10 else 1.0)


def test_power_of_proportions_matches_statsmodels_and_simulation() -> None:
    design = power.proportion_difference(0.4)
    theirs = NormalIndPower().power(proportion_effectsize(0.6, 0.4), 80, 0.05)
    assert design(0.2, 80) == pytest.approx(theirs)
    rng = np.random.default_rng(3)
    a, b = rng.binomial(80, 0.4, 20_000) / 80, rng.binomial(80, 0.6, 20_000) / 80
    z = (b - a) / np.sqrt((a + b) * (1 - (a + b) / 2) / 80)
    assert design(0.2, 80) == pytest.approx((np.abs(z) > stats.norm.ppf(0.975)).mean(), abs=0.02)


def test_power_of_rank_sum_matches_noether_and_simulation() -> None:
    design = power.rank_sum()
    needed = power.runs_needed(design, 0.14)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert needed == int(np.ceil(z**2 / (6 * 0.14**2)))
    rng = np.random.default_rng(4)
    shift = np.sqrt(2) * stats.norm.ppf(0.64)
    p_values = stats.mannwhitneyu(
        rng.normal(shift, size=(4000, needed)), rng.normal(size=(4000, needed)), axis=1, method="asymptotic"
    ).pvalue
    assert (p_values < 0.05).mean() == pytest.approx(0.8, abs=0.03)


def test_inversions_agree_with_each_other_and_with_statsmodels() -> None:
    design = power.mean_difference()
    effect = power.minimal_detectable_effect(design, 30, 5.0)
    assert effect == pytest.approx(TTestIndPower().solve_power(nobs1=30, alpha=0.05, power=0.8), rel=1e-5)
    assert isinstance(effect, float)
    assert power.runs_needed(design, effect * 1.0001) == 30
    assert power.runs_needed(design, effect * 0.9999) == 31
    assert power.runs_needed(power.mean_difference(paired=True), 50.0) == 2


def test_power_that_cannot_be_had() -> None:
    rank = power.rank_sum()
    assert isinstance(power.minimal_detectable_effect(rank, 1, 0.5), Undefined)
    assert isinstance(power.minimal_detectable_effect(rank, 3, 0.5), Undefined)
    assert isinstance(power.runs_needed(rank, 1e-6), Undefined)
    assert isinstance(power.runs_needed(power.proportion_difference(1.0), 0.1), Undefined)
    with pytest.raises(NasbenchError, match="effect"):
        power.runs_needed(rank, 0.0)
    with pytest.raises(NasbenchError, match="power"):
        power.runs_needed(rank, 0.1, power=80)
    with pytest.raises(NasbenchError, match="significance"):
        power.rank_sum(alpha=5)
    with pytest.raises(NasbenchError, match="rate"):
        power.proportion_difference(1.2)
