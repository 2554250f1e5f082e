"""What judging a hypothesis gives: a verdict, the evidence part by part, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.statements import Hypothesis
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

Outcome = Literal["holds", "fails", "not shown", "refused", "not run"]
"""`holds` and `fails` each err with at most the registered probability, all parts together. `not shown`: neither; such a hypothesis does
not stand. `refused`: the results are not those that were registered. `not run`: there is nothing to judge by."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number that a hypothesis rests on.

    Attributes:
        of: what it is about: study, data set, baseline, account.
        statistic: the estimate, or why there is none.
        lower, upper: one-sided bounds, each at one minus the registered error rate.
        n: runs or seeds.
        runs: hash of what it was computed from.
        verdict: what this number alone says, where its kind of hypothesis judges each.
        beyond: whether it lies on the wrong side of its threshold by a bound that is corrected for all parts.
    """

    of: str
    statistic: float | Undefined
    lower: float | Undefined
    upper: float | Undefined
    n: int
    runs: str
    verdict: str = ""
    beyond: bool = False


@dataclass(frozen=True, kw_only=True)
class HypothesisVerdict:
    """A judged hypothesis.

    Attributes:
        hypothesis: the statement, as registered where it is.
        outcome: the verdict.
        threshold: that the bound is compared with; None where there is none.
        parts: the numbers, all of them.
        evidence: one sentence with the decisive number and the hash of what it stands on.
        change: what would change the verdict.
        registration: under which it was judged; None where its kind has none.
    """

    hypothesis: Hypothesis
    outcome: Outcome
    threshold: float | None
    parts: tuple[Part, ...]
    evidence: str
    change: str
    registration: HypothesisRegistration | None = None

    @property
    def stands(self) -> bool:
        """Whether nothing that was judged went against the hypothesis."""
        return self.outcome in ("holds", "not run")


@dataclass(frozen=True)
class ErrorRates:
    """Error rates of the bounds of one hypothesis.

    Attributes:
        each: of each bound; "holds" needs every one of them, so it errs with that probability (intersection-union).
        parts: bounds; "fails" needs one, so it errs with that probability where each is taken at its share (Holm's first step).
    """

    each: float
    parts: int = 1

    @property
    def level(self) -> float:
        """Level of each bound."""
        return 1.0 - self.each

    @property
    def strict_level(self) -> float:
        """Level of each bound where one is enough."""
        return 1.0 - self.each / self.parts


def not_run(hypothesis: Hypothesis, reason: str, remedy: str) -> HypothesisVerdict:
    """Return the verdict where there is nothing to judge by; never replaced by something else."""
    return HypothesisVerdict(
        hypothesis=hypothesis, outcome="not run", threshold=hypothesis.bound, parts=(), evidence=reason, change=remedy
    )


def refused(registration: HypothesisRegistration, reasons: Iterable[str]) -> HypothesisVerdict:
    """Return the verdict on results that are not those that were registered, with everything in which they differ."""
    return HypothesisVerdict(
        hypothesis=registration.statement,
        outcome="refused",
        threshold=registration.statement.bound,
        parts=(),
        evidence="; ".join(reasons),
        change=f"run what is registered: {', '.join(f'`{command}`' for command in registration.commands)}",
        registration=registration,
    )


def below(
    hypothesis: Hypothesis, parts: Sequence[Part], threshold: float, *, strictly: bool = False
) -> HypothesisVerdict:
    """Judge by the intersection-union rule that every part lies at or below a threshold (`strictly` below).

    It holds if every upper bound does. It fails if one part lies beyond by its corrected bound.
    """
    worst = largest_upper(parts)
    beyond = [part for part in parts if part.beyond]
    shown = [
        part for part in parts if not isinstance(part.upper, Undefined) and _meets(part.upper, threshold, strictly)
    ]
    outcome: Outcome = "holds" if len(shown) == len(parts) else "fails" if beyond else "not shown"
    count = f"{len(shown)} of {len(parts)} bounds are {'below' if strictly else 'at most'} {threshold:g}"
    lacking = len(parts) - len(shown)
    change = hypothesis.falsified_by
    if outcome == "fails":
        change = (
            f"another optimizer or another registration: {pluralize(len(beyond), 'lower bound')}, corrected for all {len(parts)}, "
            f"{'lies' if len(beyond) == 1 else 'lie'} beyond the threshold"
        )
    elif outcome == "not shown":
        change = f"more runs, or a faster search, where {pluralize(lacking, 'bound')} exceeded the threshold"
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=threshold,
        parts=tuple(replace(part, verdict=_alone(part, shown, beyond)) for part in parts),
        evidence=f"{count}; the worst is {worst.of}, {_words(worst)} (n = {worst.n}, runs {worst.runs})",
        change=change,
    )


def largest_upper(parts: Sequence[Part]) -> Part:
    """Return the part with the largest upper bound, an undefined one first."""
    return max(parts, key=lambda part: float("inf") if isinstance(part.upper, Undefined) else part.upper)


def _meets(bound: float, threshold: float, strictly: bool) -> bool:
    return bound < threshold if strictly else bound <= threshold


def _alone(part: Part, shown: Sequence[Part], beyond: Sequence[Part]) -> str:
    return "met" if part in shown else "not met" if part in beyond else "not shown"


def _words(part: Part) -> str:
    if isinstance(part.statistic, Undefined):
        return part.statistic.reason
    bound = part.upper.reason if isinstance(part.upper, Undefined) else f"bound {part.upper:.3f}"
    return f"ratio {part.statistic:.3f}, {bound}"
