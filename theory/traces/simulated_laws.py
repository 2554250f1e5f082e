"""Laws under random training seeds, by simulation: local search, the (1+1)-EA and regularized evolution as they see single trainings."""

from __future__ import annotations

from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.exact import noisy_search
from nasbench.theory.exact.noisy_search import NoisyTable, Simulation
from nasbench.theory.machinery.claim import ALPHA, Context, Verdict, by_p_value, smallest_p_value
from nasbench.theory.machinery.confidence_bands import cdf_distance, dkw_p_value, mean_interval, mean_p_value
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
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

Floats = NDArray[np.float64]

SIMULATED = 4_000
"""Simulated runs of a search that sees single trainings."""


def noisy_times(claim: str, runs: OptimizerRuns, context: Context, simulation: Simulation) -> list[TraceCheck]:
    """Compare the time to the best architectures, and the mean rank of a run's queries, with simulated runs on the same table.

    Args:
        claim: name of the law.
        runs: of an optimizer that sees single trainings, or none in particular where there is no noise.
        context: seed of the simulation.
        simulation: of the optimizer with its settings.
    """
    landscape, table = runs.landscape, runs.trainings
    if landscape is None or not (runs.sees_means or table is not None):
        why = unmet_assumption(runs) or "the law is that of one fidelity, on seed means or on random trainings"
        return not_applicable(claim, runs, why)
    if table is None:
        table = NoisyTable(landscape.values[:, None], landscape, "cache")
    simulated = simulation(context.rng(f"traces.{claim}.{runs.benchmark}"), table, SIMULATED, runs.horizon)
    return [make_check(claim, runs, *_compared(runs, landscape.rank[simulated], landscape.rank))]


def _compared(runs: OptimizerRuns, simulated: NDArray[np.intp], rank: NDArray[np.intp]) -> tuple[Verdict, LawCurve]:
    """Test both statistics by Bonferroni: ranks of simulated queries, shape (S, Q), and of every architecture, shape (N,)."""
    observed, n = rank[runs.index[:, : runs.horizon]], runs.count
    for targets in list_targets(runs):
        times = [_first(ranks < targets) for ranks in (simulated, observed)]
        stated = np.searchsorted(np.sort(times[0]), np.arange(1, runs.horizon + 1), side="right") / len(simulated)
        if stated[-1] >= MIN_TARGET_PROBABILITY:
            break
    effective = n * SIMULATED / (n + SIMULATED)
    of_times = dkw_p_value(cdf_distance(times[1], stated, first=1), effective)
    means, expected = observed.mean(axis=1) / len(rank), simulated.mean(axis=1) / len(rank)
    # The variance is that of a run plus that of the simulated mean.
    variance = float(expected.var(ddof=1)) * (1 + n / SIMULATED)
    of_means = mean_p_value(means, float(expected.mean()), variance)
    note = (
        f"mean rank of a run's queries as a share of the space; time to the {targets} best: p {of_times:.2g}; "
        f"{SIMULATED:,} simulated runs that see {'single trainings' if runs.trainings is not None else 'seed means'}"
    )
    p_value = smallest_p_value([of_times, of_means])
    verdict = by_p_value(p_value, means.mean(), expected.mean(), n, interval=mean_interval(means), note=note)
    needed = min(
        required_runs(float(expected.std(ddof=1)), RESOLUTION * float(expected.mean())),
        float(np.ceil(log(2 / ALPHA) / (2 * RESOLUTION**2))),
    )
    return require_power(verdict, needed), LawCurve.of_times(times[1], stated, targets, "simulated")


def _first(hit: NDArray[np.bool_]) -> Floats:
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


def local_search_simulation(runs: OptimizerRuns) -> Simulation | None:
    """Return the simulation of local search with the settings of some runs; None for settings of which nothing is stated."""
    settings = runs.settings
    if settings["n_initial_samples"] != 1 or settings["at_optimum"] != "restart":
        return None
    return partial(noisy_search.local_search, first=settings["improvement"] == "first")


def one_plus_one_simulation(runs: OptimizerRuns) -> Simulation:
    """Return the simulation of the (1+1)-EA with the settings of some runs."""
    return partial(noisy_search.one_plus_one, rate=runs.settings["mutation_rate"])


def evolution_times(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Compare regularized evolution with its simulation; nothing for a mutation that is not uniform over decisions."""
    settings = runs.settings
    if settings["mutation"] != "uniform":
        return []
    simulation = partial(
        noisy_search.regularized_evolution,
        population=int(settings["population_size"]),
        tournament=int(settings["tournament_size"]),
    )
    return noisy_times("evolution.regularized-law", runs, context, simulation)
