"""NSGA-III (Deb and Jain, IEEE TEVC 2014), as pymoo has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np

from nasbench.baselines.pymoo_search import PymooSearch
from nasbench.ranges import Probability, count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.spaces.space import Floats


class Nsga3(PymooSearch):
    """Non-dominated sorting with niches around reference directions, with pymoo's survival and categorical operators.

    Directions are Das and Dennis's on the unit simplex, as finely divided as the population allows: the paper's population 92
    gives its 12 divisions and 91 directions for three objectives. Crossover has probability 1, as in the paper.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        population_size: N; offspring a generation too.
        crossover_prob: probability that two parents are crossed uniformly.
        mutation_prob: probability that a decision is drawn anew, 1 / d if None.
    """

    TUNABLE: ClassVar[Mapping[str, tuple]] = {
        "population_size": ("log-integer", 6, 92),
        "crossover_prob": ("real", 0.0, 1.0),
        "mutation_prob": ("log-real", 0.05, 0.6),
    }

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        population_size: Annotated[int, count(10_000, least=2)] = 92,
        crossover_prob: Probability = 1.0,
        mutation_prob: Probability | None = None,
    ) -> None:
        super().__init__(problem, rng)
        from pymoo.algorithms.moo.nsga3 import NSGA3
        from pymoo.operators.selection.tournament import TournamentSelection

        from nasbench.baselines.pymoo_operators import random_tournament

        directions = reference_directions(self._objectives, population_size)
        operators = self.operators(crossover_prob, mutation_prob)
        selection = TournamentSelection(func_comp=random_tournament)
        self.start(NSGA3(directions, pop_size=population_size, selection=selection, **operators))


def divisions(objectives: int, population_size: int) -> int:
    """Most divisions p of each axis whose `C(M + p - 1, p)` directions do not outnumber the population; at least 1."""
    p = 1
    while objectives > 1 and math.comb(objectives + p, p + 1) <= population_size:
        p += 1
    return p


def reference_directions(objectives: int, population_size: int) -> Floats:
    """Das and Dennis's directions, `(n, M)`, each summing to 1."""
    from pymoo.util.ref_dirs import get_reference_directions

    if objectives == 1:
        return np.ones((1, 1))
    directions = get_reference_directions("das-dennis", objectives, n_partitions=divisions(objectives, population_size))
    return np.asarray(directions)


OPTIMIZER = PerRun(Nsga3, objectives="many")
