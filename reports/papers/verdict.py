"""The verdicts on a reproduced number, and what stands beside one: what was found, and the judged row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasbench.reports.papers.estimate import ReproducedEstimate
from nasbench.reports.papers.paper import PublishedValue
from nasbench.reports.statistics.equivalence import Equivalence

ALPHA = 0.05
EXACT = 1e-6
"""Allowance for the table's single precision."""

Verdict = Literal["equivalent", "differs", "differs, size undecided", "undecided", "not testable", "not run"]
AGAINST: tuple[Verdict, ...] = ("differs", "differs, size undecided")
"""Verdicts that say that the published number was not reproduced."""


@dataclass(frozen=True, kw_only=True)
class ReproducedValue:
    """What we found for a published value, not judged yet.

    Attributes:
        figure: what was published.
        unit: of the numbers.
        margin: difference that counts as equal.
        estimate: ours, which is judged.
        published_runs: repetitions behind the published mean.
        simulated: ours by simulation where `estimate` is exact; shown, not judged.
        explanation: what is known about a difference.
    """

    figure: PublishedValue
    unit: str
    margin: float
    estimate: ReproducedEstimate
    published_runs: int = 1
    simulated: ReproducedEstimate | None = None
    explanation: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A published number beside ours.

    Attributes:
        figure, unit, margin: as in `ReproducedValue`.
        verdict: the judgement.
        reason: in words; empty where the values are equivalent and do not differ significantly.
        mean, deviation: ours, over `runs`; None where nothing was run.
        runs: ours.
        test: the equivalence test; None where there was none.
        p_value: of equivalence, adjusted.
        p_difference: of any difference, adjusted.
        within: smallest margin for which equivalence would be shown at 5 %, this row alone.
        power: probability that equivalence is shown where there is no difference, at the level of Holm's first step.
        closed_form: expectation where the distribution is known exactly.
    """

    figure: PublishedValue
    unit: str
    margin: float
    verdict: Verdict
    reason: str = ""
    mean: float | None = None
    deviation: float | None = None
    runs: int = 0
    test: Equivalence | None = None
    p_value: float | None = None
    p_difference: float | None = None
    within: float | None = None
    power: float | None = None
    closed_form: float | None = None
