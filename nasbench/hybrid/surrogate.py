"""The surrogate: a Gaussian process on normal scores of an objective, with hyperparameters by marginal likelihood.

Targets are the normal scores of the ranks, so that the model is invariant to monotone changes of the objective, as rank-based
evolution is. Weights of the kernel's groups and the noise (which the training seeds bring) maximise the marginal likelihood
times a log-normal prior around their defaults; they are fitted again whenever the observations have grown by a third.

From `MAX_OBSERVATIONS` observations on, each fit keeps that many of them (`select_subset`), and what is observed until the next fit is
added. So the process never has more than 4/3 `MAX_OBSERVATIONS`, and time and memory, cubic and quadratic in the number of queries
before, are linear in it from there.
"""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import strsm

from nasbench.hybrid.hyperparameters import Hyperparameters, Prior, fit_hyperparameters
from nasbench.hybrid.kernel import EnumeratedFeatures, FeatureKernel
from nasbench.hybrid.subset_of_data import select_subset
from nasbench.search.gaussian_process import diagonal_of, extend, factorise, weights, whiten
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats, Ints

REFIT_GROWTH = 4 / 3
"""Hyperparameters are fitted again when there are this many times the observations of the last fit."""
FIRST_FIT = 8
"""Observations of the first fit."""
MAX_OBSERVATIONS = 600
"""Observations that a fit keeps."""


