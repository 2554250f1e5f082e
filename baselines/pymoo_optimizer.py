"""An ask-tell adapter of pymoo's genetic algorithms to architectures (Blank and Deb, IEEE Access 2020).

Survival, tournament and mating are pymoo's; NSGA-II, NSGA-III and SMS-EMOA differ in the algorithm that they pass.
pymoo is imported when an optimizer is built.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import numpy as np

from nasbench.ranges import Probability, count
from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange
from nasbench.spaces.space import Architectures

PopulationSize = Annotated[int, count(10_000, least=2)]
CrossoverProb = Annotated[Probability, FloatRange(0.0, 1.0)]
MutationProb = Annotated[Probability, FloatRange(0.05, 0.6, log=True)]


class PymooOptimizer:
    """One run of an algorithm of pymoo.

    Args:
        problem: the search problem.
        rng: random numbers of the run; every number that the algorithm draws comes from it.
        algorithm: of pymoo, with operators for integer vectors (`nasbench.baselines.pymoo_operators.categorical_operators`).
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, algorithm: Any) -> None:
        from pymoo.core.problem import Problem as PymooProblem
        from pymoo.core.termination import NoTermination

        self._space = problem.space
        self._asked: Any = None
        self._algorithm = algorithm
        bounds = {"xl": np.zeros(self._space.d), "xu": self._space.cardinalities - 1.0}
        algorithm.setup(
            PymooProblem(n_var=self._space.d, n_obj=len(problem.objectives), vtype=int, **bounds),
            termination=NoTermination(),
            seed=0,
        )
        algorithm.random_state = rng
        # The archive of a run is kept elsewhere; pymoo would determine the optimum of the population after every step.
        algorithm._set_optimum = _skip_optimum

    def ask(self) -> Architectures:
        """Propose a generation, `(B, d)`; empty if mating finds no architecture outside the population."""
        self._asked = self._algorithm.ask()
        if self._asked is None or len(self._asked) == 0:
            return np.empty((0, self._space.d), dtype=np.int8)
        return self._asked.get("X").astype(np.int8)

    def tell(self, observations: RunObservations) -> None:
        """Select survivors; a generation truncated by the budget is ignored, since the run is over."""
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        if len(observations) < len(self._asked):
            return
        Evaluator().eval(StaticProblem(self._algorithm.problem, F=observations.objectives), self._asked)
        # pymoo's NSGA-III disables all warnings for the whole process.
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            self._algorithm.tell(infills=self._asked)


def _skip_optimum() -> None:
    pass
