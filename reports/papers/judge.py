"""Is a reproduced number the published one? Six verdicts, each with its reason in words.

equivalent               two one-sided t tests place the difference inside the margin
differs                  the difference is significantly larger than the margin
differs, size undecided  the difference is significant; whether it is larger than the margin is not
undecided                neither a difference nor equivalence is significant, though equivalence could have been
not testable             as before, and equivalence would be shown with a probability below one half even without any difference
not run

Each family of p-values (equivalence, any difference, a difference beyond the margin) is adjusted by Holm over all rows of a paper that
vary between runs. Where the distribution of ours is known exactly, as for random search, the test has one sample: the published runs. A
value without chance (a fixed cell, a maximum) is equivalent when it rounds to the published digits, and differs otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from nasbench.reports.papers.estimate import ReproducedEstimate
from nasbench.reports.papers.paper import PublishedValue
from nasbench.reports.papers.verdict import ALPHA, EXACT, ReproducedValue, Row, Verdict
from nasbench.reports.statistics.equivalence import Equivalence, from_difference
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

LEAST_POWER = 0.5
MOST_RUNS = 1_000_000


def judge(found: Sequence[ReproducedValue]) -> list[Row]:
    """Judge all numbers of a paper together, in their order."""
    searched = [i for i, one in enumerate(found) if not _is_fixed(one)]
    tests = {i: _test(found[i]) for i in searched}
    level = ALPHA / max(len(searched), 1)
    near = dict(zip(searched, holm([_p_equivalent(tests[i]) for i in searched]), strict=True))
    any_ = dict(zip(searched, holm([_p_beyond(tests[i], found[i].figure.rounding) for i in searched]), strict=True))
    far = dict(zip(searched, holm([_p_beyond(tests[i], found[i].margin) for i in searched]), strict=True))
    rows = []
    for i, one in enumerate(found):
        if i not in tests:
            rows.append(_judge_fixed(one))
            continue
        test = tests[i]
        if isinstance(test, Undefined):
            rows.append(_row(one, "undecided", test.reason))
            continue
        power = equivalence_power(test, level)
        verdict: Verdict = "undecided" if power >= LEAST_POWER else "not testable"
        if _below(near[i]):
            verdict = "equivalent"
        elif _below(far[i]):
            verdict = "differs"
        elif _below(any_[i]):
            verdict = "differs, size undecided"
        reason = _reason(one, test, verdict, _below(any_[i]), power, level)
        rows.append(_row(one, verdict, reason, test, near[i], any_[i], power))
    return rows


def not_run(figure: PublishedValue, unit: str, margin: float, reason: str) -> Row:
    """Return the row of a published value that nothing was run for."""
    return Row(figure=figure, unit=unit, margin=margin, verdict="not run", reason=reason)


def equivalence_power(test: Equivalence, alpha: float) -> float:
    """Return the probability that equivalence is shown at level `alpha` if there is no difference at all."""
    from scipy.special import stdtr, stdtrit

    error = _error(test)
    room = test.margin / error + float(stdtrit(test.degrees, alpha))
    return max(0.0, 2.0 * float(stdtr(test.degrees, room)) - 1.0)


def standard_error(estimate: ReproducedEstimate, figure: PublishedValue, published_runs: int) -> tuple[float, float]:
    """Return the standard error of ours minus the published mean, and its degrees of freedom (Welch).

    Where the paper gives no deviation ours is taken for it.
    """
    assert estimate.deviation is not None
    mine = estimate.variance
    if figure.deviation is None:
        theirs = estimate.deviation**2 / published_runs
        return math.sqrt(mine + theirs), estimate.runs - 1.0
    theirs = figure.deviation**2 / published_runs
    if mine + theirs == 0.0:
        return 0.0, math.inf
    parts = mine**2 / (estimate.runs - 1.0) + theirs**2 / max(published_runs - 1.0, 1.0)
    return math.sqrt(mine + theirs), (mine + theirs) ** 2 / parts


def _is_fixed(one: ReproducedValue) -> bool:
    """Whether no side varies, so that digits are compared."""
    ours, theirs = one.estimate, one.figure.deviation
    return ours.fixed or (ours.deviation == 0.0 and theirs == 0.0)


def _test(one: ReproducedValue) -> Equivalence | Undefined:
    ours = one.estimate
    if ours.missing:
        return Undefined(f"{ours.missing} of {ours.runs:g} runs did not get there, so the mean is not known")
    if ours.deviation is None:
        return Undefined("one run shows no variation between runs")
    error, degrees = standard_error(ours, one.figure, one.published_runs)
    if error == 0.0:
        return Undefined("our runs do not vary, and the paper gives no deviation")
    return from_difference(ours.mean - one.figure.mean, error, degrees, one.margin, ALPHA, "Welch t")


def _error(test: Equivalence) -> float:
    from scipy.special import stdtrit

    return (test.interval.upper - test.difference) / -float(stdtrit(test.degrees, test.alpha))


def _p_equivalent(test: Equivalence | Undefined) -> float | Undefined:
    return test.p_value if isinstance(test, Equivalence) else test


def _p_beyond(test: Equivalence | Undefined, threshold: float) -> float | Undefined:
    """p-value against a difference of at most the threshold, either way."""
    if isinstance(test, Undefined):
        return test
    from scipy.special import stdtr

    error, size = _error(test), abs(test.difference)
    tails = stdtr(test.degrees, -(size - threshold) / error) + stdtr(test.degrees, -(size + threshold) / error)
    return min(1.0, float(tails))


def _below(p_value: float | Undefined) -> bool:
    return not isinstance(p_value, Undefined) and p_value < ALPHA


def _reason(
    one: ReproducedValue, test: Equivalence, verdict: Verdict, significant: bool, power: float, level: float
) -> str:
    low, high = test.interval.lower, test.interval.upper
    means = f"the means differ by {test.difference:+.2f} (90 % interval {low:+.2f} to {high:+.2f})"
    margin = f"{test.margin:.2g}"
    if verdict == "equivalent":
        return f"{means}: significant, but less than the margin of {margin}" if significant else ""
    if verdict == "differs":
        return _join(f"{means}: significantly more than the margin of {margin}", one.explanation)
    if verdict == "differs, size undecided":
        return _join(f"{means}: significant, but perhaps less than the margin of {margin}", one.explanation)
    if verdict == "not testable":
        chance = f"equivalence within {margin} would be shown with a probability of {100 * power:.0f} % if there were no difference"
        return _join(f"{means}, which is not significant", chance, _would_decide(one, test, level))
    return _join(
        f"{means}, which is not significant, nor is equivalence within {margin} shown", _would_decide(one, test, level)
    )


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _would_decide(one: ReproducedValue, test: Equivalence, alpha: float) -> str:
    """How many runs of ours would decide at the level of Holm's first step, if mean and spread stayed as they are."""
    from scipy.special import stdtrit

    room = abs(test.margin - abs(test.difference))

    def reach(runs: float) -> float:
        """Half-width of the interval with this number of runs of ours."""
        error, degrees = standard_error(replace(one.estimate, runs=runs), one.figure, one.published_runs)
        return -float(stdtrit(degrees, alpha)) * error

    if math.isinf(one.estimate.runs) or reach(MOST_RUNS) >= room:
        return f"no number of runs would decide, since there are {pluralize(one.published_runs, 'published run')}"
    low, high = 1, MOST_RUNS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reach(max(middle, 2)) >= room else (low, middle)
    return f"about {high:,} runs would decide if mean and spread stayed as they are"


