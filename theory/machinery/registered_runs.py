"""Runs of registered optimizers on a function, without a benchmark and without a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.search.observations import PADDING, MultiFidelityBatch, Observations
from nasbench.search.optimizer import Lockstep, Optimizer, PerRun
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.machinery.testbed import make_problem, make_space

Algorithm = str | Lockstep | PerRun
"""A registered optimizer by its name, or a variant of one."""

Objective = Callable[[Architectures, Ints], Floats]
"""Architectures `(n, d)` and epochs `(n,)` to objectives `(n, M)`."""


@dataclass(frozen=True)
class RegisteredRuns:
    """What the runs of an optimizer asked for and observed, in order.

    Attributes:
        architectures: `(R, T, d)`; `PADDING` after a run has stopped.
        objectives: `(R, T, M)`; NaN after a run has stopped.
        epochs: `(R, T)`.
    """

    architectures: Architectures
    objectives: Floats
    epochs: Ints

    def first_at_most(self, value: float) -> Floats:
        """Return the first query, from 1, whose first objective is at most a value, `(R,)`; infinity where there is none."""
        hit = self.objectives[..., 0] <= value
        return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


def start(
    algorithm: Algorithm,
    space: Space,
    runs: int,
    seed: int,
    *,
    objectives: int = 1,
    epochs: tuple[int, ...] = (1,),
    **settings: Any,
) -> Optimizer:
    """Return an optimizer of several runs."""
    spec = get_optimizer(algorithm) if isinstance(algorithm, str) else algorithm
    return spec.create(make_problem(space, objectives, epochs), Streams(seed, range(runs)), settings)


def observe(batch: Architectures | MultiFidelityBatch, function: Objective, longest: int = 1) -> Observations:
    """Return the observations of a batch, at no cost; those that name no epochs are trained for the `longest`."""
    given, epochs = (
        (batch.architectures, batch.epochs)
        if isinstance(batch, MultiFidelityBatch)
        else (batch, np.full(batch.shape[:2], longest))
    )
    answered = given[..., 0] != PADDING
    values = function(given[answered], epochs[answered])
    objectives = np.full((*given.shape[:2], values.shape[-1]), np.nan)
    objectives[answered] = values
    nothing = np.zeros(answered.shape)
    return Observations(given, objectives, nothing, epochs, np.full(answered.shape, -1), answered, answered, answered)


def run(optimizer: Optimizer, function: Objective, queries: int, longest: int = 1) -> RegisteredRuns:
    """Run the ask-tell loop until every run has made a number of queries, or proposes nothing."""
    seen: list[Observations] = []
    made = 0
    while made < queries:
        observations = observe(optimizer.ask(), function, longest)
        if not observations.answered.any():
            break
        optimizer.tell(observations)
        seen.append(observations)
        made += observations.architectures.shape[1]
    joined = (
        np.concatenate([getattr(one, name) for one in seen], axis=1)[:, :queries]
        for name in ("architectures", "objectives", "epochs")
    )
    return RegisteredRuns(*joined)


def repeat(architectures: Architectures, objectives: Floats, epochs: Ints | None, runs: int) -> Observations:
    """Return the same observations for every run, `(B, d)`, `(B, M)` and `(B,)`, as if they had been made elsewhere."""
    many = np.ones(len(architectures), dtype=np.int64) if epochs is None else epochs
    return Observations.given(
        np.repeat(architectures[None], runs, axis=0),
        np.repeat(objectives[None], runs, axis=0),
        np.repeat(many[None], runs, axis=0),
    )


def random_table(rng: np.random.Generator, decisions: int, choices: int) -> Landscape:
    """Return a table of a random order of all architectures: values 0, 1, ... without ties."""
    return Landscape(rng.permutation(choices**decisions).astype(float), (choices,) * decisions)


def space_of(landscape: Landscape) -> Space:
    """Return the space of a table whose decisions have equally many choices."""
    return make_space(landscape.decisions, landscape.cardinalities[0])


def objective_of(landscape: Landscape) -> Objective:
    """Return the objective that looks up the rank in a table, whatever the epochs."""
    return lambda architectures, epochs: landscape.rank[architectures.astype(np.int64) @ landscape.strides][
        ..., None
    ].astype(float)
