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
from nasbench.spaces.space import Architectures, Ints

PopulationSize = Annotated[int, count(10_000, least=2)]
CrossoverProb = Annotated[Probability, FloatRange(0.0, 1.0)]
MutationProb = Annotated[Probability, FloatRange(0.05, 0.6, log=True)]


class PymooOptimizer:
    """One run of an algorithm of pymoo.

    Survival is decided when all of a generation has been told, or the next one is asked for: whatever was told until then competes
    with the population, proposed or not. What was told before the first generation takes places in it.

    Args:
        problem: the search problem.
        rng: random numbers of the run; every number that the algorithm draws comes from it.
        algorithm: of pymoo, with operators for integer vectors (`nasbench.baselines.pymoo_operators.categorical_operators`).
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, algorithm: Any) -> None:
        from pymoo.core.problem import Problem as PymooProblem
        from pymoo.core.termination import NoTermination

        self._space = problem.space
        self._told: list[RunObservations] = []
        self._pending: set[bytes] = set()
        self._has_begun = False
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
        if self._told and self._has_begun:
            self._select_survivors()
        asked = self._algorithm.ask()
        if not self._has_begun:
            self._has_begun = True
            asked = asked[: max(0, len(asked) - sum(map(len, self._told)))]
            if len(asked) == 0:
                self._select_survivors()
                asked = self._algorithm.ask()
        if asked is None or len(asked) == 0:
            return np.empty((0, self._space.d), dtype=np.int8)
        generation: Architectures = asked.get("X").astype(np.int8)
        generation = generation[self.prescreen(generation)]
        self._pending = {architecture.tobytes() for architecture in generation}
        return generation

    def prescreen(self, offspring: Architectures) -> Ints:
        """Return the positions of the offspring `(n, d)` that are to be evaluated, `(B,)`; all of them unless a subclass chooses."""
        return np.arange(len(offspring))

    def tell(self, observations: RunObservations) -> None:
        """Select survivors if nothing is pending; a generation truncated by the budget is left, since the run is over."""
        self._told.append(observations)
        self._pending -= {architecture.tobytes() for architecture in observations.architectures}
        if self._has_begun and not self._pending:
            self._select_survivors()

    def _select_survivors(self) -> None:
        from pymoo.core.evaluator import Evaluator
        from pymoo.core.population import Population
        from pymoo.problems.static import StaticProblem

        architectures = np.concatenate([one.architectures for one in self._told]).astype(np.int64)
        objectives = np.concatenate([one.objectives for one in self._told])
        self._told = []
        infills = Population.new("X", architectures)
        Evaluator().eval(StaticProblem(self._algorithm.problem, F=objectives), infills)
        # An architecture that is in the population would gain by a second copy of itself.
        known = [self._algorithm.pop] if self._algorithm.is_initialized else []
        infills = self._algorithm.eliminate_duplicates.do(infills, *known)
        if len(infills) == 0:
            return
        # pymoo's NSGA-III disables all warnings for the whole process.
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            self._algorithm.tell(infills=infills)


def _skip_optimum() -> None:
    pass
