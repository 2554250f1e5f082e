"""Published orderings: where a paper's means say that one method is better than another, do ours say so too?

Two methods of one column whose printed means differ make an ordering. It is confirmed where ours differ significantly in the same direction,
contradicted where they differ significantly in the other, and otherwise undecided: Welch's t test, Holm over all orderings of a paper. Between
values without chance the sign decides; between exact expectations a difference beyond the margin, if the published one is significant.
Whether the published difference is significant is stated beside every ordering.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from nasbench.reports.papers.verdict import ALPHA, EXACT, ReproducedValue
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.result import Undefined

OrderingVerdict = Literal["confirmed", "contradicted", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """Two methods of one column.

    Attributes:
        higher, lower: method with the higher and with the lower published mean.
        dataset, split: the column.
        published: difference of the published means, positive.
        published_p: two-sided p-value of the published difference; None where the paper gives no deviations.
        reproduced: difference of ours, positive if the order is the published one.
        p_value: of ours, adjusted; 0 where nothing is random, 1 where nothing can be tested.
        verdict: the judgement.
    """

    higher: str
    lower: str
    dataset: str
    split: str
    published: float
    published_p: float | None
    reproduced: float
    p_value: float
    verdict: OrderingVerdict


def judge_orderings(found: Sequence[ReproducedValue]) -> list[Ordering]:
    """Judge every published ordering among the values that were reproduced."""
    pairs = [_ordered(a, b) for a, b in combinations(found, 2) if _is_ordering(a, b)]
    p_values = holm([_p_ours(high, low) for high, low in pairs])
    return [_judge(high, low, p) for (high, low), p in zip(pairs, p_values, strict=True)]


def _is_ordering(a: ReproducedValue, b: ReproducedValue) -> bool:
    return a.figure.column == b.figure.column and abs(a.figure.mean - b.figure.mean) > EXACT


def _ordered(a: ReproducedValue, b: ReproducedValue) -> tuple[ReproducedValue, ReproducedValue]:
    return (a, b) if a.figure.mean > b.figure.mean else (b, a)


def _judge(high: ReproducedValue, low: ReproducedValue, p_value: float | Undefined) -> Ordering:
    difference = high.estimate.mean - low.estimate.mean
    known = 1.0 if isinstance(p_value, Undefined) else p_value
    verdict: OrderingVerdict = "undecided"
    if known < ALPHA:
        verdict = "confirmed" if difference > 0.0 else "contradicted"
    return Ordering(
        higher=high.figure.method,
        lower=low.figure.method,
        dataset=high.figure.dataset,
        split=high.figure.split,
        published=high.figure.mean - low.figure.mean,
        published_p=_p_published(high, low),
        reproduced=difference,
        p_value=known,
        verdict=verdict,
    )


def _p_ours(high: ReproducedValue, low: ReproducedValue) -> float | Undefined:
    a, b = high.estimate, low.estimate
    if a.missing or b.missing:
        return Undefined("some runs did not get there")
    if (not a.fixed and a.deviation is None) or (not b.fixed and b.deviation is None):
        return Undefined("one run shows no variation between runs")
    difference = a.mean - b.mean
    if a.variance + b.variance > 0.0 or (a.fixed and b.fixed):
        return _p_welch(difference, (a.variance, a.runs), (b.variance, b.runs))
    published = _p_published(high, low)
    clear = abs(difference) > min(high.margin, low.margin) and published is not None and published < ALPHA
    return 0.0 if clear else 1.0


def _p_published(high: ReproducedValue, low: ReproducedValue) -> float | None:
    """Two-sided p-value of the published difference; where no deviation is published that of ours is taken, if it is known exactly."""
    sides = []
    for one in (high, low):
        runs, deviation = float(one.published_runs), one.figure.deviation
        if deviation is None and math.isinf(one.estimate.runs):
            runs, deviation = math.inf, one.estimate.deviation
        if deviation is None or runs < 2:
            return None
        sides.append((deviation**2 / one.published_runs, runs))
    return _p_welch(high.figure.mean - low.figure.mean, sides[0], sides[1])


def _p_welch(difference: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Two-sided p-value of a difference between two means, each with (variance of the mean, runs)."""
    from scipy.special import stdtr

    variance = a[0] + b[0]
    if variance == 0.0:
        return 0.0 if abs(difference) > EXACT else 1.0
    parts = sum(v**2 / (runs - 1.0) for v, runs in (a, b) if v)
    degrees = variance**2 / parts if parts else math.inf
    return min(1.0, 2.0 * float(stdtr(degrees, -abs(difference) / math.sqrt(variance))))
