"""The intersection-union rule on synthetic times."""

from __future__ import annotations

import numpy as np

from nasbench.reports.hypotheses.search_time import ratio_part
from nasbench.reports.hypotheses.statements import Ablation, TimeToTargetRatio, load_statements
from nasbench.reports.hypotheses.tables import rows_of
from nasbench.reports.hypotheses.verdict import ErrorRates, HypothesisVerdict, Part, below, not_run
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.result import Undefined

CLAIM = TimeToTargetRatio(
    name="c",
    kind="time to target",
    statement="s",
    decision_rule="r",
    falsified_by="a bound above",
    studies=("s",),
    benchmarks=("onemax/5x3",),
    assumed_effect=1.0,
    method="m",
    query_cap=300,
    runs=1,
    target="ten-best",
    accounts=("unique_queries",),
    threshold=0.5,
)
CAP = 300.0


def times(mean: float, seed: int, runs: int = 100) -> CensoredTimes:
    drawn = np.ceil(np.random.default_rng(seed).exponential(mean, runs))
    return CensoredTimes(np.minimum(drawn, CAP), drawn <= CAP)


RATES = ErrorRates(0.05, 2)


def part(mean: float, baseline: float, of: str = "x") -> Part:
    return ratio_part(of, times(mean, 1), times(baseline, 2), CAP, np.random.default_rng(0), "abc123", RATES, 0.5)


def test_every_bound_below_makes_it_hold() -> None:
    verdict = below(CLAIM, [part(20, 100), part(25, 150)], 0.5)
    assert verdict.outcome == "holds" and verdict.stands
    assert verdict.change == "a bound above"
    assert "2 of 2 bounds" in verdict.evidence and "abc123" in verdict.evidence


def test_one_baseline_that_is_as_fast_makes_it_fail() -> None:
    verdict = below(CLAIM, [part(20, 100), part(100, 100, "the fast one")], 0.5)
    assert verdict.outcome == "fails" and not verdict.stands
    assert "the fast one" in verdict.evidence and "1 lower bound, corrected for all 2, lies beyond" in verdict.change
    assert [part.verdict for part in verdict.parts] == ["met", "not met"]


def test_a_ratio_of_about_a_half_shows_nothing() -> None:
    verdict = below(CLAIM, [part(20, 100), part(47, 100)], 0.5)
    assert verdict.outcome == "not shown" and not verdict.stands
    assert "more runs" in verdict.change


def test_a_point_estimate_below_is_not_enough() -> None:
    one = part(41, 100)
    assert isinstance(one.statistic, float) and one.statistic < 0.5
    assert isinstance(one.upper, float) and one.upper > 0.5
    assert below(CLAIM, [one], 0.5).outcome == "not shown"


def test_an_undecidable_part_is_not_passed_over() -> None:
    never = CensoredTimes(np.full(100, CAP), np.zeros(100, dtype=bool))
    undecided = ratio_part("hopeless", never, never, CAP, np.random.default_rng(0), "abc", RATES, 0.5)
    assert isinstance(undecided.upper, Undefined)
    verdict = below(CLAIM, [part(20, 100), undecided], 0.5)
    assert verdict.outcome == "not shown" and "hopeless" in verdict.evidence


def test_strictly_below_one() -> None:
    exact = Part(of="x", statistic=1.0, lower=1.0, upper=1.0, n=9, runs="abc")
    assert below(CLAIM, [exact], 1.0, strictly=True).outcome == "not shown"
    assert below(CLAIM, [exact], 1.0).outcome == "holds"


def test_not_run_stands_but_does_not_hold() -> None:
    verdict = not_run(CLAIM, "nothing is there", "run it")
    assert verdict.outcome == "not run" and verdict.stands and verdict.threshold == 0.5


def test_a_false_claim_passes_in_about_five_per_cent() -> None:
    """At the boundary a bound errs in 5 %: more than 8 of 50 studies pass with probability 0.003."""
    passed = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        slow, fast = rng.exponential(60.0, 40), rng.exponential(30.0, 40)
        reached = np.ones(40, dtype=bool)
        one = ratio_part(
            "x", CensoredTimes(fast, reached), CensoredTimes(slow, reached), 1e4, rng, "abc", ErrorRates(0.05), 0.5
        )
        passed += below(CLAIM, [one], 0.5).outcome == "holds"
    assert passed <= 8


def test_a_true_hypothesis_of_many_parts_seldom_fails() -> None:
    """Of 20 parts at the boundary one lower bound at 95 % lies beyond in two of three studies; corrected, in at most one of twenty.

    More than 2 of 6 studies fail with probability 0.002, and none has such a bound with probability 0.002.
    """
    failed = alone = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        reached, parts = np.ones(30, dtype=bool), []
        for _ in range(20):
            fast, slow = rng.exponential(30.0, 30), rng.exponential(60.0, 30)
            a, b = CensoredTimes(fast, reached), CensoredTimes(slow, reached)
            parts.append(ratio_part("x", a, b, 1e4, rng, "abc", ErrorRates(0.05, 20), 0.5))
        failed += below(CLAIM, parts, 0.5).outcome == "fails"
        alone += any(isinstance(part.lower, float) and part.lower > 0.5 for part in parts)
    assert failed <= 2 and alone >= 1


def test_the_row_of_an_ablation_shows_what_its_verdict_turns_on() -> None:
    hypothesis = next(one for one in load_statements().hypotheses if isinstance(one, Ablation))

    def part(of: str, lower: float, verdict: str) -> Part:
        return Part(of=of, statistic=lower + 5, lower=lower, upper=lower + 10, n=60, runs="abc", verdict=verdict)

    parts = (part("surrogate", 55.0, "helps"), part("gradient", -3.0, "not shown"), part("form", -13.0, "not shown"))
    judged = HypothesisVerdict(
        hypothesis=hypothesis, outcome="not shown", threshold=0.0, parts=parts, evidence="", change=""
    )
    (row,) = rows_of([judged])
    assert row["lower"] == -13.0