def _judge_fixed(one: ReproducedValue) -> Row:
    difference = one.estimate.mean - one.figure.mean
    if abs(difference) <= one.figure.rounding + EXACT:
        return _row(one, "equivalent", "")
    digits = max(one.figure.digits, 2)
    text = f"ours is {one.estimate.mean:.{digits}f}, {difference:+.{digits}f} from what was printed"
    return _row(one, "differs", _join(text, one.explanation))


def _row(
    one: ReproducedValue,
    verdict: Verdict,
    reason: str,
    test: Equivalence | None = None,
    p_value: float | Undefined | None = None,
    p_difference: float | Undefined | None = None,
    power: float | None = None,
) -> Row:
    shown = one.simulated or one.estimate
    exact = math.isinf(one.estimate.runs) and one.estimate.deviation is not None
    return Row(
        figure=one.figure,
        unit=one.unit,
        margin=one.figure.rounding if _is_fixed(one) else one.margin,
        verdict=verdict,
        reason=reason,
        mean=None if shown.missing else shown.mean,
        deviation=shown.deviation,
        runs=0 if math.isinf(shown.runs) else int(shown.runs),
        test=test,
        p_value=None if isinstance(p_value, Undefined) else p_value,
        p_difference=None if isinstance(p_difference, Undefined) else p_difference,
        within=max(abs(test.interval.lower), abs(test.interval.upper)) if test else None,
        power=power,
        closed_form=one.estimate.mean if exact else None,
    )
