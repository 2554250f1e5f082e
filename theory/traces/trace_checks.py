"""Test theoretical predictions against the traces of a completed study."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import log

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.synthetic import OneMax
from nasbench.errors import NasbenchError
from nasbench.multiplicity import adjust_holm
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.theory.exact import onemax
from nasbench.theory.exact import random_search as law
from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.elitist import Mutation
from nasbench.theory.exact.noisy_search import NoisyTable
from nasbench.theory.machinery.claim import (
    ALPHA,
    Context,
    Outcome,
    TraceCheckFunction,
    Verdict,
    by_p_value,
    not_judged,
    smallest_p_value,
)
from nasbench.theory.machinery.confidence_bands import (
    cdf_distance,
    dkw_p_value,
    dkw_radius,
    mean_interval,
    mean_p_value,
)
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.machinery.registry import all_claims
from nasbench.theory.traces.growth import growth_of_time
from nasbench.theory.traces.hybrid_tail import hybrid_tail
from nasbench.theory.traces.simulated_laws import (
    evolution_times,
    local_search_simulation,
    noisy_times,
    one_plus_one_simulation,
)
from nasbench.theory.traces.structure import all_draws, design, never_twice
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
from nasbench.ties import tolerance

Floats = NDArray[np.float64]

SIMULATED = 20_000
ASPECTS = ("convergence", "complexity")
"""What is stated of an optimizer; claims of the family `complexity` are about cost."""
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
    """Return the checks that apply to one optimizer, each decided individually; `decide` decides jointly.

    Those of `CHECKS_BY_OPTIMIZER`, where they belong to a registered claim, those that claims bring themselves, and the growth of time.
    """
    known = all_claims()
    own = () if runs.study.constraints else checkers_of(runs.study, runs.entry)
    if runs.is_live:
        own = tuple(checker for checker in own if checker in OF_ARCHITECTURES)
    checks = [
        one
        for checker in (*own, growth_of_time)
        for one in _guarded(checker, runs, context)
        if one.claim in known or one.verdict.outcome is Outcome.ERROR
    ]
    brought = [
        make_check(claim.name, runs, verdict)
        for claim in known.values()
        if claim.trace_check is not None and (not claim.optimizers or runs.entry.name in claim.optimizers)
        for verdict in [_brought(claim.trace_check, runs, context)]
        if verdict is not None
    ]
    return [*checks, *brought]


def _guarded(checker: TraceChecker, runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Return the checks of a checker; one that raises is an outcome of its own."""
    try:
        return checker(runs, context)
    except NasbenchError:
        raise
    except Exception as fault:
        aspect = ASPECTS[checker is growth_of_time]
        return [make_check(f"({aspect})", runs, not_judged(Outcome.ERROR, _told(fault), n=runs.count))]


def _told(fault: Exception) -> str:
    return f"the check raised {type(fault).__name__}: {fault}"


def _brought(check: TraceCheckFunction, runs: OptimizerRuns, context: Context) -> Verdict | None:
    try:
        return check(runs, context)
    except Exception as fault:
        return not_judged(Outcome.ERROR, _told(fault), n=runs.count)


def complete_table(checks: Sequence[TraceCheck], runs: Sequence[OptimizerRuns]) -> list[TraceCheck]:
    """Return the checks in the order of the runs, with a row for each aspect of an optimizer on a benchmark of which nothing is stated."""
    rows = []
    for one in runs:
        about = [c for c in checks if (c.benchmark, c.optimizer) == (one.benchmark, one.entry.label)]
        for aspect in ASPECTS:
            said = [check for check in about if (check.claim.startswith("complexity.")) == (aspect == "complexity")]
            rows += said or [make_check(f"({aspect})", one, not_judged(Outcome.NOTHING_STATED, _why(one), n=one.count))]
    return rows


def _why(runs: OptimizerRuns) -> str:
    if runs.study.constraints:
        return "no claim is about searches under constraints"
    if runs.is_live:
        return f"no claim about {runs.entry.name} is compared with live training"
    if not checkers_of(runs.study, runs.entry) and runs.entry.name in CHECKS_BY_OPTIMIZER:
        return "no claim is about it with several workers, warm starts or no repeats"
    return f"no claim about {runs.entry.name} is compared with its runs"


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
    replacement = bool(runs.settings["replacement"])
    if runs.trainings is not None and landscape is not None and replacement:
        return _mixture_regret(claim, runs, runs.trainings)
    why = unmet_assumption(runs, "the incumbent is chosen by single trainings; the law is that of seed means")
    if landscape is None or why:
        return not_applicable(claim, runs, why)
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


