"""Is a reproduced number the published one? Equivalence within a margin, difference beyond it, or neither shown.

Two one-sided t tests (`nasbench.reports.statistics.equivalence`) ask whether the means differ by less than the margin; a one-sided t test of
the same error asks whether they differ by more. Each family of p-values is adjusted by Holm over all rows of a paper that were
searched. A replayed row has no chance in it: it is equivalent when it rounds to the published digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nasbench.reports.papers.paper import ROUNDING, PublishedValue
from nasbench.reports.statistics.equivalence import Equivalence, published
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats

ALPHA = 0.05
MOST_RUNS = 1_000_000
EXACT = 1e-6
"""Allowance for the table's single precision."""

Verdict = Literal["equivalent", "different", "undecided", "not run"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A published number beside ours.

    Attributes:
        figure: what was published.
        unit: of the numbers.
        margin: difference that counts as equal.
        verdict: the judgement.
        reason: why it is not "equivalent"; empty where it is.
        mean, deviation: ours, over `runs`; None where nothing was run.
        runs: ours.
        test: the equivalence test; None where there was none.
        p_value: of equivalence, adjusted.
        closed_form: ours without simulation, where there is a closed form.
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
    closed_form: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReproducedValue:
    """What we found for a figure, not judged yet.

    Attributes:
        figure, unit, margin: as in `Row`.
        values: one a run, or one a cell where cells are replayed.
        replayed: whether there is no chance in it.
        published_runs: repetitions behind the published mean.
        explanation: what is known about a difference.
        closed_form: ours without simulation.
    """

    figure: PublishedValue
    unit: str
    margin: float
    values: Floats
    replayed: bool
    published_runs: int
    explanation: str = ""
    closed_form: float | None = None


def judge(found: Sequence[ReproducedValue]) -> list[Row]:
    """Judge all numbers of a paper together, in their order."""
    tests = [None if one.replayed else _test(one) for one in found]
    searched = [i for i, one in enumerate(found) if not one.replayed]
    near = dict(zip(searched, holm([_p_equivalent(tests[i]) for i in searched]), strict=True))
    far = dict(zip(searched, holm([_p_beyond(tests[i]) for i in searched]), strict=True))
    rows = []
    for i, one in enumerate(found):
        test = tests[i]
        if test is None:
            rows.append(_replayed(one))
        elif isinstance(test, Undefined):
            rows.append(_row(one, "undecided", test.reason))
        else:
            verdict: Verdict = "undecided"
            if _below(near[i]):
                verdict = "equivalent"
            elif _below(far[i]):
                verdict = "different"
            reason = _reason(one, test, verdict, ALPHA / len(searched))
            rows.append(_row(one, verdict, reason, test, near[i]))
    return rows


def not_run(figure: PublishedValue, unit: str, margin: float, reason: str) -> Row:
    """The row of a figure that nothing was run for."""
    return Row(figure=figure, unit=unit, margin=margin, verdict="not run", reason=reason)


def _test(one: ReproducedValue) -> Equivalence | Undefined:
    values = one.values
    if len(values) < 2:
        return Undefined("one run shows no variation between runs")
    if missing := int(np.isnan(values).sum()):
        return Undefined(f"{missing} of {len(values)} runs did not get there, so the mean is not known")
    deviation = one.figure.deviation if one.figure.deviation is not None else float(values.std(ddof=1))
    return published(values, one.figure.mean, deviation, one.published_runs, one.margin, alpha=ALPHA)


def _p_equivalent(test: Equivalence | Undefined | None) -> float | Undefined:
    return test.p_value if isinstance(test, Equivalence) else Undefined("not tested")


def _p_beyond(test: Equivalence | Undefined | None) -> float | Undefined:
    """One-sided p-value against a difference of at most the margin."""
    if not isinstance(test, Equivalence):
        return Undefined("not tested")
    from scipy.special import stdtr, stdtrit

    error = (test.interval.upper - test.difference) / -float(stdtrit(test.degrees, test.alpha))
    return float(stdtr(test.degrees, -(abs(test.difference) - test.margin) / error))


def _below(p_value: float | Undefined) -> bool:
    return not isinstance(p_value, Undefined) and p_value < ALPHA


def _reason(one: ReproducedValue, test: Equivalence, verdict: Verdict, alpha: float) -> str:
    if verdict == "equivalent":
        return ""
    low, high = test.interval.lower, test.interval.upper
    text = f"the means differ by {test.difference:+.2f} (90 % interval {low:+.2f} to {high:+.2f})"
    more = f"undecided; {_would_decide(one, test, alpha)}" if verdict == "undecided" else ""
    return "; ".join(part for part in (text, more, one.explanation) if part)


def _would_decide(one: ReproducedValue, test: Equivalence, alpha: float) -> str:
    """How many runs of ours would decide at the level of Holm's first step, if mean and spread stayed as they are."""
    from scipy.special import stdtrit

    own = float(one.values.std(ddof=1))
    theirs = own if one.figure.deviation is None else one.figure.deviation
    room = abs(test.margin - abs(test.difference))

    def reach(runs: float) -> float:
        """Half-width of the interval with so many runs of ours (Welch, as the test is)."""
        mine, published = own**2 / runs, theirs**2 / one.published_runs
        degrees = (mine + published) ** 2 / (mine**2 / (runs - 1) + published**2 / (one.published_runs - 1))
        return -float(stdtrit(degrees, alpha)) * float(np.sqrt(mine + published))

    if reach(MOST_RUNS) >= room:
        return (
            f"no number of runs would decide: {pluralize(one.published_runs, 'published run')} and a difference so near the margin of "
            f"{test.margin:g} leave too much open"
        )
    low, high = 1, MOST_RUNS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reach(max(middle, 2)) >= room else (low, middle)
    return f"about {high:,} runs would decide if mean and spread stayed as they are"


def _replayed(one: ReproducedValue) -> Row:
    difference = float(one.values.mean()) - one.figure.mean
    if abs(difference) <= ROUNDING + EXACT:
        return _row(one, "equivalent", "")
    text = f"the cells give {one.values.mean():.2f}, {difference:+.2f} from what was printed"
    return _row(one, "different", "; ".join(part for part in (text, one.explanation) if part))


def _row(
    one: ReproducedValue,
    verdict: Verdict,
    reason: str,
    test: Equivalence | None = None,
    p_value: float | Undefined | None = None,
) -> Row:
    spread = 0 if one.replayed else 1
    known = not np.isnan(one.values).any()
    return Row(
        figure=one.figure,
        unit=one.unit,
        margin=one.margin,
        verdict=verdict,
        reason=reason,
        mean=float(one.values.mean()) if known else None,
        deviation=float(one.values.std(ddof=spread)) if known and len(one.values) > spread else None,
        runs=len(one.values),
        test=test,
        p_value=None if isinstance(p_value, Undefined) else p_value,
        closed_form=one.closed_form,
    )
