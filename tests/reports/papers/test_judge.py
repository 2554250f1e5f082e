from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nasbench.reports.papers.estimate import ReproducedEstimate, mean_of_cells, mean_of_runs
from nasbench.reports.papers.judge import judge
from nasbench.reports.papers.paper import PublishedValue
from nasbench.reports.papers.verdict import ReproducedValue, Row


def measured(
    mean: float, *, runs: int = 500, published: float = 90.0, deviation: float | None = 0.3, replayed: bool = False
) -> ReproducedValue:
    rng = np.random.default_rng(int(100 * mean) + runs)
    noise = rng.normal(size=runs)
    spread = 0.0 if replayed else 0.3
    values = mean + spread * (noise - noise.mean()) / max(noise.std(), 1e-9) if runs > 1 else np.array([mean])
    return ReproducedValue(
        figure=PublishedValue(method="m", dataset="cifar10", split="test", mean=published, deviation=deviation),
        unit="%",
        margin=0.15,
        estimate=(mean_of_cells if replayed else mean_of_runs)(np.asarray(values)),
        published_runs=500,
        explanation="because",
    )


def only(one: ReproducedValue) -> Row:
    return judge([one])[0]


def test_close_means_are_equivalent_and_need_no_reason() -> None:
    row = only(measured(90.02))
    assert (row.verdict, row.reason) == ("equivalent", "")
    assert row.mean == pytest.approx(90.02)


def test_a_large_difference_is_called_different_with_its_explanation() -> None:
    row = only(measured(90.4))
    assert row.verdict == "differs"
    assert "+0.40" in row.reason and row.reason.endswith("because")


def test_a_significant_difference_near_the_margin_is_of_undecided_size() -> None:
    row = only(measured(90.15))
    assert row.verdict == "differs, size undecided" and "significant" in row.reason


def test_a_significant_difference_within_the_margin_is_equivalent_and_said_to_be_significant() -> None:
    row = only(measured(90.08))
    assert row.verdict == "equivalent" and row.p_difference is not None and row.p_difference < 0.05
    assert "significant, but less than the margin of 0.15" in row.reason


def test_few_runs_cannot_test_equivalence() -> None:
    row = only(measured(90.02, runs=5))
    assert row.verdict == "not testable" and row.power is not None and row.power < 0.5
    assert "which is not significant" in row.reason and "probability of 0 %" in row.reason


def test_a_row_that_could_have_been_equivalent_is_undecided() -> None:
    one = measured(90.0)
    wide = replace(one, margin=0.05, estimate=replace(one.estimate, mean=90.02))
    row = only(wide)
    assert row.verdict == "undecided" and row.power is not None and row.power >= 0.5


def test_power_is_the_share_of_equivalent_verdicts_where_there_is_no_difference() -> None:
    """2,000 samples: one standard error of the share is 0.011."""
    rng = np.random.default_rng(8)
    one = replace(measured(90.0), margin=0.05)
    stated = only(one).power
    assert stated is not None
    means = 90.0 + rng.normal(0.0, math.hypot(0.3, 0.3) / math.sqrt(500), 2_000)
    shown = [only(replace(one, estimate=replace(one.estimate, mean=mean))).verdict == "equivalent" for mean in means]
    assert np.mean(shown) == pytest.approx(stated, abs=0.045)


def test_a_known_distribution_is_tested_with_the_published_runs_alone() -> None:
    exact = replace(measured(90.0), estimate=ReproducedEstimate(mean=90.03, deviation=0.3), margin=0.05)
    row = only(exact)
    assert row.test is not None and row.test.interval.upper - 0.03 == pytest.approx(
        1.6479 * 0.3 / math.sqrt(500), abs=1e-3
    )
    assert row.closed_form == 90.03


def test_a_difference_is_significant_only_beyond_rounding() -> None:
    """500 published runs of 0.05 have a standard error of 0.0022, less than half of the last printed digit."""
    one = replace(
        measured(90.0, deviation=0.05), estimate=ReproducedEstimate(mean=90.0049, deviation=0.05), margin=0.0055
    )
    row = only(one)
    assert row.p_difference is not None and row.p_difference > 0.4
    assert only(replace(one, estimate=ReproducedEstimate(mean=90.02, deviation=0.05))).verdict == "differs"


@pytest.mark.parametrize("values", [np.array([90.0]), np.array([90.0, np.nan, 90.1])])
def test_what_cannot_be_tested_is_undecided_with_the_reason(values: np.ndarray) -> None:
    row = only(replace(measured(90.0), estimate=mean_of_runs(values)))
    assert row.verdict == "undecided" and row.reason and row.p_value is None


def test_an_unknown_deviation_is_taken_from_ours() -> None:
    with_own = only(measured(90.02, deviation=None))
    assert with_own.verdict == "equivalent"
    assert with_own.test is not None and with_own.test.interval.upper == pytest.approx(
        only(measured(90.02)).test.interval.upper,  # type: ignore[union-attr]
        abs=1e-3,
    )


def test_holm_counts_every_searched_row_and_no_replayed_one() -> None:
    alone = only(measured(90.1))
    crowd = judge([measured(90.1), *[measured(90.15)] * 9, *[measured(90.0, replayed=True)] * 50])[0]
    assert alone.p_value is not None and crowd.p_value is not None
    assert crowd.p_value == pytest.approx(min(1.0, 10 * alone.p_value))


@pytest.mark.parametrize(("mean", "verdict"), [(90.0049, "equivalent"), (89.9951, "equivalent"), (90.0061, "differs")])
def test_replayed_cells_must_round_to_the_printed_digits(mean: float, verdict: str) -> None:
    row = only(measured(mean, runs=3, replayed=True))
    assert row.verdict == verdict and row.test is None
    assert row.deviation == pytest.approx(0.0, abs=1e-9)


def test_verdicts_have_their_error_rates() -> None:
    """A difference of exactly the margin is called equivalent in 5 %; 400 samples, so 2 to 8 % with probability 0.99."""
    rng = np.random.default_rng(3)
    base = measured(90.0)
    rows = [
        only(replace(base, estimate=mean_of_runs(rng.normal(rng.normal(90.15, 0.3 / np.sqrt(500)), 0.3, 500))))
        for _ in range(400)
    ]
    share = np.mean([row.verdict == "equivalent" for row in rows])
    assert 0.02 <= share <= 0.08


def test_an_undecided_row_says_how_many_runs_would_decide() -> None:
    """With that number the same mean and spread are called equivalent, with a tenth of them not."""
    few = only(measured(90.05, runs=5))
    assert few.verdict == "not testable" and "runs would decide if mean and spread stayed as they are" in few.reason
    needed = int(few.reason.split("about ")[1].split(" runs")[0].replace(",", ""))
    assert only(measured(90.05, runs=needed)).verdict == "equivalent"
    assert only(measured(90.05, runs=max(2, needed // 10))).verdict == "not testable"
    hopeless = replace(measured(90.02), margin=0.021)
    assert "no number of runs would decide" in only(hopeless).reason


def test_runs_that_do_not_vary_meet_a_deviation_of_zero_and_cannot_be_tested_against_an_unknown_one() -> None:
    constant = mean_of_runs(np.full(20, 90.1))
    unknown = only(replace(measured(90.0, deviation=None), estimate=constant))
    assert unknown.verdict == "undecided" and "do not vary" in unknown.reason
    assert only(replace(measured(90.0, deviation=0.0), estimate=constant)).verdict == "differs"
