from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.hypotheses import maintenance
from nasbench.reports.hypotheses.judge import Sources, judge_hypotheses
from nasbench.reports.hypotheses.statements import VerifiedTheory, load_statements
from nasbench.reports.hypotheses.theory import CheckedClaim, checked_path, verdict_of, write_check
from nasbench.theory.machinery.claim import Context, Outcome, Verdict
from nasbench.theory.machinery.registry import Finding, select, verify

CLAIM = next(one for one in load_statements().hypotheses if isinstance(one, VerifiedTheory))
THEOREMS = select([])[:3]
SEEN = Verdict(Outcome.HOLDS, 1.0, 2.0, 2.0, None, None, 10)


def findings(*outcomes: Outcome, mutant: bool = False) -> list[CheckedClaim]:
    return [
        CheckedClaim.from_finding(Finding(theorem, replace(SEEN, outcome=outcome), 0.1, mutant))
        for theorem, outcome in zip(THEOREMS, outcomes, strict=True)
    ]


CAUGHT = findings(Outcome.VIOLATED, Outcome.VIOLATED, Outcome.VIOLATED, mutant=True)
SOUND = findings(Outcome.HOLDS, Outcome.UNDECIDED, Outcome.VACUOUS)


def test_nothing_violated_and_every_fault_caught_holds() -> None:
    verdict = verdict_of(CLAIM, SOUND + CAUGHT)
    assert verdict.outcome == "holds"
    assert "1 holds, 1 undecided, 1 vacuous" in verdict.evidence and "3 of 3 mutants" in verdict.evidence


def test_a_violated_theorem_fails_by_name() -> None:
    verdict = verdict_of(CLAIM, findings(Outcome.HOLDS, Outcome.VIOLATED, Outcome.HOLDS) + CAUGHT)
    assert verdict.outcome == "fails" and THEOREMS[1].name in verdict.evidence


def test_a_fault_that_slips_through_fails() -> None:
    slipped = findings(Outcome.VIOLATED, Outcome.VIOLATED, Outcome.HOLDS, mutant=True)
    verdict = verdict_of(CLAIM, SOUND + slipped)
    assert verdict.outcome == "fails" and f"not rejected: {THEOREMS[2].name}" in verdict.evidence


def test_the_hash_is_that_of_the_verdicts() -> None:
    one, two = verdict_of(CLAIM, SOUND + CAUGHT), verdict_of(CLAIM, SOUND[:2] + CAUGHT)
    assert one.parts[0].runs != two.parts[0].runs


def test_real_checks_fit_in() -> None:
    cheap = (
        select(["random-search.rank-law"])
        if any(t.name == "random-search.rank-law" for t in select([]))
        else THEOREMS[:1]
    )
    found = verify(cheap, Context()) + verify(cheap, Context(), mutants=True)
    verdict = verdict_of(CLAIM, [CheckedClaim.from_finding(finding) for finding in found])
    assert verdict.outcome == "holds" and verdict.parts[0].n == 1


def test_the_check_that_ships_is_judged_and_stands_as_of_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (absent,) = judge_hypotheses([CLAIM], Sources(evidence=tmp_path))
    assert absent.outcome == "not run" and "--theory" in absent.change
    monkeypatch.setattr(maintenance, "check_theory", lambda jobs, progress: SOUND + CAUGHT)
    (written,) = maintenance.pack_evidence([CLAIM], Sources(evidence=tmp_path))
    assert written == str(checked_path(tmp_path))
    (shipped,) = judge_hypotheses([CLAIM], Sources(evidence=tmp_path))
    assert shipped.outcome == "holds" and shipped.parts == verdict_of(CLAIM, SOUND + CAUGHT).parts
    assert "checked with version" in shipped.evidence and "changed" not in shipped.evidence
    monkeypatch.setattr("nasbench.reports.hypotheses.theory.sources_sha256", lambda names: "0" * 64)
    (older,) = judge_hypotheses([CLAIM], Sources(evidence=tmp_path))
    assert older.parts == shipped.parts and "the sources have changed since" in older.evidence


def test_a_check_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = write_check(SOUND + findings(Outcome.VIOLATED, Outcome.HOLDS, Outcome.VIOLATED, mutant=True), tmp_path)
    (verdict,) = judge_hypotheses([CLAIM], Sources(evidence=tmp_path))
    assert verdict.outcome == "fails" and THEOREMS[1].name in verdict.evidence
    content = json.loads(path.read_text())
    content["checked"][4]["outcome"] = "violated"
    path.write_text(json.dumps(content))
    with pytest.raises(NasbenchError, match="no check of the theory"):
        judge_hypotheses([CLAIM], Sources(evidence=tmp_path))


@pytest.mark.parametrize("left", [[], SOUND, CAUGHT, SOUND[:2] + CAUGHT, SOUND + CAUGHT[:2], 2 * (SOUND + CAUGHT)])
def test_a_check_that_leaves_something_out_is_refused(left: list[CheckedClaim], tmp_path: Path) -> None:
    write_check(left, tmp_path)
    with pytest.raises(NasbenchError, match="each claim once and its mutant once"):
        judge_hypotheses([CLAIM], Sources(evidence=tmp_path))
