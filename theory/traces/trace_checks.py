"""Test theoretical predictions against the traces of a completed study."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import log

import numpy as np
from numpy.typing import NDArray

from nasbench.multiplicity import adjust_holm
from nasbench.search.dominance import nondominated
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.theory.exact import random_search as law
from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.elitist import Mutation
from nasbench.theory.exact.pareto_sets import hypervolume
from nasbench.theory.machinery.claim import (
    ALPHA,
    Context,
    Outcome,
    Verdict,
    at_most,
    by_p_value,
    not_judged,
    smallest_p_value,
)
from nasbench.theory.machinery.confidence_bands import (
    cdf_distance,
    clopper_pearson,
    dkw_p_value,
    dkw_radius,
    mean_interval,
    mean_p_value,
)
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.traces.hybrid_tail import hybrid_tail
from nasbench.theory.traces.trace_check import (
    MIN_TARGET_PROBABILITY,
    RESOLUTION,
    TraceCheck,
    list_targets,
    make_check,
    not_applicable,
    require_power,
    required_runs,
    unmet_assumption,
)
from nasbench.ties import snapped, tolerance

Floats = NDArray[np.float64]

SIMULATED = 20_000
OF_MEANS = "the law is that of a search on seed means"

TraceChecker = Callable[[OptimizerRuns, Context], list[TraceCheck]]


def check_traces(
    runs: Sequence[OptimizerRuns], context: Context | None = None, claims: Collection[str] | None = None
) -> list[TraceCheck]:
    """Return the checks of all claims that apply to the optimizers of a study, decided jointly by Holm's procedure.

    Args:
        runs: a finished study, from `nasbench.theory.traces.runs.open_runs`.
        context: seeds of the simulated distributions.
        claims: names of claims to check; None for all.
    """
    context = context or Context()
    checks = (s for r in runs for s in check_runs(r, context))
    return decide([s for s in checks if claims is None or s.claim in claims])


def check_runs(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Return the checks that apply to one optimizer, each decided individually; `decide` decides jointly."""
    return [one for checker in (*checkers_of(runs.study, runs.entry), *COMMON_CHECKS) for one in checker(runs, context)]


def checkers_of(study: Study, entry: MethodConfig) -> tuple[TraceChecker, ...]:
    """Return the checks of an optimizer by its registered name.

    None where it is not the algorithm alone: the laws are of one training after the other, from nothing, with repeats.
    """
    changed = study.parallelism.is_simulated or study.warm_start is not None or entry.no_repeats
    return () if changed else tuple(CHECKS_BY_OPTIMIZER.get(entry.name, ()))


def decide(checks: Sequence[TraceCheck]) -> list[TraceCheck]:
    """Decide on all checks jointly by Holm's procedure."""
    rejected = adjust_holm([np.nan if s.verdict.p_value is None else s.verdict.p_value for s in checks]) <= ALPHA
    return [replace(s, verdict=s.verdict.decided(bool(r))) for s, r in zip(checks, rejected, strict=True)]


def _random_search_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    landscape, replacement = runs.landscape, bool(runs.settings["replacement"])
    claim = "random-search.rank-law-with-replacement" if replacement else "random-search.time-law"
    if landscape is None:
        return not_applicable(claim, runs, unmet_assumption(runs))

    def stated(targets: int) -> Floats:
        times = np.arange(1, runs.horizon + 1)
        if replacement:
            return np.asarray(1 - (1 - targets / landscape.size) ** times, dtype=float)
        return law.time_cdf(landscape.size, targets, times)

    return [_time_law(claim, runs, stated, "exact")]


