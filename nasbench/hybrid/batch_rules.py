"""Batch rules: how candidates are scored while the results of other architectures are pending.

All of them stand on one fit of the surrogate, and end with the batch. Rules of the literature: hallucinated results (`HallucinatedResults`),
draws from the posterior (`ThompsonSampling`), penalties around pending architectures (`LocalPenalization`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.hybrid.candidate_selection import Scorer
from nasbench.hybrid.kernel import Reals
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate, Posterior
from nasbench.hybrid.prior_mean import PriorMeanKernel
from nasbench.hybrid.surrogate import Surrogate
from nasbench.search.gaussian_process import weights
from nasbench.spaces.space import Architectures, Floats, Ints

BatchRuleName = Literal["none", "kriging_believer", "constant_liar", "local_penalization", "thompson_sampling"]

FOURIER_FEATURES = 512
"""Random Fourier features of a prior draw in Thompson sampling."""
SMALLEST_SLOPE = 1e-7
"""Of a posterior mean that is flat, as Lipschitz constant."""


class BatchRule(Scorer, Protocol):
    """Scores candidates while architectures are pending."""

    def add(self, architectures: Architectures, rungs: Ints) -> None:
        """Account for architectures `(n, d)` in training at rungs `(n,)`, which have no result."""
        ...


def make_batch_rule(name: BatchRuleName, surrogate: MultiObjectiveSurrogate, rng: np.random.Generator) -> BatchRule:
    """Return a rule by its name, for a surrogate that was just fitted."""
    if name == "thompson_sampling":
        return ThompsonSampling(surrogate, rng)
    if name == "local_penalization":
        return LocalPenalization(surrogate)
    return HallucinatedResults(surrogate, {"kriging_believer": believe, "constant_liar": lie}.get(name))


def _stationary_processes(surrogate: MultiObjectiveSurrogate) -> list[Surrogate]:
    """Return the models of all predicted objectives.

    Raises:
        NasbenchError: if they are no Gaussian processes, or have a prior mean that is fitted with them.
    """
    processes = surrogate.processes
    if len(processes) < len(surrogate.models) or any(isinstance(one.kernel, PriorMeanKernel) for one in processes):
        raise NasbenchError(
            "Thompson sampling and local penalization need Gaussian processes without a prior mean; choose another batch_rule."
        )
    return processes


def believe(surrogate: Surrogate, features: Floats) -> Floats:
    """Return the posterior mean at features `(n, F)`, `(n,)`: conditioned on it, the mean stays and the variance falls.

    The kriging believer (Ginsbourger, Le Riche and Carraro 2010, section 4.2.1); with a confidence bound this is GP-BUCB
    (Desautels, Krause and Burdick 2014).
    """
    return surrogate.predict(features)[0]


def lie(surrogate: Surrogate, features: Floats) -> Floats:
    """Return the mean of the results so far, `(n,)`: the constant liar (Ginsbourger et al. 2010, section 4.2.2)."""
    return np.full(len(features), surrogate.targets.mean())


class HallucinatedResults:
    """A copy of the surrogate is conditioned on results that pending architectures might have.

    Args:
        surrogate: it stays as it is.
        result: of a surrogate and features `(n, F)`, in normal scores, `(n,)`; None conditions on nothing.
    """

    def __init__(
        self, surrogate: MultiObjectiveSurrogate, result: Callable[[Surrogate, Floats], Floats] | None
    ) -> None:
        self._copy = surrogate.hallucinating()
        self._result = result
        self.posterior = self._copy.posterior
        self.posterior_enumerated = self._copy.posterior_enumerated
        self.acquisition = self._copy.acquisition

    def add(self, architectures: Architectures, rungs: Ints) -> None:
        """Condition the copy."""
        self._copy.hallucinate(architectures, rungs, self._result)


class ThompsonSampling:
    """Every proposal is the best candidate of a function drawn from the posterior (Kandasamy et al. 2018)."""

    def __init__(self, surrogate: MultiObjectiveSurrogate, rng: np.random.Generator) -> None:
        self._surrogate = surrogate
        self._rng = rng
        processes = _stationary_processes(surrogate)
        self._draws = [PosteriorDraw(process, surrogate.enumerated_features, rng) for process in processes]
        self.acquisition = surrogate.acquisition

    def add(self, architectures: Architectures, rungs: Ints) -> None:
        """Draw another function."""
        for draw in self._draws:
            draw.renew(self._rng)

    def posterior(self, architectures: Architectures) -> Posterior:
        """Return the drawn functions at architectures `(n, d)`, without deviation."""
        if self._surrogate.enumeration is not None:
            return self.posterior_enumerated(self._surrogate.positions(architectures))
        features = self._surrogate.features(architectures)
        return self._replace_mean(self._surrogate.posterior(architectures), [draw(features) for draw in self._draws])

    def posterior_enumerated(self, positions: Ints | NDArray[np.bool_]) -> Posterior:
        """Return them at enumerated architectures."""
        drawn = [draw.enumerated[positions] for draw in self._draws]
        return self._replace_mean(self._surrogate.posterior_enumerated(positions), drawn)

    def _replace_mean(self, posterior: Posterior, drawn: list[Floats]) -> Posterior:
        mean = posterior.mean.copy()
        mean[:, self._surrogate.predicted] = np.stack(drawn, axis=1)
        return Posterior(mean, np.zeros_like(mean))


class PosteriorDraw:
    """A function drawn from a posterior: a prior draw by random Fourier features, corrected by the observations.

    Wilson et al. 2020, "Efficiently sampling functions from Gaussian process posteriors", equation 13.

    Args:
        surrogate: of one objective.
        enumerated: features `(n, F)` at which the function is kept, or None.
        rng: random numbers.

    Attributes:
        enumerated: values there, `(n,)`.
    """

    def __init__(self, surrogate: Surrogate, enumerated: Reals | None, rng: np.random.Generator) -> None:
        kernel = surrogate.kernel
        scale = np.sqrt(surrogate.hyperparameters.weights)[kernel.column_groups]
        self._frequencies = rng.standard_normal((len(scale), FOURIER_FEATURES)) * scale[:, None]
        if kernel.is_matern52:
            # Its spectral density is Student's t with twice the smoothness as degrees of freedom.
            self._frequencies *= np.sqrt(5.0 / rng.chisquare(5.0, FOURIER_FEATURES))
        self._phases = rng.uniform(0.0, 2 * np.pi, FOURIER_FEATURES)
        self._surrogate = surrogate
        self._at_observations = self._basis(surrogate.features)
        self._at_enumerated = None if enumerated is None else self._basis(enumerated)
        self.enumerated = np.empty(0)
        self.renew(rng)

    def renew(self, rng: np.random.Generator) -> None:
        """Draw another function with the same frequencies."""
        surrogate = self._surrogate
        self._amplitudes = rng.standard_normal(FOURIER_FEATURES) * np.sqrt(2.0 / FOURIER_FEATURES)
        noise = rng.standard_normal(len(surrogate)) * np.sqrt(surrogate.hyperparameters.noise)
        residuals = surrogate.targets - self._at_observations @ self._amplitudes - noise
        self._weights = weights(surrogate.factor, residuals)
        if self._at_enumerated is not None:
            self.enumerated = self._at_enumerated @ self._amplitudes + surrogate.mean_enumerated(residuals)

    def _basis(self, features: Reals) -> Floats:
        return np.asarray(np.cos(features @ self._frequencies + self._phases))

    def __call__(self, features: Floats) -> Floats:
        """Return the function at features `(n, F)`, `(n,)`."""
        return self._basis(features) @ self._amplitudes + self._weights @ self._surrogate.covariance(features)


class LocalPenalization:
    """The acquisition value is multiplied by the probability that no pending architecture excludes a candidate (Gonzalez et al. 2016).

    A pending architecture excludes the ball around it in which the minimum cannot lie, by the Lipschitz constant of the objective; that
    is the largest slope of the posterior mean between two observations, in distances of the kernel. The acquisition value is the lower
    confidence bound's, made positive by a softplus (section 3 of the paper), or the expected improvement, which is positive.

    Raises:
        NasbenchError: if there are several objectives, or no predicted one.
    """

    def __init__(self, surrogate: MultiObjectiveSurrogate) -> None:
        if surrogate.predicted.tolist() != [True]:
            raise NasbenchError(
                "The batch rule local_penalization is for one objective that is predicted; choose another batch_rule."
            )
        self._surrogate = surrogate.hallucinating()
        self._model = model = _stationary_processes(surrogate)[0]
        mean, distance = model.predict(model.features)[0], self._distances(model.features, model.features)
        apart = distance > 0
        slopes = np.abs(mean[:, None] - mean)[apart] / distance[apart]
        self._lipschitz = float(slopes.max(initial=SMALLEST_SLOPE))
        self._least = float(model.targets.min())
        self._pending = model.features[:0]
        enumerated = surrogate.enumerated_features
        self._log_penalty = np.zeros(0 if enumerated is None else len(enumerated))

    def add(self, architectures: Architectures, rungs: Ints) -> None:
        """Penalise what is near architectures."""
        self._surrogate.hallucinate(architectures, rungs, None)
        features = self._surrogate.features(architectures, rungs)
        self._pending = np.concatenate([self._pending, features])
        if self._surrogate.enumerated_features is not None:
            self._log_penalty += self._penalise(self._surrogate.enumerated_features, features)

    def posterior(self, architectures: Architectures) -> Posterior:
        """Return the posterior, with the logarithm of the penalty as a second column of the mean."""
        if self._surrogate.enumeration is not None:
            return self.posterior_enumerated(self._surrogate.positions(architectures))
        log_penalty = self._penalise(self._surrogate.features(architectures), self._pending)
        return self._append(self._surrogate.posterior(architectures), log_penalty)

    def posterior_enumerated(self, positions: Ints | NDArray[np.bool_]) -> Posterior:
        """Return the same of enumerated architectures."""
        return self._append(self._surrogate.posterior_enumerated(positions), self._log_penalty[positions])

    def acquisition(self, posterior: Posterior) -> Floats:
        """Return the logarithm of the penalised acquisition value, `(n,)`."""
        coefficient = self._surrogate.exploration_coefficient
        if coefficient is None:
            return self._surrogate.acquisition(posterior) + posterior.mean[:, 1]
        bound = posterior.mean[:, 0] - coefficient * posterior.deviation[:, 0]
        return np.log(np.logaddexp(0.0, -bound)) + posterior.mean[:, 1]

    @staticmethod
    def _append(posterior: Posterior, log_penalty: Floats) -> Posterior:
        return Posterior(np.column_stack([posterior.mean, log_penalty]), posterior.deviation)

    def _penalise(self, features: Reals, pending: Floats) -> Floats:
        """Return the logarithm of the penalty of pending architectures `(P, F)` at features `(n, F)`, `(n,)`."""
        from scipy.special import log_ndtr

        if not len(pending):
            return np.zeros(len(features))
        mean, deviation = self._model.predict(pending)
        radius = self._lipschitz * self._distances(features, pending)
        return np.asarray(log_ndtr((radius - (mean - self._least)) / np.maximum(deviation, 1e-9)).sum(axis=1))

    def _distances(self, left: Reals, right: Floats) -> Floats:
        halves = self._model.kernel.distances(left.astype(np.float64), right.astype(np.float64))
        return np.sqrt(np.maximum(2 * np.tensordot(self._model.hyperparameters.weights, halves, axes=1), 0.0))
