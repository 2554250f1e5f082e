"""NSGA-III (Deb and Jain, IEEE TEVC 2014), as implemented in pymoo."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from nasbench.baselines.pymoo_optimizer import CrossoverProb, MutationProb, PopulationSize, PymooOptimizer
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange
from nasbench.spaces.space import Floats


def nsga3(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: Annotated[PopulationSize, IntRange(6, 92, log=True)] = 92,
    crossover_prob: CrossoverProb = 1.0,
    mutation_prob: MutationProb | None = None,
) -> PymooOptimizer:
    """Non-dominated sorting with niches around reference directions, with pymoo's survival and categorical operators.

    The directions are Das and Dennis's on the unit simplex, with as many divisions as the population allows: the paper's
    population of 92 gives its 12 divisions and 91 directions for three objectives. Crossover has probability 1, as in the paper.
    It selects among evaluated architectures, and has no use for objectives that are free of charge before.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        population_size: N, also the number of offspring per generation.
        crossover_prob: probability that two parents undergo uniform crossover.
        mutation_prob: probability that a decision is resampled uniformly, 1 / d if None.
    """
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.operators.selection.tournament import TournamentSelection

    from nasbench.baselines.pymoo_operators import categorical_operators, random_tournament

    algorithm = NSGA3(
        reference_directions(len(problem.objectives), population_size),
        pop_size=population_size,
        selection=TournamentSelection(func_comp=random_tournament),
        **categorical_operators(problem.space, crossover_prob, mutation_prob),
    )
    return PymooOptimizer(problem, rng, algorithm)


def divisions(objectives: int, population_size: int) -> int:
    """Return the largest number of divisions p of each axis whose `C(M + p - 1, p)` directions do not outnumber the
    population; at least 1.
    """
    p = 1
    while objectives > 1 and math.comb(objectives + p, p + 1) <= population_size:
        p += 1
    return p


def reference_directions(objectives: int, population_size: int) -> Floats:
    """Return Das and Dennis's directions, `(n, M)`, each summing to 1."""
    from pymoo.util.ref_dirs import get_reference_directions

    if objectives == 1:
        return np.ones((1, 1))
    directions = get_reference_directions("das-dennis", objectives, n_partitions=divisions(objectives, population_size))
    return np.asarray(directions)


OPTIMIZER = PerRun(nsga3, objectives="many")
