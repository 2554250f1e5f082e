"""Where searches begin: what the registered optimizers ask for before they know anything is uniform over the space."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from nasbench.search.observations import MultiFidelityBatch
from nasbench.search.optimizer import Lockstep
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Architectures
from nasbench.theory.families.complexity.optimizers import is_installed
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.machinery.statistical_checks import choices_are_uniform
from nasbench.theory.machinery.testbed import make_problem, make_space

FIRST: Mapping[str, str | int] = {
    "regularized_evolution": "population_size", "simulated_annealing": 1, "one_plus_one_ea": 1, "local_search": "n_initial_samples",
    "asng": "samples_per_step", "reinforce": 1, "quantum_inspired": "population_size", "nsga2": "population_size",
    "sms_emoa": "population_size", "nsga3": "population_size", "pasha": 1, "hyperband": 1, "successive_halving": 1, "asha": 1, "bohb": 1, "dehb": 1,
}  # fmt: skip
"""Optimizers, and how many architectures they ask for first: the value of a setting, or a number."""

RUNS, RUNS_APART = 4_000, 2_000
"""Runs of an optimizer that advances them together, and of one that makes each apart."""


def count_first(name: str, settings: Mapping[str, object]) -> int:
    """Return how many architectures an optimizer with these settings asks for first."""
    first = FIRST[name]
    return first if isinstance(first, int) else int(str(settings[first]))


def _check(context: Context, name: str, weight: float = 1.0) -> Verdict:
    """Test the first architecture of many runs; a mutant draws the first choice of each decision `weight` times as often as the others."""
    spec, space = get_optimizer(name), make_space(4, 4)
    epochs, objectives = ((1, 3, 9) if spec.fidelities else (1,)), (2 if spec.objectives == "many" else 1)
    rng = context.rng(f"starts.{name}")
    runs = RUNS if isinstance(spec, Lockstep) else RUNS_APART
    optimizer = spec.create(
        make_problem(space, objectives, epochs), Streams(int(rng.integers(2**31)), tuple(range(runs)))
    )
    batch = optimizer.ask()
    asked: Architectures = batch.architectures if isinstance(batch, MultiFidelityBatch) else batch
    drawn = asked[:, 0][rng.random(runs) < _chance(asked[:, 0], weight)]
    return choices_are_uniform(drawn, space.cardinalities, note=f"of the first architecture of {runs} runs")


def _chance(architectures: Architectures, weight: float) -> np.ndarray:
    """Return the chance of keeping each architecture, so that the first choice weighs more in what is kept."""
    return np.asarray((1 / weight) ** (architectures != 0).sum(axis=1))


def _on_traces(runs: OptimizerRuns, context: Context) -> Verdict | None:
    """Test the first queries of all runs together."""
    if not runs.is_product or not runs.is_alone:
        return None
    first = min(count_first(runs.entry.name, runs.settings), runs.horizon)
    drawn = runs.queried[:, :first].reshape(-1, runs.space.d)
    return choices_are_uniform(
        drawn, runs.space.cardinalities, note=f"initial queries of each run: {first}; number of runs: {runs.count}"
    )


def _claim(name: str) -> Claim:
    return Claim(
        f"convergence.start-{name.replace('_', '-')}",
        r"P(a_1 = a) = 1/N \text{ for every architecture } a",
        (Assumption("every combination of choices is feasible"), Assumption("nothing is known beforehand")),
        "the definition of the algorithm; Pearson 1900 for the test",
        partial(_check, name=name),
        Mutant.by_factor("the weight of one choice", lambda context, factor: _check(context, name, factor), 2.0),
        optimizers=(name,),
        evidence=(Evidence.EXACT, Evidence.SHIPPED),
        kind="exact law",
        trace_check=_on_traces,
    )


CLAIMS = tuple(_claim(name) for name in FIRST if is_installed(name))
"""One claim for each optimizer; those with a model have claims about their initial design."""
