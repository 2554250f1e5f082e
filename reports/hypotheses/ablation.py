"""Claims about the parts of the hybrid: what is lost without each, against the full hybrid, paired by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA, resamples_for
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import find_target, time_to_target
from nasbench.reports.hypotheses.registry import Ablation
from nasbench.reports.hypotheses.search_time import SEED
from nasbench.reports.hypotheses.studies import open_study
from nasbench.reports.hypotheses.verdict import ClaimVerdict, Outcome, Part, not_run
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.pairwise import sign_flip
from nasbench.reports.statistics.result import Undefined
from nasbench.spaces.space import Floats
from nasbench.ties import differences

HELPS, HURTS, OPEN = "helps", "hurts", "not shown"


def judge_ablation(claim: Ablation, folders: Mapping[str, Path]) -> ClaimVerdict:
    """Judge a claim of the kind "ablation".

    A part helps on a data set where a sign-flip test of the paired difference, Holm over all parts and data sets of the claim,
    rejects in its favour, and hurts where it rejects against it.
    """
    results = open_study(claim, folders)
    if isinstance(results, str):
        return not_run(claim, results, f"run `nasbench run {claim.study}`")
    rng = np.random.default_rng(SEED)
    benchmarks, names = [str(b) for b in claim.benchmarks], [entry.part for entry in claim.parts]
    tested = [found for benchmark in benchmarks for found in _on(claim, results, benchmark, rng)]
    adjusted = holm([p_value for _, p_value in tested])
    parts = [replace(part, verdict=_verdict(part, p)) for (part, _), p in zip(tested, adjusted, strict=True)]
    verdicts = [part.verdict for part in parts]
    outcome: Outcome = "holds" if set(verdicts) == {HELPS} else "fails" if HURTS in verdicts else "not shown"
    shorts = [results.short(benchmark) for benchmark in benchmarks]
    told = "; ".join(_told(name, verdicts[i :: len(names)], shorts) for i, name in enumerate(names))
    return ClaimVerdict(
        claim=claim,
        outcome=outcome,
        threshold=0.0,
        parts=tuple(parts),
        evidence=f"{told} (n = {parts[0].n}, runs {', '.join(dict.fromkeys(part.runs for part in parts))})",
        change=claim.falsified_by
        if outcome == "holds"
        else "more runs, a space on which a part matters, or another hybrid",
    )


def _on(
    claim: Ablation, results: Results, benchmark: str, rng: np.random.Generator
) -> list[tuple[Part, float | Undefined]]:
    """Every part on one data set, with the p-value of its test before adjustment."""
    method = claim.method
    full = _loss(claim, results, benchmark, method)
    found = []
    for entry in claim.parts:
        loss = _loss(claim, results, benchmark, entry.ablated_label)
        of = f"{entry.part} on {results.short(benchmark)}, {claim.measure} lost without it"
        digest = results.digest((benchmark, method), (benchmark, entry.ablated_label))
        found.append(_compared(of, loss, full, digest, rng))
    return found


def _loss(claim: Ablation, results: Results, benchmark: str, label: str) -> Floats | Undefined:
    """What a run is judged by, `(R,)`, lower is better: queries to the target up to the cap, or regret at the end."""
    oracle, traces = results.oracle(benchmark), results.traces(benchmark, label)
    if claim.measure == "final regret":
        return np.asarray(oracle.score(traces.incumbents[:, -1]) - oracle.best_score)
    cap = claim.query_cap
    target = find_target(oracle, claim.target)
    times = time_to_target(traces, target, "unique_queries")
    if (~times.observed & (times.time < cap)).any():
        return Undefined(f"runs of {label} ended before {cap:g} queries without the target")
    return np.minimum(times.time, cap)


def _compared(
    of: str, loss: Floats | Undefined, full: Floats | Undefined, digest: str, rng: np.random.Generator
) -> tuple[Part, float | Undefined]:
    if isinstance(full, Undefined):
        return Part(of=of, statistic=full, lower=full, upper=full, n=0, runs=digest), full
    if isinstance(loss, Undefined):
        return Part(of=of, statistic=loss, lower=loss, upper=loss, n=0, runs=digest), loss
    test = sign_flip(loss, full, rng)
    # Both ends of a 90 % interval are one-sided bounds at 95 %.
    mean = studentised_mean(differences(loss, full), rng, level=0.9, resamples=resamples_for(len(loss)))
    bounds = mean.interval
    part = Part(of=of, statistic=mean.value, lower=bounds.lower, upper=bounds.upper, n=len(loss), runs=digest)
    return part, test.p_value


def _verdict(part: Part, p_value: float | Undefined) -> str:
    if isinstance(p_value, Undefined) or isinstance(part.statistic, Undefined) or p_value >= ALPHA:
        return OPEN
    return HELPS if part.statistic > 0 else HURTS


def _told(name: str, verdicts: Sequence[str], shorts: Sequence[str]) -> str:
    """`surrogate helps on cifar10 and cifar100, not shown on imagenet16-120`."""
    groups = {kind: [s for s, v in zip(shorts, verdicts, strict=True) if v == kind] for kind in (HELPS, HURTS, OPEN)}
    return f"{name} " + ", ".join(f"{kind} on {' and '.join(found)}" for kind, found in groups.items() if found)
