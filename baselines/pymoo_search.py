"""What the algorithms taken from pymoo share: a categorical problem, its operators, and one run stepped by ask and tell.

The survival, the tournament and the mating loop are pymoo's own (Blank and Deb, IEEE Access 2020). The operators are those that
pymoo uses for categorical variables (uniform crossover; a mutation that draws a decision anew with probability `1 / d`), in an
array form: pymoo's own mutation works on Python objects and costs more than the rest of the algorithm. pymoo is imported when an
optimizer is built, not before. Every random number comes from the run's generator.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nasbench.search.observations import RunObservations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures


class PymooSearch:
    """One run of a genetic algorithm of pymoo; subclasses choose which and hand it to `start`."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self._space = problem.space
        self._objectives = len(problem.objectives)
        self._rng = rng
        self._algorithm: Any = None
        self._asked: Any = None

    def operators(self, crossover: float, mutation: float | None) -> dict[str, Any]:
        """Keyword arguments for the algorithm: sampling, crossover, mutation and repair.

        Args:
            crossover: probability that two parents are crossed.
            mutation: probability that a decision is drawn anew, `1 / d` if None.
        """
        from pymoo.operators.crossover.ux import UX

        from nasbench.baselines.pymoo_operators import ChoiceMutation, FeasibleRepair, UniformSampling

        rate = 1.0 / self._space.d if mutation is None else mutation
        return {
            "sampling": UniformSampling(self._space),
            "crossover": UX(prob=crossover),
            "mutation": ChoiceMutation(self._space, rate),
            "repair": FeasibleRepair(self._space),
        }

    def start(self, algorithm: Any) -> None:
        """Take a pymoo algorithm into use, with the run's generator and without a termination of its own."""
        from pymoo.core.problem import Problem as PymooProblem
        from pymoo.core.termination import NoTermination

        problem = PymooProblem(
            n_var=self._space.d,
            n_obj=self._objectives,
            xl=np.zeros(self._space.d),
            xu=self._space.cardinalities - 1.0,
            vtype=int,
        )
        algorithm.setup(problem, termination=NoTermination(), seed=0)
        algorithm.random_state = self._rng
        # The archive of a run is kept elsewhere; pymoo would look for the optimum of the population after every step.
        algorithm._set_optimum = _leave_optimum
        self._algorithm = algorithm

    def ask(self) -> Architectures:
        """Propose a generation, `(B, d)`; nothing when mating finds no architecture that is not in the population already."""
        self._asked = self._algorithm.ask()
        if self._asked is None or len(self._asked) == 0:
            return np.empty((0, self._space.d), dtype=np.int8)
        return self._asked.get("X").astype(np.int8)

    def tell(self, observations: RunObservations) -> None:
        """Let the generation compete; one that the budget has cut short is left out, since the run is over."""
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        if len(observations) < len(self._asked):
            return
        Evaluator().eval(StaticProblem(self._algorithm.problem, F=observations.objectives), self._asked)
        # pymoo's NSGA-III switches all warnings off for the whole process.
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            self._algorithm.tell(infills=self._asked)


def _leave_optimum() -> None:
    pass
