"""Categorical operators for pymoo's algorithms; imports pymoo, so import this where an algorithm is built."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga3 import comp_by_cv_then_random
from pymoo.algorithms.moo.sms import cv_and_dom_tournament
from pymoo.core.mutation import Mutation
from pymoo.core.repair import Repair
from pymoo.core.sampling import Sampling

from nasbench.spaces.space import Ints, Space


class UniformSampling(Sampling):  # type: ignore[misc]
    """Uniform feasible architectures."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, n_samples: int, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        return self.space.sample(random_state.random((n_samples, self.space.d))).astype(np.int64)


class ChoiceMutation(Mutation):  # type: ignore[misc]
    """Each decision is drawn anew, uniformly, with probability `rate`: pymoo's `ChoiceRandomMutation` on integer arrays."""

    def __init__(self, space: Space, rate: float) -> None:
        super().__init__()
        self.space = space
        self.rate = rate

    def _do(self, problem: Any, X: Ints, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        anew = random_state.random(X.shape) < self.rate
        drawn = (random_state.random(X.shape) * self.space.cardinalities).astype(np.int64)
        return np.where(anew, drawn, X)


class FeasibleRepair(Repair):  # type: ignore[misc]
    """An infeasible offspring gives its place to a uniform feasible architecture."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, X: Ints, *args: Any, random_state: Any = None, **kwargs: Any) -> Ints:
        infeasible = ~self.space.is_feasible(X.astype(np.int8))
        if infeasible.any():
            X[infeasible] = self.space.sample(random_state.random((int(infeasible.sum()), self.space.d)))
        return X


# pymoo decorates these two such that they cannot be pickled by name; a run in the middle must be.


def random_tournament(pop: Any, P: Ints, **kwargs: Any) -> Ints:
    """NSGA-III's: a feasible parent at random."""
    return comp_by_cv_then_random(pop, P, **kwargs)


def domination_tournament(pop: Any, P: Ints, **kwargs: Any) -> Ints:
    """SMS-EMOA's: the dominating parent, else one at random."""
    return cv_and_dom_tournament(pop, P, **kwargs)
