"""NSGA-II with pre-screening by Gaussian processes (Emmerich, Giannakoglou and Naujoks, IEEE TEVC 2006)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nasbench.baselines.gp_bo import EncodingGp
from nasbench.baselines.pymoo_optimizer import CrossoverProb, MutationProb, PopulationSize, PymooOptimizer
from nasbench.ranges import between, count
from nasbench.search.dominance import crowding_distance, nondominated_ranks
from nasbench.search.history import History
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats, Ints


class PrescreenedNsga2(PymooOptimizer):
    """NSGA-II that generates several times as many offspring as it evaluates, and evaluates those that look best.

    Offspring are ranked beside the population, by non-dominated sorting and crowding distance, at a lower confidence bound in the
    objectives that must be measured (the criterion f_lb of the paper) and at the exact value in those that are free of charge. A
    measured objective has the Gaussian process of `gp_bo`, on standardised values. Offspring that were evaluated before come last.

    Differences from the paper: the process is conditioned on all evaluations (paper: the 20 nearest), free objectives are exact, and
    offspring come from the categorical operators of `nsga2`.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        population_size: N, also the number of architectures at the start and of offspring evaluated per generation.
        offspring_factor: offspring generated for each that is evaluated.
        ucb_beta: standard deviations below the mean of the confidence bound (the paper's omega).
        crossover_prob: probability that two parents undergo uniform crossover.
        mutation_prob: probability that a decision is resampled uniformly, 1 / d if None.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        population_size: Annotated[PopulationSize, IntRange(6, 60, log=True)] = 20,
        offspring_factor: Annotated[int, count(1_000), IntRange(2, 50, log=True)] = 10,
        ucb_beta: Annotated[float, between(0, 1_000), FloatRange(0.0, 3.0)] = 1.0,
        crossover_prob: CrossoverProb = 0.9,
        mutation_prob: MutationProb | None = None,
    ) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2

        from nasbench.baselines.pymoo_operators import categorical_operators

        operators = categorical_operators(problem.space, crossover_prob, mutation_prob)
        generated = offspring_factor * population_size
        super().__init__(problem, rng, NSGA2(pop_size=population_size, n_offsprings=generated, **operators))
        self._problem = problem
        self._population_size, self._ucb_beta = population_size, ucb_beta
        self._cheap = np.array(problem.cheap)
        self._history = History(problem.space, len(problem.objectives))
        self._models = [EncodingGp(problem.space) for _ in np.flatnonzero(~self._cheap)]

    def prescreen(self, offspring: Architectures) -> Ints:
        """Return the positions of the offspring `(n, d)` that are to be evaluated, `(N,)`."""
        if len(offspring) <= self._population_size:
            return np.arange(len(offspring))
        parents = self._algorithm.pop.get("F")
        points = np.concatenate([parents, self._lower_bounds(offspring)])
        ranks = nondominated_ranks(points)
        crowding = np.empty(len(points))
        for rank in np.unique(ranks):
            crowding[ranks == rank] = crowding_distance(points[ranks == rank])
        known = np.array([self._history.rung(key) >= 0 for key in self._history.keys(offspring)])
        order = np.lexsort((-crowding[len(parents) :], ranks[len(parents) :], known))
        return order[: self._population_size]

    def tell(self, observations: RunObservations) -> None:
        """Select survivors, and store the observations."""
        self._history.add_new(observations)
        super().tell(observations)

    def _lower_bounds(self, architectures: Architectures) -> Floats:
        """Return the objectives of architectures, predicted ones at their lower confidence bounds: `(n, d)` to `(n, M)`."""
        bounds = np.empty((len(architectures), len(self._cheap)))
        if self._cheap.any():
            bounds[:, self._cheap] = self._problem.facts(architectures)
        for column, model in zip(np.flatnonzero(~self._cheap), self._models, strict=True):
            observed = self._history.objectives[:, column]
            scale = max(float(observed.std()), 1e-12)
            model.condition(self._history.architectures, (observed - observed.mean()) / scale)
            mean, deviation = model.predict(architectures)
            bounds[:, column] = observed.mean() + scale * (mean - self._ucb_beta * deviation)
        return bounds


OPTIMIZER = PerRun(PrescreenedNsga2, objectives="many")
