"""What judging a claim gives: a verdict, the evidence part by part, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nasbench.reports.hypotheses.registry import Hypothesis
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

Outcome = Literal["holds", "fails", "not shown", "not run"]
"""`fails`: a bound, at 95 % by itself, lies on the wrong side; with many bounds one does so by chance more often than in 5 %.
`not shown`: neither; a claim that was judged and not shown does not stand."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number that a claim rests on.

    Attributes:
        of: what it is about: data set, baseline, account.
        statistic: the estimate, or why there is none.
        lower, upper: one-sided 95 % bounds.
        n: runs or seeds.
        runs: hash of what it was computed from.
        verdict: what this number alone says, where its kind of claim judges each.
    """

    of: str
    statistic: float | Undefined
    lower: float | Undefined
    upper: float | Undefined
    n: int
    runs: str
    verdict: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimVerdict:
    """A judged claim.

    Attributes:
        claim: the registration.
        outcome: the verdict.
        threshold: that the bound is compared with; None where there is none.
        parts: the numbers, all of them.
        evidence: one sentence with the decisive number and the hash of what it stands on.
        change: what would change the verdict.
    """

    claim: Hypothesis
    outcome: Outcome
    threshold: float | None
    parts: tuple[Part, ...]
    evidence: str
    change: str

    @property
    def stands(self) -> bool:
        """Whether nothing that was judged went against the claim."""
        return self.outcome in ("holds", "not run")


def not_run(claim: Hypothesis, reason: str, remedy: str) -> ClaimVerdict:
    """The verdict where there is nothing to judge by; never replaced by something else."""
    return ClaimVerdict(
        claim=claim,
        outcome="not run",
        threshold=claim.bound,
        parts=(),
        evidence=reason,
        change=remedy,
    )


def below(claim: Hypothesis, parts: Sequence[Part], threshold: float, *, strictly: bool = False) -> ClaimVerdict:
    """Judge by the intersection-union rule that every part lies at or below a threshold (`strictly` below).

    Holds if every upper bound does, at 95 % together since each does at 95 %. Fails if one lower bound lies beyond.
    """
    worst = max(parts, key=lambda part: float("inf") if isinstance(part.upper, Undefined) else part.upper)
    beyond = [part for part in parts if not isinstance(part.lower, Undefined) and part.lower > threshold]
    shown = [
        part for part in parts if not isinstance(part.upper, Undefined) and _meets(part.upper, threshold, strictly)
    ]
    outcome: Outcome = "holds" if len(shown) == len(parts) else "fails" if beyond else "not shown"
    count = f"{len(shown)} of {len(parts)} bounds are {'below' if strictly else 'at most'} {threshold:g}"
    lacking = len(parts) - len(shown)
    change = claim.falsified_by
    if outcome == "fails":
        change = (
            f"another optimizer or another registration: {pluralize(len(beyond), 'lower bound')} of {len(parts)}, each at 95 % by itself, "
            f"{'lies' if len(beyond) == 1 else 'lie'} beyond the threshold"
        )
    elif outcome == "not shown":
        change = f"more runs, or a faster search, where {pluralize(lacking, 'bound')} exceeded the threshold"
    return ClaimVerdict(
        claim=claim,
        outcome=outcome,
        threshold=threshold,
        parts=tuple(replace(part, verdict=_alone(part, shown, beyond)) for part in parts),
        evidence=f"{count}; the worst is {worst.of}, {_words(worst)} (n = {worst.n}, runs {worst.runs})",
        change=change,
    )


def _meets(bound: float, threshold: float, strictly: bool) -> bool:
    return bound < threshold if strictly else bound <= threshold


def _alone(part: Part, shown: Sequence[Part], beyond: Sequence[Part]) -> str:
    return "met" if part in shown else "not met" if part in beyond else "not shown"


def _words(part: Part) -> str:
    if isinstance(part.statistic, Undefined):
        return part.statistic.reason
    bound = part.upper.reason if isinstance(part.upper, Undefined) else f"bound {part.upper:.3f}"
    return f"ratio {part.statistic:.3f}, {bound}"
