"""Claims about time to a target: the hybrid's restricted mean against each baseline's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nasbench.reports.analysis.comparison import resamples_for
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import common_horizon, find_target, time_to_target
from nasbench.reports.hypotheses.registry import TimeToTargetRatio
from nasbench.reports.hypotheses.studies import labels_of, open_study
from nasbench.reports.hypotheses.verdict import ClaimVerdict, Part, below, not_run
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.restricted_mean_ratio import restricted_mean_ratio

SEED = 201


def judge_search_time(claim: TimeToTargetRatio, folders: Mapping[str, Path]) -> ClaimVerdict:
    """Judge a claim of the kind "time to target"."""
    results = open_study(claim, folders)
    if isinstance(results, str):
        return not_run(claim, results, f"run `nasbench run {claim.study}`")
    rng = np.random.default_rng(SEED)
    parts = [part for benchmark in claim.benchmarks for part in _on(claim, results, str(benchmark), rng)]
    threshold = claim.threshold
    return below(claim, parts, threshold, strictly=threshold == 1.0)


def _on(claim: TimeToTargetRatio, results: Results, benchmark: str, rng: np.random.Generator) -> list[Part]:
    oracle, method = results.oracle(benchmark), claim.method
    target = find_target(oracle, claim.target)
    labels = labels_of(claim, results.study)
    traces = {label: results.traces(benchmark, label) for label in (method, *labels)}
    parts = []
    for account in claim.accounts:
        times = {label: time_to_target(trace, target, account) for label, trace in traces.items()}
        horizon = float(claim.query_cap)
        if account != "unique_queries":
            horizon = common_horizon(list(times.values()), None)
        for label in labels:
            of = f"{results.short(benchmark)} against {label} in {account.replace('_', ' ')}"
            digest = results.digest((benchmark, method), (benchmark, label))
            parts.append(ratio_part(of, times[method], times[label], horizon, rng, digest))
    return parts


def ratio_part(
    of: str, times: CensoredTimes, baseline: CensoredTimes, horizon: float, rng: np.random.Generator, digest: str
) -> Part:
    """The ratio of restricted means with its one-sided bounds, paired by run."""
    ratio = restricted_mean_ratio(times, baseline, horizon, rng, paired=True, resamples=resamples_for(times.runs))
    return Part(of=of, statistic=ratio.value, lower=ratio.lower, upper=ratio.upper, n=times.runs, runs=digest)
