"""Small search spaces and objective functions on which the hybrid runs without a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.hybrid.optimizer import Hybrid
from nasbench.hybrid.parts import DEFAULT_PARTS, Parts
from nasbench.search.ledger import Budget
from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

Function = Callable[[Architectures], Floats]
"""Architectures `(n, d)` to objectives `(n, M)`."""
ALL_OPERATORS: Mapping[str, Any] = {"use_gradient": True, "use_evolution": True}
"""Settings with which the hybrid has all of its operators; by default the surrogate is the only one."""
DEFAULT_AND_ALL_OPERATORS: tuple[Mapping[str, Any], ...] = ({}, ALL_OPERATORS)
"""What a claim on the hybrid is checked with where it holds for any operators."""


class Unordered(Space):
    """A permutation-invariant space: architectures with equal multisets of choices are isomorphic."""

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the choices in ascending order."""
        return np.sort(architectures, axis=-1)


@lru_cache(maxsize=16)
def make_space(decisions: int, choices: int, unordered: bool = False) -> Space:
    """Return a cached space for equal arguments, so that it is enumerated once."""
    names = tuple(map(str, range(choices)))
    kind = Unordered if unordered else Space
    return kind(f"{decisions}x{choices}", tuple(map(str, range(decisions))), (names,) * decisions)


def trap(architectures: Architectures, choices: int) -> Floats:
    """Return a deceptive (trap) function: the error decreases with every decision that leaves the last choice, but the
    optimum 0 takes it everywhere.

    Shape `(n, d)` to `(n, 1)`. Descent leads away from the optimum.
    """
    last = (architectures == choices - 1).sum(axis=-1)
    return np.where(last == architectures.shape[-1], 0.0, 1.0 + last)[:, None]


def random_landscape(seed: int, space: Space, objectives: int = 1, roughness: float = 0.5) -> Function:
    """Return a weighted mean of independent uniform values, with weight `roughness`, and a random additive function."""
    rng = np.random.default_rng(seed)
    noise = rng.random((space.product_size, objectives))
    trend = rng.random((space.d, int(space.cardinalities.max()), objectives))

    def function(architectures: Architectures) -> Floats:
        additive = trend[np.arange(space.d), architectures].mean(axis=-2)
        return np.asarray(roughness * noise[space.index(architectures)] + (1 - roughness) * additive)

    return function


def make_problem(space: Space, objectives: int = 1, epochs: tuple[int, ...] = (1,)) -> Problem:
    """Return the problem that an optimizer is constructed with; `iterate` answers its queries."""
    names = ("error", *(f"objective {i}" for i in range(2, objectives + 1)))
    protocol = SearchProtocol(
        objectives=names,
        split="none",
        epochs=epochs,
        training_seed="mean",
        repeat_policy="retrain",
        budget=Budget({"queries": 1}),
    )
    evaluator = FunctionEvaluator(space, lambda a: np.zeros(len(a)))
    evaluator.cheap = (False,) * objectives
    return Problem(evaluator, protocol, 0, (0,))


def make_hybrid(
    rng: np.random.Generator,
    space: Space,
    objectives: int = 1,
    epochs: tuple[int, ...] = (1,),
    parts: Parts = DEFAULT_PARTS,
    **settings: Any,
) -> Hybrid:
    """Return the hybrid for one run, with the parts and settings given."""
    return Hybrid(make_problem(space, objectives, epochs), rng, parts, **settings)


def iterate(
    optimizer: Hybrid, function: Function, most: int | None = None
) -> Iterator[tuple[Architectures, Floats, int]]:
    """Run the ask-tell loop; yield architecture `(d,)`, objectives `(M,)` and epochs of each query until it proposes nothing."""
    for number in count():
        answer = optimizer.ask()
        batch, epochs = answer if isinstance(answer, tuple) else (answer, np.ones(len(answer), dtype=np.int64))
        if not len(batch) or number == most:
            return
        values = function(batch)
        optimizer.tell(make_observations(batch, values, epochs))
        yield batch[0], values[0], int(epochs[0])


def make_observations(batch: Architectures, values: Floats, epochs: Ints) -> RunObservations:
    """Return the observations of a batch, at no cost."""
    return RunObservations(batch, values, np.zeros(len(batch)), epochs, np.full(len(batch), -1, dtype=np.int64))


def hitting_time(optimizer: Hybrid, function: Function, targets: set[bytes], most: int | None = None) -> float:
    """Return the first query (from 1) that evaluates one of the targets at the highest fidelity; infinity if none does."""
    space, longest = optimizer.space, optimizer.epochs[-1]
    for number, (architecture, _, epochs) in enumerate(iterate(optimizer, function, most), start=1):
        if epochs == longest and space.canonical(architecture).tobytes() in targets:
            return number
    return np.inf
