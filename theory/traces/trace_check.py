"""Checks of claims on the runs of an optimizer: a verdict, with predicted and empirical curves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.machinery.claim import Outcome, Verdict, not_judged
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns

Floats = NDArray[np.float64]

RESOLUTION = 0.1
"""Maximum half-width of a confidence band for agreement to count as evidence."""

TARGETS = (1, 16, 156, 1562)
"""Numbers of best architectures used as targets; the smallest that the budget can reach is used."""


def list_targets(runs: OptimizerRuns) -> tuple[int, ...]:
    """Return the `TARGETS` that there are in the landscape of some runs; of a smaller one all architectures are the
    last.
    """
    size = runs.landscape.size if runs.landscape is not None else TARGETS[-1]
    return tuple(dict.fromkeys(min(target, size) for target in TARGETS))


MIN_TARGET_PROBABILITY = 0.25
"""Minimum predicted probability of reaching a target within the budget; otherwise an easier target is used."""


@dataclass(frozen=True)
class TraceCheck:
    """The verdict of one claim on the runs of one optimizer on one benchmark."""

    claim: str
    benchmark: str
    optimizer: str
    verdict: Verdict

    @property
    def curve(self) -> LawCurve | None:
        """What was stated and observed, if the verdict has a curve."""
        return self.verdict.curve

    @property
    def passed(self) -> bool:
        """Whether the runs do not contradict the claim."""
        return self.verdict.outcome not in (Outcome.VIOLATED, Outcome.ERROR)


MOST_RUNS = 10**6
"""Maximum number of runs to suggest."""


def required_runs(deviation: float, half_width: float) -> float:
    """Return the number of runs for a 95% interval of a mean with this half-width, given the standard deviation of a
    run; infinite if undefined.
    """
    if deviation <= 0.0:
        return 0.0
    root = 1.96 * deviation / half_width if half_width > 0.0 else np.inf
    return float(np.ceil(root**2)) if root < MOST_RUNS else np.inf


def require_power(verdict: Verdict, needed: float) -> Verdict:
    """Turn agreement based on too few runs into "undecided", stating the required number of runs."""
    if verdict.outcome is Outcome.HOLDS and verdict.n < needed:
        few = f"{verdict.n} run{' is' if verdict.n == 1 else 's are'} too few"
        would = f"{needed:,.0f} would decide" if needed <= MOST_RUNS else f"more than {MOST_RUNS:,} would be needed"
        return replace(verdict, outcome=Outcome.UNDECIDED, note=f"{verdict.note}; {few}, {would}")
    return verdict


def make_check(claim: str, runs: OptimizerRuns, verdict: Verdict, curve: LawCurve | None = None) -> TraceCheck:
    """Attach a verdict to the optimizer and benchmark of some runs."""
    return TraceCheck(claim, runs.benchmark, runs.entry.label, replace(verdict, curve=curve))


def not_applicable(claim: str, runs: OptimizerRuns, why: str) -> list[TraceCheck]:
    """Return the check of a claim whose assumptions the runs do not meet."""
    return [make_check(claim, runs, not_judged(Outcome.ASSUMPTION_VIOLATED, why, n=runs.count))]


def unmet_assumption(runs: OptimizerRuns, of_means: str = "") -> str:
    """Return why a law of a complete table does not apply to some runs; empty where it does.

    Args:
        runs: of one optimizer.
        of_means: what is said of the law where it is that of a search on seed means.
    """
    if runs.landscape is None:
        return (
            "the rank of every architecture is not known: the table lacks some, or the space is too large to be listed"
        )
    if of_means and not runs.sees_means:
        return f"{of_means} (training_seed = 'mean')"
    return ""
