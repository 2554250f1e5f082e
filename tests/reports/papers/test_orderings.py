"""Published orderings: confirmed, contradicted, undecided; exact ones by sign, random ones by Welch's test and Holm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value, mean_of_runs
from nasbench.reports.papers.orderings import judge_orderings
from nasbench.reports.papers.paper import PublishedValue
from nasbench.reports.papers.verdict import ReproducedValue

RNG = np.random.default_rng(4)
NOISE = RNG.normal(size=(3, 200))


def value(method: str, published: float, ours: ReproducedEstimate, *, split: str = "test") -> ReproducedValue:
    figure = PublishedValue(method=method, dataset="cifar10", split=split, mean=published, deviation=0.3)
    return ReproducedValue(figure=figure, unit="%", margin=0.1, estimate=ours, published_runs=500)


def sample(mean: float, row: int) -> ReproducedEstimate:
    return mean_of_runs(mean + 0.3 * NOISE[row])


def test_the_p_value_is_welchs() -> None:
    (one,) = judge_orderings([value("a", 90.0, sample(90.0, 0)), value("b", 90.5, sample(90.02, 1))])
    assert (one.higher, one.lower) == ("b", "a")
    test = stats.ttest_ind(90.02 + 0.3 * NOISE[1], 90.0 + 0.3 * NOISE[0], equal_var=False)
    assert one.p_value == pytest.approx(test.pvalue, rel=1e-9)
    theirs = stats.ttest_ind_from_stats(90.5, 0.3, 500, 90.0, 0.3, 500, equal_var=False)
    assert one.published_p == pytest.approx(theirs.pvalue, rel=1e-6)


@pytest.mark.parametrize(("ours", "verdict"), [(90.5, "confirmed"), (89.5, "contradicted"), (90.0, "undecided")])
def test_verdicts(ours: float, verdict: str) -> None:
    exact = ReproducedEstimate(mean=90.0, deviation=0.3)
    (one,) = judge_orderings([value("low", 90.0, exact), value("high", 90.5, sample(ours, 0))])
    assert one.verdict == verdict


def test_fixed_values_are_ordered_by_sign_alone() -> None:
    (one,) = judge_orderings([value("low", 90.0, fixed_value(90.001)), value("high", 90.5, fixed_value(90.0))])
    assert one.verdict == "contradicted" and one.p_value == 0.0


def test_equal_means_and_other_columns_are_no_orderings() -> None:
    rows = [value("a", 90.0, sample(90.0, 0)), value("b", 90.0, sample(91.0, 1))]
    assert judge_orderings([*rows, value("c", 95.0, sample(95.0, 2), split="validation")]) == []


def test_runs_that_did_not_get_there_decide_nothing() -> None:
    short = mean_of_runs([1.0, float("nan")])
    (one,) = judge_orderings([value("a", 90.0, short), value("b", 91.0, sample(91.0, 0))])
    assert one.verdict == "undecided" and one.p_value == 1.0


def test_holm_counts_every_ordering() -> None:
    rows = [value(name, 90.0 + i, sample(90.0 + 0.1 * i, i)) for i, name in enumerate("abc")]
    alone = [stats.ttest_ind(90.2 + 0.3 * NOISE[2], 90.0 + 0.3 * NOISE[0], equal_var=False).pvalue]
    both = {(one.higher, one.lower): one.p_value for one in judge_orderings(rows)}
    assert both["c", "a"] == pytest.approx(3 * alone[0])
