"""Laws of what is asked for, whatever is answered: uniform draws and designs, and no architecture twice."""

from __future__ import annotations

import numpy as np

from nasbench.theory.machinery.claim import Context, at_most
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.machinery.statistical_checks import choices_are_uniform
from nasbench.theory.traces.trace_check import TraceCheck, make_check


def all_draws(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Test that every query of random search is uniform."""
    return _uniform("random-search.uniform-draws", runs, runs.horizon, "of all queries")


def design(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Test that the initial design of a search with a model is uniform."""
    name = f"convergence.design-{runs.entry.name.replace('_', '-')}"
    first = min(int(runs.settings["n_initial_samples"]), runs.horizon)
    return _uniform(name, runs, first, f"of the initial design of each run, queries: {first}")


def _uniform(claim: str, runs: OptimizerRuns, first: int, note: str) -> list[TraceCheck]:
    queried, space = runs.queried, runs.space
    if not runs.is_product:
        return []
    draws = queried[:, :first].reshape(-1, space.d)
    return [make_check(claim, runs, choices_are_uniform(draws, space.cardinalities, note=note))]


def never_twice(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Count queries of an architecture that the run has asked for before, within the size of the space."""
    queried = runs.queried
    if runs.fidelities > 1:
        return []
    most = min(runs.horizon, runs.space.product_size)
    repeated = sum(most - len(np.unique(run[:most], axis=0)) for run in queried)
    verdict = at_most(repeated, 0, runs.count * most, note="queries of an architecture that was asked for before")
    return [make_check(f"convergence.used-up-{runs.entry.name.replace('_', '-')}", runs, verdict)]