class Surrogate:
    """The posterior of one objective, in normal scores (smaller is better).

    Args:
        kernel: features of architectures, and their kernel.
        enumerated: features of the architectures whose posterior is kept up to date, or None where the space is too large.
        prior: of the hyperparameters.
        refit_growth: factor by which observations grow between two fits.
        max_observations: observations that a fit keeps.

    Attributes:
        kernel: of the constructor.
        hyperparameters: of the last fit.
        rows: observations that the posterior is conditioned on, ascending, `(n,)`; all of them while they are few.
    """

    def __init__(
        self,
        kernel: FeatureKernel,
        enumerated: EnumeratedFeatures | None,
        prior: Prior,
        refit_growth: float = REFIT_GROWTH,
        max_observations: int = MAX_OBSERVATIONS,
    ) -> None:
        self.kernel = kernel
        self.hyperparameters = Hyperparameters.median(prior, kernel.groups)
        self._centre = self.hyperparameters
        self._sigma = prior.sigma
        self._refit_growth = refit_growth
        self._max_observations = max_observations
        self._features = np.empty((0, kernel.slices[-1].stop))
        self._observed = 0
        self.rows: Ints = np.empty(0, dtype=np.int64)
        self._targets = np.empty(0)
        self._factor = np.zeros((0, 0), order="F")
        self._fit_at = float(FIRST_FIT if prior.sigma > 0 else refit_growth * max_observations)
        self._enumerated = 0 if enumerated is None else len(enumerated)
        self._white: NDArray[np.float32] = np.empty((0, self._enumerated), dtype=np.float32)
        self._variance = np.empty(0)
        self._whitened = 0

    def __len__(self) -> int:
        """Return the number of observations that the posterior is conditioned on."""
        return len(self._features)

    def add(self, features: Floats) -> None:
        """Append the features `(n, F)` of observations; their targets come with the next `update`."""
        self._features = np.concatenate([self._features, features])
        self.rows = np.concatenate([self.rows, np.arange(self._observed, self._observed + len(features))])
        self._observed += len(features)

    def update(self, targets: Floats, enumerated: EnumeratedFeatures | None) -> None:
        """Condition the posterior on all observations, or a subset.

        Args:
            targets: of all observations so far, `(t,)`; all may have changed, as ranks do.
            enumerated: the one of the constructor.
        """
        if len(self) >= self._fit_at:
            self._fit(targets)
        self._targets = targets[self.rows]
        self._condition(enumerated)

    def hallucinating(self) -> Surrogate:
        """Return a copy that takes hallucinated results, while this one stays as it is."""
        twin = copy.copy(self)
        twin._variance = self._variance.copy()
        return twin

    def hallucinate(self, features: Floats, results: Floats, enumerated: EnumeratedFeatures | None) -> None:
        """Condition the posterior on results `(n,)` at features `(n, F)`, with the hyperparameters that it has."""
        self.add(features)
        self._targets = np.concatenate([self._targets, results])
        self._condition(enumerated)

    def _condition(self, enumerated: EnumeratedFeatures | None) -> None:
        if len(self) > len(self._factor):
            old, new = self._features[: len(self._factor)], self._features[len(self._factor) :]
            within = self._kernel(new, new)
            diagonal_of(within)[:] += self.hyperparameters.noise
            self._factor = extend(self._factor, self._kernel(old, new), within)
        self._half = whiten(self._factor, self._targets)
        if enumerated is not None:
            self._whiten_enumerated(enumerated)

    def _fit(self, targets: Floats) -> None:
        """Choose the observations where there are too many, the hyperparameters where they have a prior, and factorise from scratch."""
        if len(self) > self._max_observations:
            kept = select_subset(targets[self.rows], self._max_observations)
            self.rows, self._features = self.rows[kept], self._features[kept]
        distances = self.kernel.distances(self._features, self._features)
        if self._sigma > 0:
            self.hyperparameters = fit_hyperparameters(
                self.kernel, distances, targets[self.rows], self.hyperparameters, self._centre, self._sigma
            )
        self._factor = factorise(
            self.kernel.from_distances(distances, self.hyperparameters.weights), self.hyperparameters.noise
        )
        self._fit_at = max(len(self) + 1, len(self) * self._refit_growth)
        self._whitened = 0

    def _kernel(self, left: Floats, right: Floats) -> Floats:
        return self.kernel(left, right, self.hyperparameters.weights)

    def _whiten_enumerated(self, enumerated: EnumeratedFeatures) -> None:
        """Extend `L^-1 k(X, enumerated)` by the rows of the observations that it lacks."""
        t, done = len(self), self._whitened
        record("whiten_enumerated", t * (t - done) * len(enumerated))
        if not done:
            self._variance = self.kernel.variance(enumerated.features, self.hyperparameters.weights)
            self._half_norms = self.kernel.half_norms(enumerated.features, self.hyperparameters.weights)
        if t > len(self._white):
            grown = np.empty((max(t, 32, 3 * len(self._white) // 2), self._enumerated), dtype=np.float32)
            grown[:done] = self._white[:done]
            self._white = grown
        cross = self.kernel(self._features[done:], enumerated.features, self.hyperparameters.weights, self._half_norms)
        factor = self._factor[done:].astype(np.float32)
        if done:
            cross -= factor[:, :done] @ self._white[:done]
        rows = self._white[done:t]
        rows[:] = cross / factor[0, done] if t - done == 1 else strsm(1.0, factor[:, done:], cross, lower=1)
        self._variance -= np.einsum("tn,tn->n", rows, rows)
        self._whitened = t

    def predict_enumerated(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at the enumerated architectures, each `(n,)`."""
        return self._mean_enumerated(self._half), np.sqrt(np.maximum(self._variance, 0.0))

    def mean_enumerated(self, targets: Floats) -> Floats:
        """Return what the mean there would be with other targets `(t,)`, `(n,)`."""
        return self._mean_enumerated(whiten(self._factor, targets))

    def _mean_enumerated(self, half: Floats) -> Floats:
        return (half.astype(np.float32) @ self._white[: len(self)]).astype(np.float64)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at any features `(m, F)`, each `(m,)`."""
        white = whiten(self._factor, self._kernel(self._features, features))
        variance = self.kernel.variance(features, self.hyperparameters.weights) - np.einsum("tm,tm->m", white, white)
        return self._half @ white, np.sqrt(np.maximum(variance, 0.0))

    def predict_mean(self, features: Floats) -> Floats:
        """Return the mean alone, in linear time: `(m, F)` to `(m,)`."""
        return self.expansion @ self._kernel(self._features, features)

    @property
    def features(self) -> Floats:
        """Return the features of the observations, `(t, F)`."""
        return self._features

    @property
    def targets(self) -> Floats:
        """Return the normal scores of the observations, `(t,)`."""
        return self._targets

    @property
    def factor(self) -> Floats:
        """Return the Cholesky factor of their covariance, `(t, t)`."""
        return self._factor

    def covariance(self, features: Floats) -> Floats:
        """Return the prior covariance of the observations and any features `(m, F)`, `(t, m)`."""
        return self._kernel(self._features, features)

    @property
    def expansion(self) -> Floats:
        """Return the weights of the posterior mean, `m(x) = sum_i weights_i k(x, X_i)` over `rows`, `(n,)`."""
        return weights(self._factor, self._targets)

    def __getstate__(self) -> dict[str, object]:
        """Return everything but the unused rows of the buffer."""
        return {**self.__dict__, "_white": self._white[: self._whitened].copy()}
