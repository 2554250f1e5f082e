"""The hybrid of the first edition, whose exploration decays at every query, to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.hybrid.exploration import decaying_coefficient
from nasbench.hybrid.optimizer import Hybrid
from nasbench.hybrid.parts import Parts
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem


class DecayingHybrid(Hybrid):
    """The hybrid with a confidence bound that falls at every query; it gets stuck where the deepest basin is a narrow one.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        settings: those of `Hybrid`.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> None:
        super().__init__(problem, rng, Parts(exploration=decaying_coefficient), **settings)


OPTIMIZER = PerRun(DecayingHybrid, objectives="many")
