"""Rates against statsmodels and an exact coverage sum; Holm against statsmodels and its closed testing definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.proportion import Method, rate
from nasbench.reports.statistics.result import Estimate, Interval, Undefined


@pytest.mark.parametrize(("method", "theirs"), [("clopper-pearson", "beta"), ("wilson", "wilson")])
@pytest.mark.parametrize("successes", [0, 1, 7, 29, 30])
def test_rate_matches_statsmodels(method: Method, theirs: str, successes: int) -> None:
    got = rate(successes, 30, method=method)
    assert isinstance(got, Estimate)
    assert isinstance(got.interval, Interval)
    assert got.value == successes / 30
    expected = proportion_confint(successes, 30, method=theirs)
    assert (got.interval.lower, got.interval.upper) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("method", "low", "high", "mean"), [("clopper-pearson", 95.37, 99.38, 97.16), ("wilson", 92.20, 97.92, 95.27)]
)
def test_exact_coverage_at_30_is_as_stated(method: Method, low: float, high: float, mean: float) -> None:
    estimates = [rate(k, 30, method=method) for k in range(31)]
    intervals = [e.interval for e in estimates if isinstance(e, Estimate)]
    lower = np.array([i.lower for i in intervals if isinstance(i, Interval)])[:, None]
    upper = np.array([i.upper for i in intervals if isinstance(i, Interval)])[:, None]
    rates = np.arange(0.05, 0.9501, 0.001)
    inside = (lower <= rates) & (rates <= upper)
    coverage = 100 * (binom.pmf(np.arange(31)[:, None], 30, rates) * inside).sum(axis=0)
    assert (coverage.min(), coverage.max(), coverage.mean()) == pytest.approx((low, high, mean), abs=0.01)


def test_rate_without_runs_or_with_impossible_counts() -> None:
    assert isinstance(rate(0, 0), Undefined)
    for successes, runs in ((3, 2), (-1, 2)):
        with pytest.raises(NasbenchError, match="Successes"):
            rate(successes, runs)
    with pytest.raises(NasbenchError, match="interval"):
        rate(1, 2, method="wald")  # type: ignore[arg-type]


def test_holm_matches_statsmodels_and_closed_testing() -> None:
    rng = np.random.default_rng(0)
    for size in range(1, 7):
        p_values = rng.uniform(size=size) ** 3
        adjusted = holm(p_values.tolist())
        assert adjusted == pytest.approx(multipletests(p_values, method="holm")[1])
        # Closed testing with Bonferroni: the largest of |S| * min over S, over all families S that hold the hypothesis.
        families = [set(s) for n in range(1, size + 1) for s in combinations(range(size), n)]
        closed = [max(min(1.0, len(s) * min(p_values[j] for j in s)) for s in families if i in s) for i in range(size)]
        assert adjusted == pytest.approx(closed)


def test_holm_keeps_an_undefined_test_in_the_family() -> None:
    gap = Undefined("all pairs are equal")
    low, undefined, high = holm([0.01, gap, 0.04])
    assert low == pytest.approx(0.03)
    assert undefined is gap
    assert high == pytest.approx(0.08)
    assert holm([]) == ()
    assert holm([gap]) == (gap,)
    for wrong in (1.5, float("nan")):
        with pytest.raises(NasbenchError, match="p-value"):
            holm([wrong])
