"""SMS-EMOA (Beume, Naujoks and Emmerich, EJOR 2007), as implemented in pymoo."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.pymoo_optimizer import CrossoverProb, MutationProb, PopulationSize, PymooOptimizer
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange


def sms_emoa(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: Annotated[PopulationSize, IntRange(6, 100, log=True)] = 100,
    crossover_prob: CrossoverProb = 0.9,
    mutation_prob: MutationProb | None = None,
) -> PymooOptimizer:
    """One offspring per generation; the member of the worst front with the smallest hypervolume contribution is
    discarded.

    The paper's (mu + 1) scheme with mu = 100, pymoo's survival (objectives normalised by the range of the population) and
    categorical operators. With a single objective the worst member is discarded. It selects among evaluated architectures, and has
    no use for objectives that are free of charge before.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        population_size: mu.
        crossover_prob: probability that two parents undergo uniform crossover.
        mutation_prob: probability that a decision is resampled uniformly, 1 / d if None.
    """
    from pymoo.algorithms.moo.sms import SMSEMOA, LeastHypervolumeContributionSurvival
    from pymoo.algorithms.soo.nonconvex.ga import FitnessSurvival
    from pymoo.operators.selection.tournament import TournamentSelection

    from nasbench.baselines.pymoo_operators import categorical_operators, domination_tournament

    algorithm = SMSEMOA(
        pop_size=population_size,
        n_offsprings=1,
        selection=TournamentSelection(func_comp=domination_tournament),
        survival=LeastHypervolumeContributionSurvival() if len(problem.objectives) > 1 else FitnessSurvival(),
        **categorical_operators(problem.space, crossover_prob, mutation_prob),
    )
    return PymooOptimizer(problem, rng, algorithm)


OPTIMIZER = PerRun(sms_emoa, objectives="many")
