"""The proved tail bound of the hybrid compared with the runs of a study."""

from __future__ import annotations

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.hybrid.enumeration import enumerate_space
from nasbench.theory.families.hybrid.tail import survival
from nasbench.theory.machinery.claim import Context, Verdict, by_p_value
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.machinery.statistical_checks import tail_p_value
from nasbench.theory.traces.trace_check import (
    MIN_TARGET_PROBABILITY,
    Floats,
    TraceCheck,
    list_targets,
    make_check,
    not_applicable,
    unmet_assumption,
)


def hybrid_tail(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Compare the fraction of runs that have not found a target with the bound of `hybrid.tail`.

    A target is the isomorphism class of one of the best architectures. The bound only uses the uniform queries, so it
    may be far from the observations; the verdict is then vacuous.
    """
    claim, landscape, settings = "hybrid.tail", runs.landscape, runs.settings
    if landscape is None:
        return not_applicable(claim, runs, unmet_assumption(runs))
    if runs.fidelities > 1:
        return not_applicable(claim, runs, "the bound is for one fidelity")
    member = _functions(runs, bool(settings["merge_isomorphic"]))
    if member is None:
        return not_applicable(claim, runs, "the bound is for spaces that are small enough to be listed")
    size, initial, exploration = int(member.max()) + 1, int(settings["n_initial_samples"]), float(settings["epsilon"])
    for best in list_targets(runs):
        targets = np.unique(member[landscape.rank < best])
        bound = survival(size, len(targets), initial, exploration)[: runs.horizon + 1]
        if 1 - bound[-1] >= MIN_TARGET_PROBABILITY:
            break
    times = runs.first_queries(np.isin(member, targets))
    curve = LawCurve.of_times(times, 1 - bound[1:], best, "bound")
    return [make_check(claim, runs, _verdict(times, bound, best, len(targets), size), curve)]


def _functions(runs: OptimizerRuns, canonical: bool) -> np.ndarray | None:
    """Return which function each architecture computes, by index; None where the hybrid does not list the space."""
    benchmark = get_benchmark(runs.benchmark)
    protocol = runs.study.protocol(benchmark.longest(runs.study.objectives, runs.study.split))
    cheap = benchmark.problem(protocol, runs.study.seed, (0,)).cheap
    enumeration = enumerate_space(benchmark.space, canonical and not any(cheap))
    return None if enumeration is None else enumeration.representative_of


def _verdict(times: Floats, bound: Floats, best: int, targets: int, size: int) -> Verdict:
    at = len(bound) - 1
    seen = (times[:, None] > np.arange(len(bound))).mean(axis=0)
    note = f"P(T > {at}) to one of {targets} of {size} functions that hold the {best} best; the bound rests on uniform queries alone"
    p_value = tail_p_value(seen, bound, len(times))
    return by_p_value(p_value, float(seen[at]), float(bound[at]), len(times), vacuous_beyond=10.0, note=note)
