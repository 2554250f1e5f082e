"""The hypothesis that the theory is verified: every claim and every mutant, checked now, or as the check that ships found them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.errors import CorruptDataError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.files.source_files import sources_sha256
from nasbench.reports.analysis.digest import DIGITS
from nasbench.reports.hypotheses.statements import VerifiedTheory
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, Outcome, Part, not_run
from nasbench.study.environment import environment
from nasbench.study.sources import DECIDING

if TYPE_CHECKING:
    from nasbench.theory.machinery.registry import Finding

Progress = Callable[[int, int], None]
CHECKED = (*DECIDING, "theory")
"""Files and folders of the package on which the verdicts depend."""


@dataclass(frozen=True)
class CheckedClaim:
    """What the check of a claim, or of its mutant, found.

    Attributes:
        claim: name.
        mutant: whether the mutant was checked.
        outcome: value of `nasbench.theory.machinery.claim.Outcome`.
        statistic, bound: of the verdict.
    """

    claim: str
    mutant: bool
    outcome: str
    statistic: float | None
    bound: float | None

    @classmethod
    def from_finding(cls, finding: Finding) -> CheckedClaim:
        """Return a finding as plain data."""
        verdict = finding.verdict
        numbers = (None if number is None else float(number) for number in (verdict.statistic, verdict.bound))
        return cls(finding.claim.name, finding.mutant, str(verdict.outcome.value), *numbers)

    @property
    def passed(self) -> bool:
        """Whether the claim is not violated, or its mutant is rejected; a check that raised does neither."""
        return self.outcome != "error" and (self.outcome == "violated") == self.mutant


def check_theory(jobs: int = 1, progress: Progress = lambda done, all_: None) -> list[CheckedClaim]:
    """Check all claims and all mutants; needs the extra `theory`."""
    from nasbench.theory.machinery.claim import Context
    from nasbench.theory.machinery.registry import select, verify

    claims = select([])
    total = 2 * len(claims)
    found = verify(claims, Context(), jobs, False, lambda done, _: progress(done, total))
    found += verify(claims, Context(), jobs, True, lambda done, _: progress(len(claims) + done, total))
    return [CheckedClaim.from_finding(finding) for finding in found]


def checked_path(folder: Path) -> Path:
    """Return the file of a check in the evidence."""
    return folder / "theory-verified.json"


def write_check(checked: Sequence[CheckedClaim], folder: Path) -> Path:
    """Write a check, with the sources that it is about, to the evidence; return the file."""
    path = checked_path(folder)
    content = {
        "version": environment()["version"],
        "sources_sha256": sources_sha256(CHECKED),
        "checked": [asdict(one) for one in checked],
    }
    write_sealed(path, content)
    return path


def judge_shipped_theory(hypothesis: VerifiedTheory, folder: Path) -> HypothesisVerdict:
    """Judge by the check that ships; it stands as of its version where the sources have changed since.

    Raises:
        NasbenchError: if the file was changed after it was written.
    """
    path = checked_path(folder)
    now = "run `nasbench hypotheses theory-verified --theory`"
    if not path.is_file():
        return not_run(hypothesis, f"there is no check in {folder}", now)
    content = read_sealed(path, "check of the theory")
    try:
        checked = [CheckedClaim(**one) for one in content["checked"]]
        sha256, version = str(content["sources_sha256"]), str(content["version"])
        held = Counter((one.claim, one.mutant) for one in checked)
    except (KeyError, TypeError):
        raise CorruptDataError(f"{path} is no check of the theory; restore it from version control.") from None
    if not held or held != {(claim, mutant): 1 for claim, _ in held for mutant in (False, True)}:
        raise CorruptDataError(
            f"{path} does not hold each claim once and its mutant once; restore it from version control."
        )
    same = sha256 == sources_sha256(CHECKED)
    since = "" if same else f", and the sources have changed since; to check the present ones {now}"
    return verdict_of(hypothesis, checked, f"; checked with version {version}, sources {sha256[:DIGITS]}{since}")


def verdict_of(hypothesis: VerifiedTheory, checked: Sequence[CheckedClaim], made: str = "") -> HypothesisVerdict:
    """Return the verdict on checked claims and mutants; `made` says of what version they are."""
    claims, mutants = ([one for one in checked if one.mutant == mutant] for mutant in (False, True))
    violated, slipped = ([one.claim for one in group if not one.passed] for group in (claims, mutants))
    outcome: Outcome = "fails" if violated or slipped else "holds"
    counts = Counter(one.outcome for one in claims)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    digest = hashlib.sha256(json.dumps([asdict(one) for one in checked]).encode()).hexdigest()[:DIGITS]
    names = "".join(
        f"; {word}: {', '.join(some)}" for word, some in (("violated", violated), ("not rejected", slipped)) if some
    )
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=None,
        parts=tuple(
            Part(of=of, statistic=passed, lower=passed, upper=passed, n=len(group), runs=digest)
            for of, group, faults in (
                ("claims not violated", claims, violated),
                ("mutants rejected", mutants, slipped),
            )
            for passed in (len(group) - len(faults),)
        ),
        evidence=f"{len(claims)} claims: {told}; {len(mutants) - len(slipped)} of {len(mutants)} mutants rejected{names} "
        f"(verdicts {digest}){made}",
        change=hypothesis.falsified_by
        if outcome == "holds"
        else "a proof or check put right, or the statement withdrawn",
    )