def _random_search_regret(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    claim, landscape = "random-search.expected-regret", runs.landscape
    why = unmet_assumption(runs, "the incumbent is chosen by single trainings; the law is that of seed means")
    if landscape is None or why:
        return not_applicable(claim, runs, why)
    replacement = bool(runs.settings["replacement"])
    ranked = np.sort(landscape.values)
    queries = np.unique(np.geomspace(1, runs.horizon, 25).astype(int))
    best = np.minimum.accumulate(landscape.rank[runs.index[:, : runs.horizon]], axis=1)[:, queries - 1]
    regret = ranked[best] - ranked[0]
    stated = np.array([law.expected_regret(ranked, int(q), replacement) for q in queries])
    variance = np.array([max(law.variance_of_incumbent(ranked, int(q), replacement), 0.0) for q in queries])
    chosen = np.unique(np.linspace(0, len(queries) - 1, 5).astype(int))
    p = smallest_p_value([mean_p_value(regret[:, c], stated[c], variance[c]) for c in chosen])
    half = 1.96 * np.sqrt(variance / runs.count)
    seen = regret.mean(axis=0)
    verdict = by_p_value(
        p, seen[-1], stated[-1], runs.count, interval=mean_interval(regret[:, -1]), note="at the budget"
    )
    if stated[-1] <= tolerance(ranked):
        verdict = replace(
            verdict, note=f"{verdict.note}, where the stated regret is 0 and every run has to meet it exactly"
        )
        needed = 0.0
    else:
        # the relative half-width of the mean must be at most a tenth
        needed = required_runs(float(np.sqrt(variance[-1])), RESOLUTION * stated[-1])
    curve = LawCurve(queries.astype(float), stated, seen, seen - half, seen + half, "mean simple regret")
    return [make_check(claim, runs, require_power(verdict, needed), curve)]


def _local_search_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    first = runs.settings["improvement"] == "first"
    claim = "markov.first-improvement" if first else "markov.steepest-ascent"
    landscape, why = runs.landscape, unmet_assumption(runs, OF_MEANS)
    if landscape is None or why:
        return not_applicable(claim, runs, why)
    step = simulate.first_improvement_step if first else simulate.steepest_step

    def stated(targets: int) -> Floats:
        times = simulate.restarted(context.rng(f"spoken.{claim}"), landscape, targets, SIMULATED, step)
        return np.searchsorted(np.sort(times), np.arange(1, runs.horizon + 1), side="right") / SIMULATED

    return [_time_law(claim, runs, stated, "simulated")]


def _one_plus_one_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    claim = "markov.one-plus-one-law"
    landscape, why = runs.landscape, unmet_assumption(runs, OF_MEANS)
    if landscape is None or why:
        return not_applicable(claim, runs, why)
    rate = runs.settings["mutation_rate"]
    mutation = None if rate is None else Mutation(landscape.cardinalities, float(rate))

    def stated(targets: int) -> Floats:
        return hitting_law(landscape, targets, runs.horizon, mutation).cdf

    return [_time_law(claim, runs, stated, "exact")]


def _ageing(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Check ageing: the population after a query is the last `population` queries, so what was removed follows from the
    trace.
    """
    claim, size = "evolution.ageing-population-forgets", int(runs.settings["population_size"])
    observed = snapped(runs.observed[:, : runs.horizon, 0])
    if observed.shape[1] <= size:
        return []
    best = np.lib.stride_tricks.sliding_window_view(observed, size, axis=1).min(axis=2)
    losing = int((np.diff(best, axis=1) > 0).any(axis=1).sum())
    interval = clopper_pearson(losing, runs.count)
    if losing == 0:
        note = (
            f"no run has lost its best; {runs.count} run{' leaves' if runs.count == 1 else 's leave'} up to {interval[1]:.3f}, "
            "and 0 cannot be refuted by any number"
        )
        return [make_check(claim, runs, not_judged(Outcome.UNDECIDED, note, statistic=0.0, bound=0.0, n=runs.count))]
    note = "share of runs whose population loses its best"
    verdict = Verdict(Outcome.HOLDS, losing / runs.count, 0.0, None, None, interval, runs.count, note)
    return [make_check(claim, runs, verdict)]


def _archive(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Check that, with several objectives, the hypervolume of the evaluated points never falls from one query to the next."""
    objectives = runs.observed.shape[2]
    if objectives < 2:
        return []
    observed = runs.observed[:, : runs.horizon]
    low, high = observed.min(axis=(0, 1)), observed.max(axis=(0, 1))
    scaled = (observed - low) / np.where(high > low, high - low, 1)
    queries = np.unique(np.geomspace(1, runs.horizon, 20).astype(int))
    volumes = np.empty((runs.count, len(queries)))
    for r, points in enumerate(scaled):
        kept = np.empty((0, objectives))
        for q, (begin, end) in enumerate(zip([0, *queries[:-1]], queries, strict=True)):
            seen = np.concatenate([kept, points[begin:end]])
            kept = seen[nondominated(seen)]
            volumes[r, q] = hypervolume(kept)
    fall = max(0.0, float(-np.diff(volumes, axis=1).min()) - 1e-12) if len(queries) > 1 else 0.0
    mean = volumes.mean(axis=0)
    half = 1.96 * volumes.std(axis=0, ddof=1) / np.sqrt(runs.count) if runs.count > 1 else 0 * mean
    stated = np.full(len(mean), 1.1**objectives)
    curve = LawCurve(queries.astype(float), stated, mean, mean - half, mean + half, "hypervolume", "bound")
    verdict = at_most(fall, 0.0, volumes.size, note="greatest fall")
    return [make_check("pareto.hypervolume-monotone", runs, verdict, curve)]


CHECKS_BY_OPTIMIZER: dict[str, tuple[TraceChecker, ...]] = {
    "random_search": (_random_search_times, _random_search_regret),
    "local_search": (_local_search_times,),
    "one_plus_one_ea": (_one_plus_one_times,),
    "regularized_evolution": (_ageing,),
    "hybrid": (hybrid_tail,),
}
"""Checks by the registered name of the optimizer."""

COMMON_CHECKS: tuple[TraceChecker, ...] = (_archive,)


def _time_law(claim: str, runs: OptimizerRuns, stated_for: Callable[[int], Floats], kind: str) -> TraceCheck:
    """Compare the empirical distribution of the time to K targets with the predicted one, for the smallest K within reach of the budget."""
    for targets in list_targets(runs):
        stated = stated_for(targets)
        if stated[-1] >= MIN_TARGET_PROBABILITY:
            break
    times, n = runs.times(targets), runs.count
    distance = cdf_distance(times, stated, first=1)
    effective = n * SIMULATED / (n + SIMULATED) if kind == "simulated" else n
    p = dkw_p_value(distance, effective)
    note = f"time to the {targets} best, {kind} law; sup-distance within {runs.horizon} quer{'y' if runs.horizon == 1 else 'ies'}"
    verdict = by_p_value(p, distance, dkw_radius(n), n, note=note)
    needed = float(np.ceil(log(2 / ALPHA) / (2 * RESOLUTION**2)))
    return make_check(claim, runs, require_power(verdict, needed), LawCurve.of_times(times, stated, targets, kind))
