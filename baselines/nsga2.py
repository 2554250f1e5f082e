"""NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE TEVC 2002), as pymoo has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np

from nasbench.baselines.pymoo_search import PymooSearch
from nasbench.ranges import Probability, count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem


class Nsga2(PymooSearch):
    """Non-dominated sorting and crowding distance, with pymoo's tournament, survival and categorical operators.

    Population and offspring are NSGA-Net's 40 (Lu et al., GECCO 2019; `search/evolution_search.py` of its authors, whose operators
    are two-point crossover and polynomial mutation); crossover probability 0.9 and mutation 1 / d are the 2002 paper's, which has a
    population of 100 for 25,000 evaluations. One objective is a total order, and the algorithm then an elitist genetic algorithm.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        population_size: N; offspring a generation too.
        crossover_prob: probability that two parents are crossed uniformly.
        mutation_prob: probability that a decision is drawn anew, 1 / d if None.
    """

    TUNABLE: ClassVar[Mapping[str, tuple]] = {
        "population_size": ("log-integer", 6, 60),
        "crossover_prob": ("real", 0.0, 1.0),
        "mutation_prob": ("log-real", 0.05, 0.6),
    }

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        population_size: Annotated[int, count(10_000, least=2)] = 40,
        crossover_prob: Probability = 0.9,
        mutation_prob: Probability | None = None,
    ) -> None:
        super().__init__(problem, rng)
        from pymoo.algorithms.moo.nsga2 import NSGA2

        self.start(NSGA2(pop_size=population_size, **self.operators(crossover_prob, mutation_prob)))


OPTIMIZER = PerRun(Nsga2, objectives="many")
