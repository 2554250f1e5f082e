"""The hypothesis that the theory is verified: all registered theorems and all mutants, checked now."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence

from nasbench.reports.hypotheses.statements import VerifiedTheory
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, Outcome, Part
from nasbench.theory.machinery.claim import Context
from nasbench.theory.machinery.claim import Outcome as Found
from nasbench.theory.machinery.registry import Finding, select, verify


def judge_theory(
    hypothesis: VerifiedTheory, jobs: int = 1, progress: Callable[[int, int], None] = lambda done, all_: None
) -> HypothesisVerdict:
    """Judge a hypothesis of the kind "theory" by checking everything."""
    theorems = select([])
    total = 2 * len(theorems)
    findings = verify(theorems, Context(), jobs, False, lambda done, _: progress(done, total))
    faults = verify(theorems, Context(), jobs, True, lambda done, _: progress(len(theorems) + done, total))
    return verdict_of(hypothesis, findings, faults)


def verdict_of(hypothesis: VerifiedTheory, findings: Sequence[Finding], faults: Sequence[Finding]) -> HypothesisVerdict:
    """Return the verdict from the findings of the checks."""
    violated = [f.claim.name for f in findings if f.verdict.outcome is Found.VIOLATED]
    slipped = [f.claim.name for f in faults if not f.passed]
    outcome: Outcome = "fails" if violated or slipped else "holds"
    counts = Counter(str(f.verdict.outcome.value) for f in findings)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    digest = _digest((*findings, *faults))
    names = "".join(
        f"; {word}: {', '.join(some)}" for word, some in (("violated", violated), ("not rejected", slipped)) if some
    )
    parts = (
        Part(of="theorems not violated", statistic=len(findings) - len(violated), lower=len(findings) - len(violated),
             upper=len(findings) - len(violated), n=len(findings), runs=digest),
        Part(of="mutants rejected", statistic=len(faults) - len(slipped), lower=len(faults) - len(slipped),
             upper=len(faults) - len(slipped), n=len(faults), runs=digest),
    )  # fmt: skip
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=None,
        parts=parts,
        evidence=f"{len(findings)} theorems: {told}; {len(faults) - len(slipped)} of {len(faults)} mutants rejected{names} (verdicts {digest})",
        change=hypothesis.falsified_by
        if outcome == "holds"
        else "a proof or check put right, or the statement withdrawn",
    )


def _digest(findings: Sequence[Finding]) -> str:
    rows = [(f.claim.name, f.mutant, f.verdict.outcome.value, f.verdict.statistic, f.verdict.bound) for f in findings]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:12]
