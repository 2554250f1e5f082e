from __future__ import annotations

from dataclasses import replace

from nasbench.reports.hypotheses.statements import VerifiedTheory, load_statements
from nasbench.reports.hypotheses.theory import verdict_of
from nasbench.theory.machinery.claim import Context, Outcome, Verdict
from nasbench.theory.machinery.registry import Finding, select, verify

CLAIM = next(one for one in load_statements().hypotheses if isinstance(one, VerifiedTheory))
THEOREMS = select([])[:3]
SEEN = Verdict(Outcome.HOLDS, 1.0, 2.0, 2.0, None, None, 10)


def findings(*outcomes: Outcome, mutant: bool = False) -> list[Finding]:
    return [
        Finding(theorem, replace(SEEN, outcome=outcome), 0.1, mutant)
        for theorem, outcome in zip(THEOREMS, outcomes, strict=True)
    ]


CAUGHT = findings(Outcome.VIOLATED, Outcome.VIOLATED, Outcome.VIOLATED, mutant=True)
SOUND = findings(Outcome.HOLDS, Outcome.UNDECIDED, Outcome.VACUOUS)


def test_nothing_violated_and_every_fault_caught_holds() -> None:
    verdict = verdict_of(CLAIM, SOUND, CAUGHT)
    assert verdict.outcome == "holds"
    assert "1 holds, 1 undecided, 1 vacuous" in verdict.evidence and "3 of 3 mutants" in verdict.evidence


def test_a_violated_theorem_fails_by_name() -> None:
    verdict = verdict_of(CLAIM, findings(Outcome.HOLDS, Outcome.VIOLATED, Outcome.HOLDS), CAUGHT)
    assert verdict.outcome == "fails" and THEOREMS[1].name in verdict.evidence


def test_a_fault_that_slips_through_fails() -> None:
    slipped = findings(Outcome.VIOLATED, Outcome.VIOLATED, Outcome.HOLDS, mutant=True)
    verdict = verdict_of(CLAIM, SOUND, slipped)
    assert verdict.outcome == "fails" and f"not rejected: {THEOREMS[2].name}" in verdict.evidence


def test_the_hash_is_that_of_the_verdicts() -> None:
    one, two = verdict_of(CLAIM, SOUND, CAUGHT), verdict_of(CLAIM, SOUND[:2], CAUGHT)
    assert one.parts[0].runs != two.parts[0].runs


def test_real_checks_fit_in() -> None:
    cheap = (
        select(["random-search.rank-law"])
        if any(t.name == "random-search.rank-law" for t in select([]))
        else THEOREMS[:1]
    )
    verdict = verdict_of(CLAIM, verify(cheap, Context()), verify(cheap, Context(), mutants=True))
    assert verdict.outcome == "holds" and verdict.parts[0].n == 1