def _mixture_regret(claim: str, runs: OptimizerRuns, table: NoisyTable) -> list[TraceCheck]:
    """Compare the regret, by seed means, of the incumbent by single trainings with its exact law over pairs of architecture and training.

    A query draws a pair: an architecture, and one of its trainings. The incumbent of t queries is the best of t independent pairs.
    """
    trainings, means = table.trainings, table.landscape.values
    present = np.isfinite(trainings)
    weight = (present / present.sum(axis=1, keepdims=True) / len(means))[present]
    regret = np.broadcast_to((means - means.min())[:, None], trainings.shape)[present]
    order = np.argsort(trainings[present], kind="stable")
    worse = 1 - np.append(0.0, np.cumsum(weight[order])).clip(max=1.0)
    t = runs.horizon
    chance = worse[:-1] ** t - worse[1:] ** t
    stated = float(chance @ regret[order])
    variance = float(chance @ regret[order] ** 2) - stated**2
    best = runs.observed[:, :t, 0].argmin(axis=1)
    seen = means[runs.index[np.arange(runs.count), best]] - means.min()
    note = "at the budget; incumbents by single trainings, the exact mixture over architectures and trainings"
    p_value = mean_p_value(seen, stated, variance)
    verdict = by_p_value(p_value, seen.mean(), stated, runs.count, interval=mean_interval(seen), note=note)
    return [make_check(claim, runs, require_power(verdict, required_runs(variance**0.5, RESOLUTION * stated)))]


def _local_search_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    first = runs.settings["improvement"] == "first"
    claim = "markov.first-improvement" if first else "markov.steepest-ascent"
    simulation = local_search_simulation(runs)
    if simulation is None:
        return not_applicable(claim, runs, "the law is that of one start and of restarts at optima")
    if runs.trainings is not None:
        return noisy_times(claim, runs, context, simulation)
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
    if runs.trainings is not None:
        return noisy_times(claim, runs, context, one_plus_one_simulation(runs))
    if is_onemax(runs):
        return []
    landscape, why = runs.landscape, unmet_assumption(runs, OF_MEANS)
    if landscape is None or why:
        return not_applicable(claim, runs, why)
    rate = runs.settings["mutation_rate"]
    mutation = None if rate is None else Mutation(landscape.cardinalities, float(rate))

    def stated(targets: int) -> Floats:
        return hitting_law(landscape, targets, runs.horizon, mutation).cdf

    return [_time_law(claim, runs, stated, "exact")]


def is_onemax(runs: OptimizerRuns) -> bool:
    """Return whether the runs minimise OneMax with equally many choices for each decision."""
    benchmark = None if runs.is_live else get_searchable(runs.benchmark)
    return isinstance(benchmark, FunctionBenchmark) and isinstance(benchmark.function, OneMax)


def _onemax_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Compare the time of the (1+1)-EA at rate 1/d to the fewest wrong decisions within reach with its exact law on OneMax."""
    claim = "markov.one-plus-one-law"
    if not is_onemax(runs) or runs.space is None:
        return []
    if runs.settings["mutation_rate"] is not None:
        return not_applicable(claim, runs, "the law on OneMax is that of the rate 1/d")
    d, k = runs.space.d, int(runs.space.cardinalities[0])
    chain = onemax.transitions(d, k)
    laws = onemax.laws(chain, onemax.uniform_start(d, k), runs.horizon)
    wrong = np.rint(runs.observed[:, : runs.horizon, 0] * d / 100)
    for most in range(d + 1):
        stated = laws[:, : most + 1].sum(axis=1)
        if stated[-1] >= MIN_TARGET_PROBABILITY:
            break
    hit = wrong <= most
    times = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)
    note = f"time to at most {most} wrong decisions of {d}, exact law; sup-distance within {runs.horizon} queries"
    distance = cdf_distance(times, stated, first=1)
    p_value = dkw_p_value(distance, runs.count)
    verdict = by_p_value(p_value, distance, dkw_radius(runs.count), runs.count, note=note)
    curve = LawCurve.of_times(times, stated, 1, "exact")
    needed = float(np.ceil(log(2 / ALPHA) / (2 * RESOLUTION**2)))
    return [make_check(claim, runs, require_power(verdict, needed), replace(curve, y_label=f"P(T <= t), {most} wrong"))]


CHECKS_BY_OPTIMIZER: dict[str, tuple[TraceChecker, ...]] = {
    "random_search": (all_draws, _random_search_times, _random_search_regret),
    "local_search": (_local_search_times,),
    "one_plus_one_ea": (_one_plus_one_times, _onemax_times),
    "regularized_evolution": (evolution_times,),
    "hybrid": (hybrid_tail, never_twice),
    **dict.fromkeys(("gp_bo", "bananas", "bananas_naszilla", "npenas", "weaknas", "parego"), (design, never_twice)),
    **dict.fromkeys(("nas_bowl", "tpe", "motpe", "optuna_gp"), (design,)),
    "progressive": (never_twice,),
}
"""Checks by the registered name of the optimizer."""

OF_ARCHITECTURES: tuple[TraceChecker, ...] = (all_draws, design, never_twice)
"""Those that look at nothing but what was asked for, so that they are made of live training too."""


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
