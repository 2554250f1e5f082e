"""NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE TEVC 2002), as implemented in pymoo."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.pymoo_optimizer import CrossoverProb, MutationProb, PopulationSize, PymooOptimizer
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange


def nsga2(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: Annotated[PopulationSize, IntRange(6, 60, log=True)] = 40,
    crossover_prob: CrossoverProb = 0.9,
    mutation_prob: MutationProb | None = None,
) -> PymooOptimizer:
    """Non-dominated sorting and crowding distance, with pymoo's tournament and survival, and categorical operators.

    The population and the number of offspring are NSGA-Net's 40 (Lu et al., GECCO 2019; `search/evolution_search.py` of its
    authors, whose operators are two-point crossover and polynomial mutation); crossover probability 0.9 and mutation probability
    1 / d are those of the 2002 paper, which uses a population of 100 for 25,000 evaluations. With a single objective, which orders
    all architectures, the algorithm is an elitist genetic algorithm. Selection compares evaluated architectures, so objectives that
    are free of charge are no use to it before an evaluation; `prescreened_nsga2` uses them.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        population_size: N, also the number of offspring per generation.
        crossover_prob: probability that two parents undergo uniform crossover.
        mutation_prob: probability that a decision is resampled uniformly, 1 / d if None.
    """
    from pymoo.algorithms.moo.nsga2 import NSGA2

    from nasbench.baselines.pymoo_operators import categorical_operators

    operators = categorical_operators(problem.space, crossover_prob, mutation_prob)
    return PymooOptimizer(problem, rng, NSGA2(pop_size=population_size, **operators))


OPTIMIZER = PerRun(nsga2, objectives="many")
