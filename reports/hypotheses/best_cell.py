"""The claim about the best cell: median unique queries to it on each data set, and the runs that find it within the cap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import find_target, time_to_target
from nasbench.reports.hypotheses.registry import MedianToTarget
from nasbench.reports.hypotheses.studies import open_study
from nasbench.reports.hypotheses.verdict import ClaimVerdict, Outcome, Part, not_run
from nasbench.reports.statistics.location import median_bounds
from nasbench.reports.statistics.proportion import rate
from nasbench.reports.statistics.result import Undefined


def judge_best_cell(claim: MedianToTarget, folders: Mapping[str, Path]) -> ClaimVerdict:
    """Judge a claim of the kind "median to target".

    It holds if every bound of a median is at most what is stated and every counted share at least what is stated. It fails if a
    median's lower bound lies above, or the upper bound of a share below.
    """
    results = open_study(claim, folders)
    if isinstance(results, str):
        return not_run(claim, results, f"run `nasbench run {claim.study}`")
    parts = [part for benchmark in claim.benchmarks for part in _on(claim, results, str(benchmark))]
    verdicts = [part.verdict for part in parts]
    outcome: Outcome = (
        "holds" if set(verdicts) == {"met"} else "fails" if "not met" in verdicts else "not shown"
    )  # fmt: skip
    told = "; ".join(f"{part.of}: {_number(part)}, {part.verdict}" for part in parts if part.verdict != "met")
    digests = ", ".join(dict.fromkeys(part.runs for part in parts))
    return ClaimVerdict(
        claim=claim,
        outcome=outcome,
        threshold=None,
        parts=tuple(parts),
        evidence=f"{verdicts.count('met')} of {len(parts)} met{'; ' if told else ''}{told} (n = {parts[0].n}, runs {digests})",
        change=claim.falsified_by if outcome == "holds" else "a faster search, or more runs where a bound is not met",
    )


def _on(claim: MedianToTarget, results: Results, benchmark: str) -> tuple[Part, Part]:
    oracle, method, cap = results.oracle(benchmark), claim.method, claim.query_cap
    target = find_target(oracle, claim.target)
    times = time_to_target(results.traces(benchmark, method), target, "unique_queries")
    arrived = times.observed & (times.time <= cap)
    queries = np.where(arrived, times.time, np.inf)
    runs, short = results.digest((benchmark, method)), results.short(benchmark)
    stated, share = float(claim.medians[benchmark]), claim.share
    late = Undefined(f"fewer than half of the runs arrive within {cap:g}")
    bounds = median_bounds(queries)
    low, high = (bounds, bounds) if isinstance(bounds, Undefined) else (_finite(b, cap) for b in bounds)
    median = float(np.median(queries))
    found = rate(int(arrived.sum()), times.runs, method="clopper-pearson", level=0.9)
    return (
        Part(of=f"median on {short} (at most {stated:g})", statistic=median if np.isfinite(median) else late,
             lower=low, upper=high, n=times.runs, runs=runs, verdict=_median_verdict(bounds, stated)),
        Part(of=f"share within {cap:g} on {short} (at least {share:g})", statistic=found.value, lower=found.interval.lower,
             upper=found.interval.upper, n=times.runs, runs=runs, verdict=_share_verdict(found.value, found.interval.upper, share)),
    )  # fmt: skip


def _finite(bound: float, cap: float) -> float | Undefined:
    return bound if np.isfinite(bound) else Undefined(f"the bound lies beyond the cap of {cap:g}")


def _median_verdict(bounds: tuple[float, float] | Undefined, stated: float) -> str:
    if isinstance(bounds, Undefined):
        return "not shown"
    lower, upper = bounds
    return "met" if upper <= stated else "not met" if lower > stated else "not shown"


def _share_verdict(share: float | Undefined, upper: float | Undefined, stated: float) -> str:
    if not isinstance(share, Undefined) and share >= stated:
        return "met"
    return "not met" if not isinstance(upper, Undefined) and upper < stated else "not shown"


def _number(part: Part) -> str:
    return part.statistic.reason if isinstance(part.statistic, Undefined) else f"{part.statistic:g}"
