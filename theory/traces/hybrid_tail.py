"""The proved tail bound of the hybrid compared with the runs of a study."""

from __future__ import annotations

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.hybrid.enumeration import enumerate_space
from nasbench.theory.families.hybrid.tail import survival
from nasbench.theory.machinery.claim import Context, Outcome, Verdict, by_p_value, not_judged
from nasbench.theory.machinery.confidence_bands import dkw_radius
from nasbench.theory.machinery.statistical_checks import tail_p_value
from nasbench.theory.traces.runs import OptimizerRuns
from nasbench.theory.traces.trace_check import (
    MIN_TARGET_PROBABILITY,
    Floats,
    LawCurve,
    TraceCheck,
    incomplete_table,
    list_targets,
    make_check,
)


def hybrid_tail(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Compare the fraction of runs that have not found a target with the bound of `hybrid.tail`.

    A target is the isomorphism class of one of the best architectures. The bound rests on the uniform queries alone, so it may be
    far from what is observed; the verdict is then vacuous.
    """
    claim, landscape = "hybrid.tail", runs.landscape
    if landscape is None:
        return [make_check(claim, runs, incomplete_table())]
    settings = runs.settings
    if len(runs.study.epochs) > 1:
        note = "the bound is for one fidelity"
        return [make_check(claim, runs, not_judged(Outcome.ASSUMPTION_VIOLATED, note, n=runs.count))]
    member = _functions(runs, bool(settings["merge_isomorphic"]))
    if member is None:
        note = "the bound is for spaces that are small enough to be listed"
        return [make_check(claim, runs, not_judged(Outcome.ASSUMPTION_VIOLATED, note, n=runs.count))]
    size, horizon, n = int(member.max()) + 1, runs.horizon, runs.count
    for best in list_targets(runs):
        targets = np.unique(member[landscape.rank < best])
        bound = survival(size, len(targets), int(settings["n_initial_samples"]), float(settings["epsilon"]))[
            : horizon + 1
        ]
        if 1 - bound[-1] >= MIN_TARGET_PROBABILITY:
            break
    times = _times(runs, np.isin(member, targets))
    queries = np.arange(len(bound))
    seen = (times[:, None] > queries).mean(axis=0)
    curve = _curve(1 - bound, 1 - seen, n, f"P(T <= t), {best} best")
    return [make_check(claim, runs, _verdict(seen, bound, n, best, len(targets), size), curve)]


def _functions(runs: OptimizerRuns, canonical: bool) -> np.ndarray | None:
    """Return which function each architecture computes, by index; None where the hybrid does not list the space."""
    benchmark = get_benchmark(runs.benchmark)
    protocol = runs.study.protocol(benchmark.longest(runs.study.objectives, runs.study.split))
    cheap = benchmark.problem(protocol, runs.study.seed, (0,)).cheap
    enumeration = enumerate_space(benchmark.space, canonical and not any(cheap))
    return None if enumeration is None else enumeration.representative_of


def _times(runs: OptimizerRuns, wanted: np.ndarray) -> Floats:
    """Return the query (from 1) at which each run first asked for a wanted function, `(R,)`; infinite if never."""
    hit = (runs.index >= 0) & wanted[runs.index]
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


def _verdict(seen: Floats, bound: Floats, n: int, best: int, targets: int, size: int) -> Verdict:
    at = len(bound) - 1
    note = f"P(T > {at}) to one of {targets} of {size} functions that hold the {best} best; the bound rests on uniform queries alone"
    p_value = tail_p_value(seen, bound, n)
    return by_p_value(p_value, float(seen[at]), float(bound[at]), n, vacuous_beyond=10.0, note=note)


def _curve(stated: Floats, seen: Floats, n: int, what: str) -> LawCurve:
    radius = dkw_radius(n)
    queries = np.arange(1.0, len(stated))
    low, high = np.maximum(seen - radius, 0.0), np.minimum(seen + radius, 1.0)
    return LawCurve(queries, stated[1:], seen[1:], low[1:], high[1:], what, "bound")
