"""Multi-objective surrogate: Gaussian-process posteriors of expensive objectives, exact values of cheap ones."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.acquisition import (
    Acquisition,
    ObjectiveScale,
    log_expected_improvement,
    optimistic_hypervolume_improvement,
)
from nasbench.hybrid.enumeration import EnumeratedSpace, enumerate_space
from nasbench.hybrid.exploration import Exploration, decaying_until_stagnation
from nasbench.hybrid.fidelity_ladder import scores_across_rungs
from nasbench.hybrid.gradients import ConditionalGradient, EnumeratedGradient, GradientSource, ProductKernelGradient
from nasbench.hybrid.hyperparameters import Prior
from nasbench.hybrid.kernel import DECISIONS, EnumeratedFeatures, FeatureKernel, enumerated_features
from nasbench.hybrid.model import Model
from nasbench.hybrid.surrogate import REFIT_GROWTH, Surrogate
from nasbench.search.history import History
from nasbench.search.normal_scores import inverse_normal_scores, normal_scores
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Ints, Space

GRADIENT_SAMPLES = 4
"""Draws of theta for a gradient that has no closed form."""


@dataclass(frozen=True)
class Posterior:
    """Mean and standard deviation of `n` architectures in every objective.

    Attributes:
        mean: `(n, M)`, in the coordinates of `MultiObjectiveSurrogate`.
        deviation: standard deviations, `(n, M)`; zero where an objective is exact.
    """

    mean: Floats
    deviation: Floats

    def select(self, positions: Ints | NDArray[np.bool_]) -> Posterior:
        """Return the posterior of some of them, by their positions or a mask."""
        rows = np.flatnonzero(positions) if positions.dtype == bool else positions
        return Posterior(self.mean.take(rows, axis=0), self.deviation.take(rows, axis=0))


class MultiObjectiveSurrogate:
    """Surrogates and exact objectives in one set of coordinates, `M` numbers an architecture, all minimised.

    An expensive objective's coordinate is its normal score, a cheap one's is its value over the range seen so far.

    Args:
        problem: the search problem.
        history: the archive of the run; the surrogate is fitted to it.
        path_features: whether the kernel uses path features.
        canonical: whether isomorphic architectures have equal features.
        rungs: fidelities that observations come from.
        ucb_beta: standard deviations below the mean of the confidence bound, at the start.
        ucb_beta_decay_start: number of observations `t0` after which it decays as `sqrt(t0 / t)`.
        prior: of the hyperparameters of the surrogates.
        score_transform: observed values `(t,)` to the targets of the Gaussian process, increasing.
        exploration: the exploration coefficient, from both and the history, or None for expected improvement.
        acquisition: scores of optimistic vectors.
        refit_growth: factor by which observations grow between two fits.
        kernel: makes the features and the kernel of the space.
        model: makes the surrogate of one objective.

    Attributes:
        models: of the predicted objectives, in their order.
        n_pending: architectures without a result that count as observations.
    """

    def __init__(
        self,
        problem: Problem,
        history: History,
        *,
        path_features: bool,
        canonical: bool,
        rungs: int,
        ucb_beta: float,
        ucb_beta_decay_start: float,
        prior: Prior,
        score_transform: Callable[[Floats], Floats] = normal_scores,
        exploration: Exploration = decaying_until_stagnation,
        acquisition: Acquisition = optimistic_hypervolume_improvement,
        refit_growth: float = REFIT_GROWTH,
        kernel: Callable[..., FeatureKernel] = FeatureKernel,
        model: Callable[..., Model] = Surrogate,
    ) -> None:
        self.history = history
        self._problem = problem
        self._space = problem.space
        self._cheap = np.array(problem.cheap)
        self._ucb_beta = ucb_beta
        self._ucb_beta_decay_start = ucb_beta_decay_start
        self._score_transform = score_transform
        self._exploration = exploration
        self._acquisition = acquisition
        self._kernel = prior.feature_kernel(
            self._space, path_features=path_features, canonical=canonical, rungs=rungs, kernel=kernel
        )
        self.models: list[Model] = [
            model(self._kernel, self._enumerated, prior, refit_growth) for cheap in problem.cheap if not cheap
        ]
        self._facts = problem.facts(self.enumeration.architectures) if self.enumeration else np.empty((0, 0))
        self._fitted = 0
        self.n_pending = 0
        self._with_result: Architectures = history.architectures
        self._incumbent: float | None = None

    @property
    def enumeration(self) -> EnumeratedSpace | None:
        """Return what is scored at every query, where the space is small enough."""
        return enumerate_space(self._space, self.history.merge_isomorphic)

    @property
    def enumerated_features(self) -> NDArray[np.float32] | None:
        """Return the features of the enumerated architectures, `(n, F)`; None where there are too many."""
        return None if self._enumerated is None else self._enumerated.features

    @property
    def _enumerated(self) -> EnumeratedFeatures | None:
        return enumerated_features(self._kernel, self.history.merge_isomorphic)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Return which objectives have a surrogate, `(M,)`; the others are exact."""
        return np.asarray(~self._cheap)

    @property
    def exploration_coefficient(self) -> float | None:
        """Return the number of standard deviations below the mean at which a predicted objective is scored now; None where expected
        improvement is the score.
        """
        observations = len(self.history) + self.n_pending
        # Where nothing improves expected improvement may take over: with one objective, and not from an acquisition value that was injected.
        if len(self._cheap) > 1 or self._acquisition is not optimistic_hypervolume_improvement:
            return self._exploration(self._ucb_beta, self._ucb_beta_decay_start, observations, 0)
        stagnation = len(self.history) - 1 - int(self.history.front().max(initial=-1))
        return self._exploration(self._ucb_beta, self._ucb_beta_decay_start, observations, stagnation)

    def update(self) -> None:
        """Condition on the history."""
        self._append_features()
        history = self.history
        exact = history.objectives[:, self._cheap]
        self._low = exact.min(axis=0)
        self._range = np.maximum(exact.max(axis=0) - self._low, np.finfo(float).eps)
        scores = np.empty_like(history.objectives)
        scores[:, self._cheap] = self._scale_exact(exact)
        for column, surrogate in zip(np.flatnonzero(~self._cheap), self.models, strict=True):
            scores[:, column] = scores_across_rungs(
                history.objectives[:, column], history.rungs, history.classes, self._score_transform
            )
            surrogate.update(scores[:, column], self._enumerated)
        self._scores = scores
        self._at_top = history.rungs == history.rungs.max()
        top = history.objectives[self._at_top]
        self._scale = ObjectiveScale.from_points(np.concatenate([top, self._corners(top)]))
        self._front = self._scale(history.objectives[history.front()])
        if self.enumeration is not None:
            self._enumerated_posterior = self._predict(None)
        self._with_result = history.architectures[self._at_top]
        self._incumbent = None

    @property
    def processes(self) -> list[Surrogate]:
        """Return the Gaussian processes among the models, which are all of them unless others are injected."""
        return [model for model in self.models if isinstance(model, Surrogate)]

    def hallucinating(self) -> MultiObjectiveSurrogate:
        """Return a copy that takes hallucinated results, while this one stays as it is."""
        twin = copy.copy(self)
        twin.models = [model.hallucinating() if isinstance(model, Surrogate) else model for model in self.models]
        return twin

    def hallucinate(
        self, architectures: Architectures, rungs: Ints, result: Callable[[Surrogate, Floats], Floats] | None
    ) -> None:
        """Count architectures as observations, and condition the Gaussian processes on results that they might have.

        Args:
            architectures: `(n, d)`.
            rungs: at which they are trained, `(n,)`.
            result: of a Gaussian process and features `(n, F)`, in normal scores, `(n,)`; None conditions on nothing.
        """
        self.n_pending += len(architectures)
        if result is None:
            return
        features = self.features(architectures, rungs)
        for process in self.processes:
            process.hallucinate(features, result(process, features), self._enumerated)
        if self.enumeration is not None:
            self._enumerated_posterior = self._predict(None)
        self._with_result = np.concatenate([self._with_result, architectures])
        self._incumbent = None

    def features(self, architectures: Architectures, rungs: Ints | None = None) -> Floats:
        """Return features `(n, F)` of architectures `(n, d)` at rungs `(n,)`, the highest if None."""
        if rungs is None:
            return self._kernel.features(architectures)
        rows = [self._kernel.features(a[None], int(rung)) for a, rung in zip(architectures, rungs, strict=True)]
        return np.concatenate(rows)

    def _append_features(self) -> None:
        for row in range(self._fitted, len(self.history)):
            features = self._kernel.features(self.history.architectures[row : row + 1], int(self.history.rungs[row]))
            for surrogate in self.models:
                surrogate.add(features)
        self._fitted = len(self.history)

    def _corners(self, top: Floats) -> Floats:
        """Return two points at the ends of the known range of cheap objectives, as good as the best elsewhere, `(2, M)`."""
        corners = np.repeat(top.min(axis=0)[None], 2, axis=0)
        if len(self._facts):
            corners[:, self._cheap] = self._facts.min(axis=0), self._facts.max(axis=0)
        return corners

    def _scale_exact(self, exact: Floats) -> Floats:
        return (exact - self._low) / self._range

    def _predict(self, architectures: Architectures | None) -> Posterior:
        """Return the posterior of architectures `(n, d)`, or of the enumeration."""
        n = len(self._facts) if architectures is None else len(architectures)
        mean, deviation = np.empty((n, len(self._cheap))), np.zeros((n, len(self._cheap)))
        if self._cheap.any():
            exact = self._facts if architectures is None else self._problem.facts(architectures)
            mean[:, self._cheap] = self._scale_exact(exact)
        features = None if architectures is None else self._kernel.features(architectures)
        for column, surrogate in zip(np.flatnonzero(~self._cheap), self.models, strict=True):
            mean[:, column], deviation[:, column] = (
                surrogate.predict_enumerated() if features is None else surrogate.predict(features)
            )
        return Posterior(mean, deviation)

    def posterior(self, architectures: Architectures) -> Posterior:
        """Return the posterior of feasible architectures `(n, d)`."""
        if self.enumeration is None:
            return self._predict(architectures)
        return self.posterior_enumerated(self.positions(architectures))

    def positions(self, architectures: Architectures) -> Ints:
        """Return the positions of the classes of architectures `(n, d)` in the enumeration, `(n,)`."""
        assert self.enumeration is not None
        return self.enumeration.representative_of[self._space.index(architectures)]

    def posterior_enumerated(self, positions: Ints | NDArray[np.bool_]) -> Posterior:
        """Return the posterior of enumerated architectures, by their positions or a mask."""
        return self._enumerated_posterior.select(positions)

    def acquisition(self, posterior: Posterior) -> Floats:
        """Return the acquisition value of each architecture, `(n,)`; larger is better.

        A predicted objective enters at its lower confidence bound, in normal scores. See `optimistic_hypervolume_improvement` for what
        is exact about it: candidates should not have been evaluated before. Where there is no coefficient for the bound, the value is
        the logarithm of the expected improvement on the least posterior mean of what was evaluated.
        """
        coefficient = self.exploration_coefficient
        if coefficient is None:
            return log_expected_improvement(posterior.mean[:, 0], posterior.deviation[:, 0], self.incumbent)
        optimistic = posterior.mean - coefficient * posterior.deviation
        optimistic[:, self._cheap] = posterior.mean[:, self._cheap] * self._range + self._low
        for column in np.flatnonzero(~self._cheap):
            known = self._scores[self._at_top, column], self.history.objectives[self._at_top, column]
            optimistic[:, column] = inverse_normal_scores(optimistic[:, column], *known)
        return self._acquisition(self._scale(optimistic), self._front)

    @property
    def incumbent(self) -> float:
        """Return the least posterior mean of what has a result at the highest fidelity so far, or is believed to have one."""
        if self._incumbent is None:
            self._incumbent = float(self.posterior(self._with_result).mean[:, 0].min())
        return self._incumbent

    def gradient_source(self, scalarization: Floats, rng: np.random.Generator) -> GradientSource:
        """Return the gradient of the multilinear extension of the posterior mean, weighted over objectives by `(M,)`.

        Exact wherever it can be: from the enumeration, or in closed form where the kernel is a product over decisions and nothing
        else is in the sum; from samples otherwise.
        """
        enumeration = self.enumeration
        if enumeration is not None:
            values = self._enumerated_posterior.mean @ scalarization
            everywhere = values[enumeration.representative_of]
            if not enumeration.is_complete:
                everywhere[enumeration.representative_of < 0] = values.max()
            return EnumeratedGradient(everywhere, self._space.cardinalities)
        identity = not self._kernel.canonical or type(self._space).canonical is Space.canonical
        product = self._kernel.groups == (DECISIONS,) and not self._space.ordered.any()
        surrogate = self.models[0] if len(self.models) == len(self._cheap) == 1 else None
        if product and identity and isinstance(surrogate, Surrogate):
            return ProductKernelGradient(
                surrogate.expansion,
                self.history.architectures[surrogate.rows],
                float(np.exp(-surrogate.hyperparameters.weights[0])),
            )
        return ConditionalGradient(
            lambda a: self._penalise_infeasible(a, scalarization), self._space.cardinalities, GRADIENT_SAMPLES, rng
        )

    def _penalise_infeasible(self, architectures: Architectures, scalarization: Floats) -> Floats:
        """Return the scalarised mean; infeasible combinations are as bad as the worst of the feasible ones given."""
        feasible = self._space.is_feasible(architectures)
        values = np.zeros(len(architectures))
        if feasible.any():
            values[feasible] = self._predict(architectures[feasible]).mean @ scalarization
            values[~feasible] = values[feasible].max()
        return values
