"""How many rounds of questions a search of T queries takes: its parallel time, on as many workers as a round has queries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import ceil

import numpy as np

from nasbench.search.observations import MultiFidelityBatch
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Architectures, Floats
from nasbench.theory.families.complexity.optimizers import is_installed
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict, equal_within
from nasbench.theory.machinery.registered_runs import observe, start
from nasbench.theory.machinery.testbed import make_space

QUERIES = 150

ROUNDS: Mapping[str, tuple[str | int, str | int]] = {
    **dict.fromkeys(("one_plus_one_ea", "regularized_evolution", "reinforce", "simulated_annealing"), (1, 1)),
    **dict.fromkeys(("asha", "pasha", "dehb"), (1, 1)),
    **dict.fromkeys(("nsga2", "nsga3", "prescreened_nsga2", "quantum_inspired"), ("population_size",) * 2),
    "sms_emoa": ("population_size", 1),
    "asng": ("samples_per_step",) * 2,
    "random_search": ("batch_size",) * 2,
    "progressive": (15, 15),
}
"""Queries of the first round and of each later one: a setting or a number; that of `progressive` is of its defaults in four choices."""


def _check(context: Context, name: str, rounds: float = 1.0) -> Verdict:
    """Count the rounds of a run; a mutant states a multiple of them."""
    spec, space = get_optimizer(name), make_space(12, 4)
    rng = context.rng(f"complexity.rounds.{name}")
    epochs, objectives = ((1, 3, 9) if spec.fidelities else (1,)), (2 if spec.objectives == "many" else 1)
    weights = rng.random((space.d, 4, objectives))

    def value(architectures: Architectures, _: object) -> Floats:
        return np.asarray(weights[np.arange(space.d), architectures].mean(axis=-2))

    optimizer = start(name, space, 1, int(rng.integers(2**31)), objectives=objectives, epochs=epochs)
    asked = made = 0
    while made < QUERIES:
        batch = optimizer.ask()
        asked += 1
        made += (batch.architectures if isinstance(batch, MultiFidelityBatch) else batch).shape[1]
        optimizer.tell(observe(batch, value))
    first, later = (n if isinstance(n, int) else int(spec.settings[n]) for n in ROUNDS[name])
    stated = 1 + ceil((QUERIES - first) / later)
    return equal_within(
        asked, rounds * stated, 0, QUERIES, note=f"rounds for {QUERIES} queries, {first} and then {later}"
    )


def _claim(name: str) -> Claim:
    return Claim(
        f"complexity.rounds-{name.replace('_', '-')}",
        r"T \text{ queries take } 1 + \lceil (T - B_0) / B \rceil \text{ rounds}",
        (
            Assumption(r"$B_0$ queries in the first round and $B$ in each later one, as the settings say"),
            Assumption("a space in which no two of a first population are equal"),
        ),
        "the definition of the algorithm",
        partial(_check, name=name),
        Mutant.by_factor("the number of rounds", lambda context, factor: _check(context, name, factor), 2.0),
        optimizers=(name,),
        evidence=(Evidence.EXACT, Evidence.SHIPPED),
        kind="exact law",
    )


CLAIMS = tuple(_claim(name) for name in ROUNDS if is_installed(name))
"""One claim for each optimizer whose rounds do not depend on a model; those of models are `complexity.fits`."""
