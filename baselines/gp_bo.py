"""Bayesian optimisation with a Gaussian process and expected improvement (Mockus 1978; Jones, Schonlau and Welch 1998)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from scipy.special import ndtr

from nasbench.baselines.acquisition_search import AcquisitionSearch
from nasbench.errors import NasbenchError
from nasbench.ranges import between, count
from nasbench.search.constraints import ROUNDING
from nasbench.search.gaussian_process import extend, factorise, posterior, profile_likelihood
from nasbench.search.history import History
from nasbench.search.normal_scores import normal_scores
from nasbench.search.observations import RunObservations
from nasbench.search.operation_counter import record
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats, Space

RATES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.2, 2.0)
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Grids for the inverse squared length scale and for the noise variance relative to the signal's."""

Weight = Annotated[float, between(0, 1_000), FloatRange(0.0, 1.0)]


class GpBo(AcquisitionSearch):
    """A Gaussian process on the encoding of architectures proposes the one with the largest expected improvement.

    A strong standard baseline: Gaussian kernel on the one-hot encoding (that is, `exp(-rate * differing decisions)`),
    length scale and noise by marginal likelihood on a grid, the signal's variance in closed form, errors replaced by
    normal scores of their ranks. `edge_weight` and `path_weight` weigh the one-hot and the path encoding within the
    kernel's squared distance. The acquisition is maximised over neighbours of the ten best and uniform architectures,
    then by hill climbing from the best of these.

    Measured constraints enter as the probability that they hold, by which the expected improvement on the best feasible
    architecture is multiplied (Gardner et al. 2014, "Bayesian optimization with inequality constraints"); before there is a
    feasible one, that probability alone is maximised (Gelbart, Snoek and Adams 2014, "Bayesian optimization with unknown
    constraints"). Each constraint has a process of its own, on its relative excess.

    Args:
        problem: the benchmark.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        edge_weight: weight of the one-hot encoding; the numbers of a `MixedSpace` contribute the steps between them
            (`Space.decision_features`), inactive decisions nothing.
        path_weight: weight of the path encoding; the space must have paths if it is not 0.
        target_transform: "ranks" (normal scores) or "standardised".
        n_candidates: uniform architectures among which the acquisition is maximised, in addition to the neighbours of
            the best.
    """

    REFIT_GROWTH: ClassVar[float] = 1.3
    """Factor by which observations grow between two fits of the hyperparameters."""

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(3, 40, log=True)] = 10,
        edge_weight: Weight = 1.0,
        path_weight: Weight = 0.0,
        target_transform: Annotated[Literal["ranks", "standardised"], Choice(("ranks", "standardised"))] = "ranks",
        n_candidates: Annotated[int, count(10_000), IntRange(64, 1024, log=True)] = 256,
    ) -> None:
        if edge_weight + path_weight == 0:
            raise NasbenchError("GP-BO has edge_weight 0 and path_weight 0; one of them should be above 0.")
        if path_weight > 0 and not problem.space.has_paths:
            raise NasbenchError(f"GP-BO has path_weight {path_weight}; it should be 0 on a space without paths.")
        super().__init__(problem, rng, n_initial_samples, n_candidates)
        self._target = target_transform
        self._limits, self._measured = problem.limits, np.flatnonzero(~problem.limits.is_known)
        models = [
            EncodingGp(self._space, edge_weight, path_weight, self.REFIT_GROWTH) for _ in range(1 + len(self._measured))
        ]
        self._model, self._constraint_models = models[0], models[1:]
        # What was observed: the error, and the excess over each measured limit; the other history has what was told.
        self._observed = History(self._space, len(models))
        self._centre = np.zeros(len(self._measured))
        self._best: float | None = None

    def tell(self, observations: RunObservations) -> None:
        """Store the observations."""
        super().tell(observations)
        columns = observations.objectives
        if len(self._measured):
            values, unpenalised = observations.constraint_values, observations.unpenalised
            if values is None or unpenalised is None:
                raise NasbenchError("GP-BO was told of architectures without the values of the constraints; give them.")
            columns = np.concatenate([unpenalised, self._limits.excess(values)[:, self._measured]], axis=1)
        self._observed.add_new(replace(observations, objectives=columns))

    def update(self) -> None:
        """Condition the processes on what was observed."""
        targets = transform_targets(self._observed.objectives[:, 0], self._target)
        excess = self._observed.objectives[:, 1:]
        self._centre = excess.mean(axis=0)
        for model, values in zip(
            [self._model, *self._constraint_models], [targets, *(excess - self._centre).T], strict=True
        ):
            model.condition(self._observed.architectures, values)
        feasible = (excess <= ROUNDING).all(axis=1)
        self._best = float(targets[feasible].min()) if feasible.any() else None

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return the constrained expected improvement, `(n, d)` to `(n,)`."""
        gain = np.ones(len(architectures))
        if self._best is not None:
            gain = expected_improvement(*self._model.predict(architectures), self._best)
        for model, centre in zip(self._constraint_models, self._centre, strict=True):
            mean, deviation = model.predict(architectures)
            gain = gain * ndtr(-(mean + centre) / np.maximum(deviation, 1e-12))
        return gain


class EncodingGp:
    """A Gaussian process on the encoding of architectures, with hyperparameters by marginal likelihood on a grid.

    Args:
        space: of the architectures.
        edge_weight: weight of the one-hot encoding.
        path_weight: weight of the path encoding.
        refit_growth: factor by which observations grow between two fits of the hyperparameters.

    Attributes:
        rate: inverse squared length scale.
        noise: variance of the noise, relative to the signal's.
    """

    def __init__(
        self, space: Space, edge_weight: float = 1.0, path_weight: float = 0.0, refit_growth: float = 1.3
    ) -> None:
        self.rate, self.noise = RATES[0], NOISES[0]
        self._space, self._weights, self._refit_growth = space, (edge_weight, path_weight), refit_growth
        self._features: Floats = np.empty((0, 0))
        self._factor: Floats = np.empty((0, 0))
        self._targets: Floats = np.empty(0)
        self._variance = 1.0
        self._refit_at = 0

    def condition(self, architectures: Architectures, targets: Floats) -> None:
        """Condition on all observations so far, `(t, d)` and `(t,)`; those of the last call come first, in the same order."""
        known = len(self._factor)
        fresh = encode(self._space, architectures[known:], *self._weights)
        before = self._features.reshape(-1, fresh.shape[1])
        self._features = np.concatenate([before, fresh])
        self._targets = targets
        if len(targets) >= self._refit_at:
            self._refit_at = math.ceil(self._refit_growth * len(targets))
            self._choose_hyperparameters()
        elif len(fresh):
            inner = kernel(fresh, fresh, self.rate) + self.noise * np.eye(len(fresh))
            self._factor = extend(self._factor, kernel(before, fresh, self.rate), inner)
        self._variance = profile_likelihood(self._factor, targets)[1]

    def predict(self, architectures: Architectures) -> tuple[Floats, Floats]:
        """Return the posterior mean and standard deviation of the targets, `(n, d)` to `(n,)` each."""
        cross = kernel(self._features, encode(self._space, architectures, *self._weights), self.rate)
        mean, spread = posterior(self._factor, self._targets, cross, np.ones(len(architectures)))
        return mean, np.sqrt(self._variance * spread)

    def _choose_hyperparameters(self) -> None:
        distance = squared_distance(self._features, self._features)
        best = -np.inf
        for rate in RATES:
            gram = np.exp(-0.5 * rate * distance)
            for noise in NOISES:
                factor = factorise(gram, noise)
                evidence = profile_likelihood(factor, self._targets)[0]
                if evidence > best:
                    best, self._factor, self.rate, self.noise = evidence, factor, rate, noise


def encode(space: Space, architectures: Architectures, edge_weight: float, path_weight: float) -> Floats:
    """Return weighted features `(n, f)`, so that half the squared distance is `edge_weight` times the number of
    differing decisions, plus paths.
    """
    parts = [math.sqrt(edge_weight) * space.encoding(architectures)] if edge_weight > 0 else []
    if path_weight > 0:
        parts.append(math.sqrt(path_weight) * space.paths(architectures))
    return np.concatenate(parts, axis=-1)


def squared_distance(left: Floats, right: Floats) -> Floats:
    """Return squared Euclidean distances, `(n, f)` and `(m, f)` to `(n, m)`."""
    record("squared_distance", len(left) * len(right))
    distance = left @ (-2.0 * right.T)
    distance += np.einsum("nf,nf->n", left, left)[:, None]
    distance += np.einsum("mf,mf->m", right, right)
    return np.maximum(distance, 0.0, out=distance)


def kernel(left: Floats, right: Floats, rate: float) -> Floats:
    """Return the Gaussian kernel `exp(-rate / 2 * squared distance)`, `(n, m)`."""
    exponent = squared_distance(left, right)
    exponent *= -0.5 * rate
    return np.exp(exponent, out=exponent)


def transform_targets(errors: Floats, target_transform: str) -> Floats:
    """Return targets of mean about 0 and deviation about 1: normal scores of mid-ranks, or standardised errors,
    `(t,)`.
    """
    if target_transform == "standardised":
        return (errors - errors.mean()) / max(float(errors.std()), 1e-12)
    return normal_scores(errors)


def expected_improvement(mean: Floats, deviation: Floats, best: float | Floats) -> Floats:
    """Return `E[max(best - f, 0)]` for `f ~ N(mean, deviation^2)` (Jones et al. 1998, equation 15), element by element."""
    safe = np.maximum(deviation, 1e-12)
    z = (best - mean) / safe
    return safe * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


OPTIMIZER = PerRun(GpBo)
