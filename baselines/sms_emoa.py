"""SMS-EMOA (Beume, Naujoks and Emmerich, EJOR 2007), as pymoo has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np

from nasbench.baselines.pymoo_search import PymooSearch
from nasbench.ranges import Probability, count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem


class SmsEmoa(PymooSearch):
    """One offspring a step; the member of the worst front that contributes least hypervolume leaves.

    The paper's (mu + 1) scheme with mu = 100, and pymoo's survival (objectives normalised by the population's range) and
    categorical operators. With one objective the worst front is the worst member, which leaves.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        population_size: mu.
        crossover_prob: probability that two parents are crossed uniformly.
        mutation_prob: probability that a decision is drawn anew, 1 / d if None.
    """

    TUNABLE: ClassVar[Mapping[str, tuple]] = {
        "population_size": ("log-integer", 6, 100),
        "crossover_prob": ("real", 0.0, 1.0),
        "mutation_prob": ("log-real", 0.05, 0.6),
    }

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        population_size: Annotated[int, count(10_000, least=2)] = 100,
        crossover_prob: Probability = 0.9,
        mutation_prob: Probability | None = None,
    ) -> None:
        super().__init__(problem, rng)
        from pymoo.algorithms.moo.sms import SMSEMOA, LeastHypervolumeContributionSurvival
        from pymoo.algorithms.soo.nonconvex.ga import FitnessSurvival
        from pymoo.operators.selection.tournament import TournamentSelection

        from nasbench.baselines.pymoo_operators import domination_tournament

        survival = LeastHypervolumeContributionSurvival() if len(problem.objectives) > 1 else FitnessSurvival()
        operators = self.operators(crossover_prob, mutation_prob)
        selection = TournamentSelection(func_comp=domination_tournament)
        self.start(
            SMSEMOA(pop_size=population_size, n_offsprings=1, selection=selection, survival=survival, **operators)
        )


OPTIMIZER = PerRun(SmsEmoa, objectives="many")
