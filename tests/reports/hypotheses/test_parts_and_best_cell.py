"""Claims about the best cell and about parts, on real small studies under small registrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.reports.analysis.results import Results
from nasbench.reports.hypotheses.judge import Sources, judge_claims
from nasbench.reports.hypotheses.registry import AblatedPart, StudyHypothesis, parse, registered
from nasbench.reports.hypotheses.verdict import ClaimVerdict
from nasbench.reports.statistics.result import Undefined

ONE = "nas-bench-201/cifar10"

CLAIMS = """
[[hypotheses]]
name = "soon"
kind = "median to target"
statement = "s"
decision_rule = "r"
falsified_by = "c"
study = "{study}"
method = "full"
target = "{target}"
query_cap = 60
runs = 12
share = 0.5
benchmarks = ["nas-bench-201/cifar10"]
medians = {{ "nas-bench-201/cifar10" = 50 }}

[[hypotheses]]
name = "parts"
kind = "ablation"
statement = "s"
decision_rule = "r"
falsified_by = "c"
study = "{study}"
method = "full"
measure = "restricted mean of unique queries"
target = "{target}"
query_cap = 60
runs = 12
benchmarks = ["nas-bench-201/cifar10"]
parts = [{{ part = "climbing", ablated_label = "random_search" }}, {{ part = "nothing", ablated_label = "the same" }}]
"""


@pytest.fixture(scope="module")
def study(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local search by first improvement as the whole, random search as what is left without climbing, and the whole once more."""
    named = '\n[[methods]]\nname = "local_search"\nlabel = "{}"\nsettings = {{ improvement = "first" }}\n'
    return small_study(
        tmp_path_factory.mktemp("parts"),
        optimizers=("random_search",),
        benchmarks=(ONE,),
        repeat_policy="cache",
        budget="unique_queries = 60",
        extra=named.format("full") + named.format("the same"),
    )


def judged(study: Path, name: str, target: str = "regret-1", **change: Any) -> ClaimVerdict:
    claims = {claim.name: claim for claim in parse(CLAIMS.format(study=study.parent.name, target=target)).hypotheses}
    claim = claims[name].model_copy(update=change)
    (verdict,) = judge_claims([claim], Sources(results=[study]))
    return verdict


def queries(study: Path, label: str) -> np.ndarray:
    """Unique queries until the incumbent is within one point of the best score, from the traces; infinite if never."""
    results = Results.open(study)
    traces, oracle = results.traces(ONE, label), results.oracle(ONE)
    near = oracle.score(traces.incumbents) - oracle.best_score <= 1.0
    unique = traces.spent("unique_queries")
    return np.array([u[n.argmax()] if n.any() else np.inf for u, n in zip(unique, near, strict=True)])


def test_medians_and_shares_are_those_of_the_runs(study: Path) -> None:
    verdict = judged(study, "soon")
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
def test_outcomes_of_medians(study: Path, stated: float, share: float, outcome: str) -> None:
    median = judged(study, "soon").parts[0]
    verdict = judged(study, "soon", share=share, medians={ONE: stated})
    if outcome == "holds":
        assert verdict.outcome == ("not shown" if isinstance(median.upper, Undefined) else "holds")
    elif outcome == "fails":
        assert verdict.outcome == "fails" and not verdict.stands
    elif not np.isfinite(queries(study, "full")).all():
        assert verdict.outcome != "holds"


def test_a_target_that_hardly_anybody_reaches_shows_nothing_and_fails_the_share(study: Path) -> None:
    verdict = judged(study, "soon", query_cap=1, runs=12)
    assert isinstance(verdict.parts[0].statistic, Undefined)
    assert verdict.parts[1].statistic == pytest.approx((queries(study, "full") <= 1).mean())
    assert verdict.parts[1].verdict == "not met" and verdict.outcome == "fails"
    assert "fewer than half" in verdict.evidence


def test_a_part_helps_and_a_copy_shows_nothing(study: Path) -> None:
    verdict = judged(study, "parts")
    climbing, nothing = verdict.parts
    expected = np.minimum(queries(study, "random_search"), 60) - np.minimum(queries(study, "full"), 60)
    assert climbing.statistic == pytest.approx(expected.mean())
    assert climbing.verdict in ("helps", "not shown") and nothing.verdict == "not shown"
    assert nothing.statistic == 0.0 and isinstance(nothing.lower, Undefined)
    assert verdict.outcome == "not shown" and "nothing not shown on cifar10" in verdict.evidence


def test_a_part_that_hurts_fails_the_claim(study: Path) -> None:
    """The whole and the part exchanged, on the final regret: what helps there hurts here."""
    parts = (AblatedPart(part="climbing", ablated_label="random_search"),)
    helped = judged(study, "parts", parts=parts, measure="final regret")
    hurt = judged(study, "parts", measure="final regret", method="random_search",
                  parts=(AblatedPart(part="drawing", ablated_label="full"),))  # fmt: skip
    assert helped.parts[0].statistic == pytest.approx(-float(hurt.parts[0].statistic))  # type: ignore[arg-type]
    assert helped.parts[0].verdict == "helps" and helped.outcome == "holds"
    assert hurt.parts[0].verdict == "hurts" and hurt.outcome == "fails"


def test_what_is_not_the_registered_study_is_not_judged(study: Path) -> None:
    for change, reason in (
        ({"parts": (AblatedPart(part="x", ablated_label="nobody"),)}, "no optimizer labelled nobody"),
        ({"seed": 1}, "seed is 11 and 1 is registered"),
        ({"training_seed": "mean"}, "is random and mean is registered"),
    ):
        verdict = judged(study, "parts", **change)
        assert verdict.outcome == "not run" and reason in verdict.evidence


def test_the_registrations_fit_their_presets() -> None:
    """Every label, budget, seed policy and number of runs that is registered is what the preset has."""
    from nasbench.reports.hypotheses.studies import _unsuitable
    from nasbench.study.toml import load_study

    claims = {claim.name: claim for claim in registered().hypotheses if isinstance(claim, StudyHypothesis)}
    assert {"best-cell-found-soon", "every-part-helps-on-tables", "every-part-helps-on-landscapes"} < set(claims)
    for claim in claims.values():
        assert _unsuitable(claim, load_study(claim.study)) == "", claim.name
    three = claims["three-objectives-balanced"]
    assert (three.query_cap, three.seed) == (300, 866025)
    assert load_study("multi-objective").problems == ("nas-bench-201/cifar10",)
