"""Hyperparameters of the surrogate: their log-normal prior and their fit by marginal likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.hybrid.kernel import BIGRAMS, COUNTS, DECISIONS, KNOWN, PATHS, RUNG, FeatureKernel, Kernel
from nasbench.search.gaussian_process import factorise, profile_likelihood
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Floats, Space


@dataclass(frozen=True)
class Prior:
    """The Gaussian process before any observation: its features, its kernel, and a log-normal prior of its hyperparameters.

    Attributes:
        weights: median of the weight of each group of features, by its name.
        decisions_only: median of the weight of decisions where there are no path features.
        noise: median of the noise variance.
        sigma: standard deviation of their logarithms; 0 keeps the medians.
        kernel: with path features.
    """

    weights: Mapping[str, float]
    decisions_only: float
    noise: float
    sigma: float
    kernel: Kernel

    def feature_kernel(
        self,
        space: Space,
        *,
        path_features: bool = True,
        canonical: bool = True,
        rungs: int = 1,
        kernel: Callable[..., FeatureKernel] = FeatureKernel,
    ) -> FeatureKernel:
        """Return features and kernel of a space under this prior, made by `kernel`; see `FeatureKernel` for the switches."""
        return kernel(
            space,
            path_features=path_features,
            bigrams=BIGRAMS in self.weights,
            kernel=self.kernel,
            canonical=canonical,
            rungs=rungs,
        )


ONE_OBJECTIVE = Prior(
    {DECISIONS: 0.06, PATHS: 0.24, BIGRAMS: 0.1, COUNTS: 0.25, RUNG: 0.3, KNOWN: 0.25},
    decisions_only=0.17,
    noise=0.08,
    sigma=0.5,
    kernel="matern52",
)
SEVERAL_OBJECTIVES = Prior(
    {DECISIONS: 0.2, PATHS: 0.2, COUNTS: 0.3, RUNG: 0.3, KNOWN: 0.25},
    decisions_only=0.2,
    noise=0.05,
    sigma=1.0,
    kernel="rbf",
)
"""Defaults. The search for the best architecture looks at the best only, the search for a front at errors of every size; bigrams and
the Matérn kernel help the first alone."""


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of the Gaussian process.

    Attributes:
        weights: of the kernel's groups, `(G,)`.
        noise: variance of an observation in units of the signal variance.
    """

    weights: Floats
    noise: float

    @classmethod
    def median(cls, prior: Prior, groups: Sequence[str]) -> Hyperparameters:
        """Return the median of the prior for groups of features: where the fit starts."""
        medians = prior.weights if PATHS in groups else {**prior.weights, DECISIONS: prior.decisions_only}
        return cls(np.array([medians[group] for group in groups]), prior.noise)

    def to_vector(self) -> Floats:
        """Return the logarithms, `(G + 1,)`."""
        return np.log([*self.weights, self.noise])

    @classmethod
    def from_vector(cls, vector: Floats) -> Hyperparameters:
        """Return the inverse of `to_vector`."""
        return cls(np.exp(vector[:-1]), float(np.exp(vector[-1])))


def fit_hyperparameters(
    kernel: FeatureKernel,
    distances: Floats,
    targets: Floats,
    start: Hyperparameters,
    median: Hyperparameters,
    sigma: float,
) -> Hyperparameters:
    """Return a mode of the posterior: coordinate ascent in steps of a factor of e and then of its root.

    Args:
        kernel: of the features.
        distances: half the squared distances between observations by group, `(G, t, t)`.
        targets: `(t,)`.
        start: where to start.
        median: of the log-normal prior.
        sigma: its standard deviation, in the logarithm.
    """
    record("fit", 0.0)
    centre = median.to_vector()

    def log_posterior(vector: Floats) -> float:
        tried = Hyperparameters.from_vector(vector)
        try:
            factor = factorise(kernel.from_distances(distances, tried.weights), tried.noise)
        except NasbenchError:
            # Repeated inputs with hardly any noise: in floating point that is no covariance.
            return -inf
        deviation = (vector - centre) / sigma
        return profile_likelihood(factor, targets)[0] - 0.5 * float(deviation @ deviation)

    here = start.to_vector()
    best = log_posterior(here)
    for step in (1.0, 0.5):
        for coordinate in range(len(here)):
            for move in (step, -step):
                before = best
                while True:
                    there = here.copy()
                    there[coordinate] += move
                    value = log_posterior(there)
                    if value <= best:
                        break
                    here, best = there, value
                if best > before:
                    # The way back leads to where it came from.
                    break
    return Hyperparameters.from_vector(here)
