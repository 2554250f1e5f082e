"""The surrogate: a Gaussian process on normal scores of what was measured, its settings by marginal likelihood.

Targets are the normal scores of the ranks, so that the model is invariant to monotone changes of the objective, as rank-based
evolution is. Weights of the kernel's groups and the noise (which the training seeds bring) maximise the marginal likelihood
times a log-normal prior around their defaults; they are fitted again whenever the observations have grown by a third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import strsm

from nasbench.hybrid.kernel import BIGRAMS, COUNTS, DECISIONS, PATHS, RUNG, Embedding, ListedFeatures
from nasbench.search.gaussian_process import extend, factorise, posterior, profile_likelihood, weights, whiten
from nasbench.spaces.space import Floats, Space

GROWTH = 4 / 3
FIRST_FIT = 8


def normal_scores(values: Floats) -> Floats:
    """Normal score of the rank of each value, `(t,)`; equal values share their mean rank."""
    from scipy.special import ndtri

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return ndtri((np.cumsum(counts) - 0.5 * counts) / len(values))[inverse]


def to_values(scores: Floats, known_scores: Floats, known_values: Floats) -> Floats:
    """Back from scores to the units of the objective, a monotone map through what was measured.

    Linear between measured pairs. Below the best it goes on as steeply as from the median to the best; above the worst it is
    constant. With a single value there are no units to go back to, and scores are returned shifted to it.
    """
    known, first = np.unique(known_scores, return_index=True)
    values = known_values[first]
    if values[-1] <= values[0]:
        return scores + values[0]
    middle = max(1, len(known) // 2)
    slope = (values[middle] - values[0]) / (known[middle] - known[0])
    return np.interp(scores, known, values) + slope * np.minimum(scores - known[0], 0.0)


@dataclass(frozen=True)
class Prior:
    """What is believed of the Gaussian process before anything was measured: its features, its kernel, a log-normal for its settings.

    Attributes:
        weights: median of the weight of each group of features, by its name.
        alone: median of the weight of decisions where no paths stand beside them, and all that is known of a space is in them.
        noise: median of the noise.
        spread: standard deviation of their logarithms; 0 keeps the medians.
        rough: whether the kernel beside paths is the Matérn one.
    """

    weights: Mapping[str, float]
    alone: float
    noise: float
    spread: float
    rough: bool

    def embedding(self, space: Space, *, paths: bool = True, canonical: bool = True, rungs: int = 1) -> Embedding:
        """Features and kernel of a space under this prior; see `Embedding` for what is switched."""
        return Embedding(
            space, paths=paths, bigrams=BIGRAMS in self.weights, rough=self.rough, canonical=canonical, rungs=rungs
        )


ONE_OBJECTIVE = Prior(
    {DECISIONS: 0.06, PATHS: 0.24, BIGRAMS: 0.1, COUNTS: 0.25, RUNG: 0.3},
    alone=0.17,
    noise=0.08,
    spread=0.5,
    rough=True,
)
SEVERAL_OBJECTIVES = Prior(
    {DECISIONS: 0.2, PATHS: 0.2, COUNTS: 0.3, RUNG: 0.3}, alone=0.2, noise=0.05, spread=1.0, rough=False
)
"""Defaults. The search for the best looks at the best only, the search for a front at errors of every size; bigrams and the
Matérn kernel are of the first alone."""


@dataclass(frozen=True)
class Hyperparameters:
    """Settings of the Gaussian process.

    Attributes:
        weights: of the kernel's groups, `(G,)`.
        noise: variance of an observation in units of the signal variance.
    """

    weights: Floats
    noise: float

    @classmethod
    def median(cls, prior: Prior, groups: Sequence[str]) -> Hyperparameters:
        """Of groups of features, the median of their prior: where the search for better ones starts."""
        medians = prior.weights if PATHS in groups else {**prior.weights, DECISIONS: prior.alone}
        return cls(np.array([medians[group] for group in groups]), prior.noise)

    def to_vector(self) -> Floats:
        """Logarithms, `(G + 1,)`."""
        return np.log([*self.weights, self.noise])

    @classmethod
    def from_vector(cls, vector: Floats) -> Hyperparameters:
        """Inverse of `to_vector`."""
        return cls(np.exp(vector[:-1]), float(np.exp(vector[-1])))


def fit(
    embedding: Embedding,
    distances: Floats,
    targets: Floats,
    start: Hyperparameters,
    median: Hyperparameters,
    spread: float,
) -> Hyperparameters:
    """Coordinate ascent of log marginal likelihood plus log prior, in steps of a factor of e and then of its root.

    Args:
        embedding: whose kernel it is.
        distances: half the squared distances between observations by group, `(G, t, t)`.
        targets: `(t,)`.
        start: where to start.
        median: of the log-normal prior.
        spread: its standard deviation, in the logarithm.
    """
    centre = median.to_vector()

    def objective(vector: Floats) -> float:
        tried = Hyperparameters.from_vector(vector)
        factor = factorise(embedding.kernel_of_distances(distances, tried.weights), tried.noise)
        deviation = (vector - centre) / spread
        return profile_likelihood(factor, targets)[0] - 0.5 * float(deviation @ deviation)

    here = start.to_vector()
    best = objective(here)
    for step in (1.0, 0.5):
        for coordinate in range(len(here)):
            for move in (step, -step):
                while True:
                    there = here.copy()
                    there[coordinate] += move
                    value = objective(there)
                    if value <= best:
                        break
                    here, best = there, value
    return Hyperparameters.from_vector(here)


class Surrogate:
    """The posterior of one objective, in normal scores (smaller is better).

    Args:
        embedding: features of architectures.
        listing: features of architectures whose posterior is kept up to date, or None where the space is too large to list.
        prior: of the settings.
    """

    def __init__(self, embedding: Embedding, listing: ListedFeatures | None, prior: Prior) -> None:
        self.embedding = embedding
        self.hyperparameters = Hyperparameters.median(prior, embedding.groups)
        self._centre = self.hyperparameters
        self._spread = prior.spread
        self._features = np.empty((0, embedding.slices[-1].stop))
        self._targets = np.empty(0)
        self._factor = np.zeros((0, 0), order="F")
        self._fit_at = float(FIRST_FIT)
        self._listed = 0 if listing is None else len(listing)
        self._white: NDArray[np.float32] = np.empty((0, self._listed), dtype=np.float32)
        self._variance = np.ones(self._listed)
        self._whitened = 0

    def __len__(self) -> int:
        return len(self._features)

    def add(self, features: Floats) -> None:
        """Take the features `(n, F)` of observations; their targets come with the next `update`."""
        self._features = np.concatenate([self._features, features])

    def update(self, targets: Floats, listing: ListedFeatures | None) -> None:
        """Bring the posterior up to date.

        Args:
            targets: of all observations so far, `(t,)`; all may have changed, as ranks do.
            listing: the one of the constructor.
        """
        t = len(self)
        self._targets = targets
        if self._spread > 0 and t >= self._fit_at:
            distances = self.embedding.distances(self._features, self._features)
            self.hyperparameters = fit(
                self.embedding, distances, self._targets, self.hyperparameters, self._centre, self._spread
            )
            self._factor = factorise(
                self.embedding.kernel_of_distances(distances, self.hyperparameters.weights), self.hyperparameters.noise
            )
            self._fit_at = max(t + 1, t * GROWTH)
            self._whitened = 0
            self._variance = np.ones(self._listed)
        elif t > len(self._factor):
            old, new = self._features[: len(self._factor)], self._features[len(self._factor) :]
            within = self._kernel(new, new)
            within[np.diag_indices_from(within)] += self.hyperparameters.noise
            self._factor = extend(self._factor, self._kernel(old, new), within)
        self._half = whiten(self._factor, self._targets)
        if listing is not None:
            self._whiten_listing(listing)

    def _kernel(self, left: Floats, right: Floats) -> Floats:
        return self.embedding.kernel(left, right, self.hyperparameters.weights)

    def _whiten_listing(self, listing: ListedFeatures) -> None:
        """Extend `L^-1 k(X, listing)` by the rows of the observations it lacks."""
        t, done = len(self), self._whitened
        if t > len(self._white):
            grown = np.empty((max(t, 32, 3 * len(self._white) // 2), self._listed), dtype=np.float32)
            grown[:done] = self._white[:done]
            self._white = grown
        cross = self.embedding.kernel(
            self._features[done:], listing.features, self.hyperparameters.weights, listing.squares
        )
        factor = self._factor[done:].astype(np.float32)
        if done:
            cross -= factor[:, :done] @ self._white[:done]
        rows = self._white[done:t]
        rows[:] = cross / factor[0, done] if t - done == 1 else strsm(1.0, factor[:, done:], cross, lower=1)
        self._variance -= np.einsum("tn,tn->n", rows, rows)
        self._whitened = t

    def on_listing(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the listed architectures, each `(n,)`."""
        mean = (self._half.astype(np.float32) @ self._white[: len(self)]).astype(np.float64)
        return mean, np.sqrt(np.maximum(self._variance, 0.0))

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at any features `(m, F)`, each `(m,)`."""
        cross = self._kernel(self._features, features)
        mean, variance = posterior(self._factor, self._targets, cross, np.ones(len(features)))
        return mean, np.sqrt(variance)

    @property
    def expansion(self) -> Floats:
        """Weights of the posterior mean, `m(x) = sum_i weights_i k(x, X_i)`, `(t,)`."""
        return weights(self._factor, self._targets)

    def __getstate__(self) -> dict[str, object]:
        """Everything but the unused rows of the buffer."""
        return {**self.__dict__, "_white": self._white[: self._whitened].copy()}
