"""Categorical operators for pymoo's genetic algorithms, vectorised; imports pymoo, so import it where an algorithm is built.

They are those that pymoo uses for categorical variables: uniform crossover, and a mutation that resamples each decision. pymoo's
own mutation works on Python objects, and takes longer than the rest of the algorithm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga3 import comp_by_cv_then_random
from pymoo.algorithms.moo.sms import cv_and_dom_tournament
from pymoo.core.mutation import Mutation
from pymoo.core.repair import Repair
from pymoo.core.sampling import Sampling
from pymoo.operators.crossover.ux import UX

from nasbench.spaces.space import Ints, Space


def categorical_operators(space: Space, crossover_prob: float, mutation_prob: float | None) -> dict[str, Any]:
    """Return the operators of a genetic algorithm of pymoo, as its keyword arguments.

    Args:
        space: of the architectures.
        crossover_prob: probability that two parents undergo uniform crossover.
        mutation_prob: probability that a decision is resampled uniformly, `1 / d` if None.
    """
    return {
        "sampling": UniformSampling(space),
        "crossover": UX(prob=crossover_prob),
        "mutation": ChoiceMutation(space, 1.0 / space.d if mutation_prob is None else mutation_prob),
        "repair": FeasibleRepair(space),
    }


class UniformSampling(Sampling):  # type: ignore[misc]
    """Uniform feasible architectures."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, n_samples: int, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        return self.space.sample(random_state.random((n_samples, self.space.d))).astype(np.int64)


class ChoiceMutation(Mutation):  # type: ignore[misc]
    """Resamples each decision uniformly with probability `rate`: pymoo's `ChoiceRandomMutation` on integer arrays."""

    def __init__(self, space: Space, rate: float) -> None:
        super().__init__()
        self.space = space
        self.rate = rate

    def _do(self, problem: Any, X: Ints, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        resampled = random_state.random(X.shape) < self.rate
        drawn = (random_state.random(X.shape) * self.space.cardinalities).astype(np.int64)
        return np.where(resampled, drawn, X)


class FeasibleRepair(Repair):  # type: ignore[misc]
    """Replaces each infeasible offspring by a uniform feasible architecture."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, X: Ints, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        infeasible = ~self.space.is_feasible(X.astype(np.int8))
        if infeasible.any():
            X[infeasible] = self.space.sample(random_state.random((int(infeasible.sum()), self.space.d)))
        return X


# pymoo decorates these two such that they cannot be pickled by name; an unfinished run must be.


def random_tournament(pop: Any, P: Ints, **kwargs: Any) -> Ints:
    """Run NSGA-III's tournament: a feasible parent at random."""
    return comp_by_cv_then_random(pop, P, **kwargs)


def domination_tournament(pop: Any, P: Ints, **kwargs: Any) -> Ints:
    """Run SMS-EMOA's tournament: the dominating parent, else one at random."""
    return cv_and_dom_tournament(pop, P, **kwargs)
