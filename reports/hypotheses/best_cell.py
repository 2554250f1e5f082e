"""Hypotheses about the best cell: median unique queries to it on each data set, and the share of runs that find it within the cap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasbench.reports.hypotheses.evidence import HypothesisEvidence
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.search_time import where
from nasbench.reports.hypotheses.statements import MedianToTarget
from nasbench.reports.hypotheses.verdict import ErrorRates, HypothesisVerdict, Outcome, Part
from nasbench.reports.statistics.location import median_bounds
from nasbench.reports.statistics.proportion import rate
from nasbench.reports.statistics.result import Interval, Undefined


def judge_best_cell(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> HypothesisVerdict:
    """Judge a hypothesis of the kind "median to target".

    It holds if every bound of a median is at most, and every bound of a share at least, what is stated. It fails if a bound of one of them,
    corrected for all, lies on the other side.
    """
    hypothesis = registration.statement
    assert isinstance(hypothesis, MedianToTarget)
    parts = tuple(_parts(registration, hypothesis, evidence))
    verdicts = [part.verdict for part in parts]
    outcome: Outcome = (
        "holds" if set(verdicts) == {"met"} else "fails" if "not met" in verdicts else "not shown"
    )  # fmt: skip
    told = "; ".join(f"{part.of}: {_number(part)}, {part.verdict}" for part in parts if part.verdict != "met")
    digests = ", ".join(dict.fromkeys(part.runs for part in parts))
    return HypothesisVerdict(
        hypothesis=hypothesis,
        outcome=outcome,
        threshold=None,
        parts=parts,
        evidence=f"{verdicts.count('met')} of {len(parts)} met{'; ' if told else ''}{told} (n = {parts[0].n}, runs {digests})",
        change=hypothesis.falsified_by
        if outcome == "holds"
        else "a faster search, or more runs where a bound is not met",
    )


def _parts(
    registration: HypothesisRegistration, hypothesis: MedianToTarget, evidence: HypothesisEvidence
) -> Iterator[Part]:
    rates, cap, share = ErrorRates(registration.error_rate, registration.parts), hypothesis.query_cap, hypothesis.share
    for study in registration.studies:
        for benchmark in hypothesis.benchmarks:
            cell, short = (study, benchmark, hypothesis.method), where(registration, study, benchmark)
            times, stated = evidence.values[(*cell, "unique_queries")], float(hypothesis.medians[benchmark])
            arrived = times.observed & (times.time <= cap)
            queries, runs = np.where(arrived, times.time, np.inf), evidence.digest(cell)
            low, high = _bounds(median_bounds(queries, level=rates.level))
            strictly, _ = _bounds(median_bounds(queries, level=rates.strict_level))
            beyond = not isinstance(strictly, Undefined) and strictly > stated
            median = float(np.median(queries))
            late = Undefined(f"fewer than half of the runs arrive within {cap:g}")
            yield Part(
                of=f"median on {short} (at most {stated:g})", statistic=median if np.isfinite(median) else late,
                lower=_finite(low, cap), upper=_finite(high, cap), n=times.runs, runs=runs, beyond=beyond,
                verdict=_verdict(not isinstance(high, Undefined) and high <= stated, beyond),
            )  # fmt: skip
            within, bottom, top = _share(int(arrived.sum()), times.runs, rates.level)
            most = _share(int(arrived.sum()), times.runs, rates.strict_level)[2]
            yield Part(
                of=f"share within {cap:g} on {short} (at least {share:g})", statistic=within, lower=bottom, upper=top,
                n=times.runs, runs=runs, beyond=most < share, verdict=_verdict(bottom >= share, most < share),
            )  # fmt: skip


def _bounds(bounds: tuple[float, float] | Undefined) -> tuple[float | Undefined, float | Undefined]:
    return (bounds, bounds) if isinstance(bounds, Undefined) else bounds


def _share(successes: int, runs: int, level: float) -> tuple[float, float, float]:
    """Return a share with one-sided bounds of Clopper and Pearson, each at the level: both ends of a two-sided interval."""
    found = rate(successes, runs, method="clopper-pearson", level=2 * level - 1)
    assert not isinstance(found, Undefined) and isinstance(found.interval, Interval)
    return found.value, found.interval.lower, found.interval.upper


def _verdict(met: bool, beyond: bool) -> str:
    return "met" if met else "not met" if beyond else "not shown"


def _finite(bound: float | Undefined, cap: float) -> float | Undefined:
    if isinstance(bound, Undefined) or np.isfinite(bound):
        return bound
    return Undefined(f"the bound lies beyond the cap of {cap:g}")


def _number(part: Part) -> str:
    return part.statistic.reason if isinstance(part.statistic, Undefined) else f"{part.statistic:g}"
