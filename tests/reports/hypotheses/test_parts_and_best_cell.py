"""Hypotheses about the best cell and about parts, on real small studies under small registrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.reports.analysis.results import Results
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.statements import AblatedPart
from nasbench.reports.hypotheses.verdict import HypothesisVerdict
from nasbench.reports.statistics.result import Undefined

from small_registrations import restated, run_registered

ONE = "nas-bench-201/cifar10"
STUDIES = {
    "parts": """
name = "parts"
seed = 0
runs = 12
problems = ["nas-bench-201/cifar10"]
epochs = [200]
budget = { unique_queries = 60 }
methods = [
    { name = "random_search" },
    { name = "local_search", label = "full", settings = { improvement = "first" } },
    { name = "local_search", label = "the same", settings = { improvement = "first" } },
]
"""
}
COMMON = """
[[hypotheses]]
name = "{name}"
kind = "{kind}"
statement = "s"
decision_rule = "r"
falsified_by = "c"
studies = ["parts"]
method = "full"
target = "regret-1"
query_cap = 60
runs = 12
assumed_effect = 0.5
benchmarks = ["nas-bench-201/cifar10"]
"""
SOON = COMMON.format(name="soon", kind="median to target") + 'share = 0.5\nmedians = { "nas-bench-201/cifar10" = 50 }\n'
PARTS = (
    COMMON.format(name="parts", kind="ablation")
    + 'measure = "restricted mean of unique queries"\n'
    + 'parts = [{ part = "climbing", ablated_label = "random_search" }, { part = "nothing", ablated_label = "the same" }]\n'
)
Judged = Callable[..., HypothesisVerdict]


@pytest.fixture(scope="module")
def registered(bind: Callable[..., HypothesisRegistration]) -> dict[str, HypothesisRegistration]:
    return {name: bind(text, STUDIES, seed=11) for name, text in (("soon", SOON), ("parts", PARTS))}


@pytest.fixture(scope="module")
def study(registered: dict[str, HypothesisRegistration], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local search by first improvement as the whole, random search as what is left without climbing, and the whole once more."""
    (folder,) = run_registered(registered["soon"], STUDIES, tmp_path_factory.mktemp("parts"))
    return folder


@pytest.fixture
def judged(
    registered: dict[str, HypothesisRegistration], study: Path, judge: Callable[..., HypothesisVerdict]
) -> Judged:
    """Return what judges one of the two, with changes of what it says."""

    def judge_one(name: str, **change: Any) -> HypothesisVerdict:
        return judge(restated(registered[name], **change), study)

    return judge_one


def queries(study: Path, label: str) -> np.ndarray:
    """Unique queries until the incumbent is within one point of the best score, from the traces; infinite if never."""
    results = Results.open(study)
    traces, oracle = results.traces(ONE, label), results.oracle(ONE)
    near = oracle.score(traces.incumbents) - oracle.best_score <= 1.0
    unique = traces.spent("unique_queries")
    return np.array([u[n.argmax()] if n.any() else np.inf for u, n in zip(unique, near, strict=True)])


def test_medians_and_shares_are_those_of_the_runs(study: Path, judged: Judged) -> None:
    verdict = judged("soon")
    found = queries(study, "full")
    median, share = verdict.parts
    assert median.statistic == np.median(found)
    # P(Bin(12, 1/2) <= 8) = 0.927, <= 9 = 0.981: the tenth value and the third.
    assert median.lower == np.sort(found)[2]
    upper = np.sort(found)[9]
    assert median.upper == upper if np.isfinite(upper) else isinstance(median.upper, Undefined)
    assert share.statistic == pytest.approx(np.isfinite(found).mean())
    assert len(median.runs) == 12 and median.n == 12
    assert verdict.evidence.startswith(f"{sum(p.verdict == 'met' for p in verdict.parts)} of 2 met")


@pytest.mark.parametrize(
    ("stated", "share", "outcome"), [(60, 0.01, "holds"), (0, 0.01, "fails"), (60, 1.0, "not holds")]
)
def test_outcomes_of_medians(study: Path, judged: Judged, stated: float, share: float, outcome: str) -> None:
    median = judged("soon").parts[0]
    verdict = judged("soon", share=share, medians={ONE: stated})
    if outcome == "holds":
        assert verdict.outcome == ("not shown" if isinstance(median.upper, Undefined) else "holds")
    elif outcome == "fails":
        assert verdict.outcome == "fails" and not verdict.stands
    elif not np.isfinite(queries(study, "full")).all():
        assert verdict.outcome != "holds"


def test_a_target_that_hardly_anybody_reaches_shows_nothing_and_fails_the_share(study: Path, judged: Judged) -> None:
    verdict = judged("soon", query_cap=1)
    assert isinstance(verdict.parts[0].statistic, Undefined)
    assert verdict.parts[1].statistic == pytest.approx((queries(study, "full") <= 1).mean())
    assert verdict.parts[1].verdict == "not met" and verdict.outcome == "fails"
    assert "fewer than half" in verdict.evidence


def test_a_part_helps_and_a_copy_shows_nothing(study: Path, judged: Judged) -> None:
    verdict = judged("parts")
    climbing, nothing = verdict.parts
    expected = np.minimum(queries(study, "random_search"), 60) - np.minimum(queries(study, "full"), 60)
    assert climbing.statistic == pytest.approx(expected.mean())
    assert climbing.verdict in ("helps", "not shown") and nothing.verdict == "not shown"
    assert nothing.statistic == 0.0 and isinstance(nothing.lower, Undefined)
    assert verdict.outcome == "not shown" and "nothing not shown on cifar10" in verdict.evidence


def test_a_part_that_hurts_fails_the_claim(study: Path, judged: Judged) -> None:
    """The whole and the part exchanged, on the final regret: what helps there hurts here."""
    parts = (AblatedPart(part="climbing", ablated_label="random_search"),)
    helped = judged("parts", parts=parts, measure="final regret")
    hurt = judged("parts", measure="final regret", method="random_search",
                  parts=(AblatedPart(part="drawing", ablated_label="full"),))  # fmt: skip
    assert helped.parts[0].statistic == pytest.approx(-float(hurt.parts[0].statistic))  # type: ignore[arg-type]
    assert helped.parts[0].verdict == "helps" and helped.outcome == "holds"
    assert hurt.parts[0].verdict == "hurts" and hurt.outcome == "fails"


def test_a_regret_before_the_cap_is_not_the_final_one(judged: Judged) -> None:
    verdict = judged("parts", measure="final regret", query_cap=70)
    assert verdict.outcome == "refused"
    assert (
        "12 runs of full on nas-bench-201/cifar10 ended before the registered cap of 70 unique queries"
        in verdict.evidence
    )
