"""ParEGO (Knowles, IEEE TEVC 2006): expected improvement of a scalarisation whose weights are drawn anew for every query."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy.special import ndtri

from nasbench.baselines.acquisition_search import AcquisitionSearch
from nasbench.baselines.gp_bo import EncodingGp, expected_improvement
from nasbench.ranges import count, positive
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats

SAMPLES = 128
"""Joint draws of the predicted objectives, where there are several of them (the number of Daulton et al. 2020)."""


class Parego(AcquisitionSearch):
    """The augmented Tchebycheff function of objectives that are scaled to their observed range, minimised by expected improvement.

    Knowles models the scalarised values. Here objectives that must be measured have a Gaussian process each (that of `gp_bo`, on
    standardised values) and those that are free of charge enter the scalarisation exactly: where an outer function is known, modelling
    what it is applied to loses less (Astudillo and Frazier, ICML 2019; Daulton, Balandat and Bakshy, NeurIPS 2020, do so in their
    qParEGO). With one measured objective the expected improvement has a closed form, with several it is an average over draws.

    Further differences: weights are uniform on the simplex (as in qParEGO; Knowles draws from 11 to 15 of a lattice), the ranges of the
    objectives are those observed (his are given), the initial design is 10 uniform architectures (his: a Latin hypercube of 11 d - 1),
    and the acquisition is maximised as in `gp_bo` (his: a steady-state genetic algorithm).

    Args:
        problem: the search problem.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        rho: weight of the sum of the weighted objectives beside the largest of them (Knowles's 0.05).
        n_candidates: uniform architectures among which the acquisition is maximised, in addition to the neighbours of the front.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(3, 40, log=True)] = 10,
        rho: Annotated[float, positive(1_000), FloatRange(0.005, 0.5, log=True)] = 0.05,
        n_candidates: Annotated[int, count(10_000), IntRange(64, 1024, log=True)] = 256,
    ) -> None:
        super().__init__(problem, rng, n_initial_samples, n_candidates)
        self._problem = problem
        self._rho = rho
        self._cheap = np.array(problem.cheap)
        self._models = [EncodingGp(self._space) for _ in np.flatnonzero(~self._cheap)]

    def update(self) -> None:
        """Condition the processes on the history, and draw weights."""
        observed = self._history.objectives
        self._low = observed.min(axis=0)
        self._range = np.maximum(np.ptp(observed, axis=0), np.finfo(float).eps)
        scaled = (observed - self._low) / self._range
        measured = scaled[:, ~self._cheap]
        self._mean, self._deviation = measured.mean(axis=0), np.maximum(measured.std(axis=0), 1e-12)
        for model, targets in zip(self._models, ((measured - self._mean) / self._deviation).T, strict=True):
            model.condition(self._history.architectures, targets)
        self._scalarization = self._rng.dirichlet(np.ones(len(self._cheap)))
        self._normals = latin_normals(SAMPLES, len(self._models), self._rng)
        self._best = float(augmented_tchebycheff(scaled, self._scalarization, self._rho).min())

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return the expected improvement of the scalarisation, `(n, d)` to `(n,)`."""
        exact = np.empty((len(architectures), 0))
        if self._cheap.any():
            exact = (self._problem.facts(architectures) - self._low[self._cheap]) / self._range[self._cheap]
        predicted = np.array([model.predict(architectures) for model in self._models]).reshape(-1, 2, len(exact))
        mean = self._mean + self._deviation * predicted[:, 0].T
        deviation = self._deviation * predicted[:, 1].T
        weights = self._scalarization[~self._cheap], self._scalarization[self._cheap]
        if len(self._models) == 1:
            return improvement_of_one(mean[:, 0], deviation[:, 0], exact, *weights, self._rho, self._best)
        drawn = mean + deviation * self._normals[:, None]
        both = np.concatenate([drawn, np.broadcast_to(exact, (len(drawn), *exact.shape))], axis=-1)
        values = augmented_tchebycheff(both, np.concatenate(weights), self._rho)
        return np.maximum(self._best - values, 0.0).mean(axis=0)


def augmented_tchebycheff(objectives: Floats, weights: Floats, rho: float) -> Floats:
    """Return `max_j w_j f_j + rho sum_j w_j f_j` (Knowles 2006, equation 2), `(..., M)` to `(...)`."""
    weighted = weights * objectives
    return np.asarray(weighted.max(axis=-1) + rho * weighted.sum(axis=-1))


def improvement_of_one(
    mean: Floats, deviation: Floats, exact: Floats, weight: Floats, exact_weights: Floats, rho: float, best: float
) -> Floats:
    """Return the expected improvement of the scalarisation where one objective is predicted and the others are exact, `(n,)`.

    With `a` the largest and `b` the sum of the exact weighted objectives, the scalarisation of `f` is `max(w f, a) + rho (w f + b)`, of
    slope `rho w` below `k = a / w` and `(1 + rho) w` above. The improvement is therefore a sum of hinges `max(u - f, 0)`, whose
    expectations are expected improvements.

    Args:
        mean: of the predicted objective, `(n,)`.
        deviation: its standard deviation, `(n,)`.
        exact: the other objectives, `(n, M - 1)`.
        weight: of the predicted objective, `(1,)`.
        exact_weights: `(M - 1,)`.
        rho: of `augmented_tchebycheff`.
        best: the scalarised value on which to improve.
    """
    w = max(float(weight[0]), 1e-9)
    weighted = exact * exact_weights
    kink = weighted.max(axis=1, initial=-np.inf) / w
    rest = best - rho * weighted.sum(axis=1)
    steep = rest / ((1 + rho) * w)
    above = steep > kink
    reached = np.where(np.isfinite(kink), kink, 0.0)
    value = (1 + rho) * w * expected_improvement(mean, deviation, np.where(above, steep, 0.0))
    value -= np.where(np.isfinite(kink), w * expected_improvement(mean, deviation, reached), 0.0)
    shallow = (rest - w * reached) / (rho * w)
    return np.where(above, value, rho * w * expected_improvement(mean, deviation, shallow))


def latin_normals(number: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """Return a Latin hypercube sample of standard normal variables, `(number, dimensions)` (McKay, Beckman and Conover 1979)."""
    strata = rng.permuted(np.tile(np.arange(number), (dimensions, 1)), axis=1).T
    return np.asarray(ndtri((strata + 0.5) / number))


OPTIMIZER = PerRun(Parego, objectives="many")
