from __future__ import annotations

import numpy as np
import pytest

from nasbench.reports.papers.judge import ReproducedValue, Row, judge
from nasbench.reports.papers.paper import PublishedValue


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
        values=np.asarray(values),
        replayed=replayed,
        published_runs=500,
        explanation="because",
    )


def only(one: ReproducedValue) -> Row:
    return judge([one])[0]


def test_close_means_are_equivalent_and_need_no_reason() -> None:
    row = only(measured(90.02))
    assert (row.verdict, row.reason) == ("equivalent", "")
    assert row.mean == pytest.approx(90.02)


def test_a_planted_difference_is_called_different_with_its_explanation() -> None:
    row = only(measured(90.4))
    assert row.verdict == "different"
    assert "+0.40" in row.reason and row.reason.endswith("because")


def test_between_the_two_nothing_is_decided() -> None:
    assert only(measured(90.15)).verdict == "undecided"


def test_few_runs_do_not_show_equivalence() -> None:
    assert only(measured(90.02, runs=5)).verdict == "undecided"


@pytest.mark.parametrize("values", [np.array([90.0]), np.array([90.0, np.nan, 90.1])])
def test_what_cannot_be_tested_is_undecided_with_the_reason(values: np.ndarray) -> None:
    row = only(ReproducedValue(**{**vars(measured(90.0)), "values": values}))
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


@pytest.mark.parametrize(
    ("mean", "verdict"), [(90.0049, "equivalent"), (89.9951, "equivalent"), (90.0061, "different")]
)
def test_replayed_cells_must_round_to_the_printed_digits(mean: float, verdict: str) -> None:
    row = only(measured(mean, runs=3, replayed=True))
    assert row.verdict == verdict and row.test is None
    assert row.deviation == pytest.approx(0.0, abs=1e-9)


def test_verdicts_have_their_error_rates() -> None:
    """A difference of exactly the margin is called equivalent in 5 %; 400 samples, so 2 to 8 % with probability 0.99."""
    rng = np.random.default_rng(3)
    base = measured(90.0)
    rows = [
        only(ReproducedValue(**{**vars(base), "values": rng.normal(rng.normal(90.15, 0.3 / np.sqrt(500)), 0.3, 500)}))
        for _ in range(400)
    ]
    share = np.mean([row.verdict == "equivalent" for row in rows])
    assert 0.02 <= share <= 0.08


def test_an_undecided_row_says_how_many_runs_would_decide() -> None:
    """With so many the same mean and spread are called equivalent, with a tenth of them not."""
    few = only(measured(90.05, runs=5))
    assert few.verdict == "undecided" and "runs would decide if mean and spread stayed as they are" in few.reason
    needed = int(few.reason.split("about ")[1].split(" runs")[0].replace(",", ""))
    assert only(measured(90.05, runs=needed)).verdict == "equivalent"
    assert only(measured(90.05, runs=max(2, needed // 10))).verdict == "undecided"
    assert "no number of runs would decide" in only(measured(90.1499)).reason
