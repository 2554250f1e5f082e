"""What the hybrid believes of every objective: surrogates of the expensive ones, the cheap ones exactly."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.acquisition import Scale, optimistic_improvement
from nasbench.hybrid.enumeration import Listing, listing_of
from nasbench.hybrid.gradients import ConditionalGradient, GradientSource, ListedGradient, ProductKernelGradient
from nasbench.hybrid.kernel import DECISIONS, ListedFeatures, listed_features
from nasbench.hybrid.progressive import ladder_scores
from nasbench.hybrid.surrogate import Prior, Surrogate, to_values
from nasbench.search.archive import nondominated
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Ints, Space

GRADIENT_SAMPLES = 4


@dataclass(frozen=True)
class Belief:
    """What is believed of `n` architectures.

    Attributes:
        mean: `(n, M)`, in the coordinates of `Model`.
        deviation: standard deviations, `(n, M)`; zero where an objective is exact.
    """

    mean: Floats
    deviation: Floats

    def at(self, positions: Ints | NDArray[np.bool_]) -> Belief:
        """The same of some of them, by their positions or a mask."""
        return Belief(self.mean[positions], self.deviation[positions])


class Model:
    """Surrogates and exact objectives in one set of coordinates, `M` numbers an architecture, all minimised.

    An expensive objective's coordinate is its normal score, a cheap one's is its value over the range seen so far.

    Args:
        problem: the benchmark.
        paths: whether the kernel uses path features.
        canonical: whether architectures of equal function have equal features.
        merged: whether the listing has one architecture of each function.
        rungs: fidelities that observations come from.
        beta: standard deviations of optimism at the start.
        cooling: observations after which optimism falls, as one over the square root of their number.
        prior: of the settings of the surrogates.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        paths: bool,
        canonical: bool,
        merged: bool,
        rungs: int,
        beta: float,
        cooling: float,
        prior: Prior,
    ) -> None:
        self._problem = problem
        self._space = problem.space
        self._cheap = np.array(problem.cheap)
        self._beta = beta
        self._cooling = cooling
        self._merged = merged
        self._embedding = prior.embedding(self._space, paths=paths, canonical=canonical, rungs=rungs)
        self._surrogates = [
            Surrogate(self._embedding, self._listed_features, prior) for cheap in problem.cheap if not cheap
        ]
        self._facts = problem.facts(self.listing.architectures) if self.listing is not None else np.empty((0, 0))
        self._architectures: Architectures = np.empty((0, self._space.d), dtype=np.int8)
        self._objectives = np.empty((0, len(problem.cheap)))
        self._rung = np.empty(0, dtype=np.int64)
        self._function = np.empty(0, dtype=np.int64)

    @property
    def listing(self) -> Listing | None:
        """What is scored at every query, where the space is small enough."""
        return listing_of(self._space, self._merged)

    @property
    def _listed_features(self) -> ListedFeatures | None:
        return listed_features(self._embedding, self._merged)

    def __len__(self) -> int:
        return len(self._rung)

    @property
    def optimism(self) -> float:
        """Standard deviations below the mean at which a predicted objective is judged now.

        That of Srinivas et al. 2010 grows, which their bound on cumulative regret needs; ours never does, and has no such bound.
        """
        return self._beta * min(1.0, sqrt(self._cooling / max(1, len(self))))

    def add(self, architecture: Architectures, objectives: Floats, rung: int, function: int) -> None:
        """Take one observation: `(d,)`, `(M,)`, its rung and the number of its function."""
        for surrogate in self._surrogates:
            surrogate.add(self._embedding(architecture[None], rung))
        self._architectures = np.concatenate([self._architectures, architecture[None]])
        self._objectives = np.concatenate([self._objectives, objectives[None]])
        self._rung = np.append(self._rung, rung)
        self._function = np.append(self._function, function)

    def update(self) -> None:
        """Bring everything up to date with the observations."""
        exact = self._objectives[:, self._cheap]
        self._low = exact.min(axis=0)
        self._range = np.maximum(exact.max(axis=0) - self._low, np.finfo(float).eps)
        seen = np.empty_like(self._objectives)
        seen[:, self._cheap] = self._scaled(exact)
        for column, surrogate in zip(np.flatnonzero(~self._cheap), self._surrogates, strict=True):
            seen[:, column] = ladder_scores(self._objectives[:, column], self._rung, self._function)
            surrogate.update(seen[:, column], self._listed_features)
        self._scores = seen
        self._at_top = self._rung == self._rung.max()
        top = self._objectives[self._at_top]
        front = top[nondominated(top)]
        self._scale = Scale.of(np.concatenate([top, self._corners(top)]))
        self._front = self._scale(front)
        if self.listing is not None:
            self._belief = self._believed(None)

    def _corners(self, top: Floats) -> Floats:
        """Two points at the ends of what the cheap objectives are known to reach, as good as the best elsewhere, `(2, M)`."""
        corners = np.repeat(top.min(axis=0)[None], 2, axis=0)
        if len(self._facts):
            corners[:, self._cheap] = self._facts.min(axis=0), self._facts.max(axis=0)
        return corners

    def _scaled(self, exact: Floats) -> Floats:
        return (exact - self._low) / self._range

    def _believed(self, architectures: Architectures | None) -> Belief:
        """Of architectures `(n, d)`, or of the listing."""
        n = len(self._facts) if architectures is None else len(architectures)
        mean, deviation = np.empty((n, len(self._cheap))), np.zeros((n, len(self._cheap)))
        if self._cheap.any():
            exact = self._facts if architectures is None else self._problem.facts(architectures)
            mean[:, self._cheap] = self._scaled(exact)
        features = None if architectures is None else self._embedding(architectures)
        for column, surrogate in zip(np.flatnonzero(~self._cheap), self._surrogates, strict=True):
            mean[:, column], deviation[:, column] = (
                surrogate.on_listing() if features is None else surrogate.predict(features)
            )
        return Belief(mean, deviation)

    def believed(self, architectures: Architectures) -> Belief:
        """What is believed of feasible architectures `(n, d)`."""
        if self.listing is None:
            return self._believed(architectures)
        return self.believed_listed(self.listing.member[self._space.index(architectures)])

    def believed_listed(self, positions: Ints | NDArray[np.bool_]) -> Belief:
        """The same of listed architectures, by their positions or a mask."""
        return self._belief.at(positions)

    def acquisition(self, belief: Belief) -> Floats:
        """How much each architecture is worth measuring, `(n,)`.

        A predicted objective enters at its lower confidence bound, in normal scores. See `optimistic_improvement` for what is exact
        about it: candidates should not have been measured before.
        """
        optimistic = belief.mean - self.optimism * belief.deviation
        optimistic[:, self._cheap] = belief.mean[:, self._cheap] * self._range + self._low
        for column in np.flatnonzero(~self._cheap):
            known = self._scores[self._at_top, column], self._objectives[self._at_top, column]
            optimistic[:, column] = to_values(optimistic[:, column], *known)
        return optimistic_improvement(self._scale(optimistic), self._front)

    def gradient_source(self, scalarisation: Floats, rng: np.random.Generator) -> GradientSource:
        """Gradient of the multilinear extension of the believed mean, weighted over objectives by `scalarisation` `(M,)`.

        Exact wherever it can be: from the listing, or in closed form where the kernel is a product over decisions and nothing
        else is in the sum; from samples otherwise.
        """
        listed = self.listing
        if listed is not None:
            values = self._belief.mean @ scalarisation
            everywhere = values[listed.member]
            if not listed.is_complete:
                everywhere[listed.member < 0] = values.max()
            return ListedGradient(everywhere, self._space.cardinalities)
        identity = not self._embedding.canonical or type(self._space).canonical is Space.canonical
        product = self._embedding.groups == (DECISIONS,) and not self._space.ordered.any()
        if product and len(self._cheap) == 1 and self._surrogates and identity:
            surrogate = self._surrogates[0]
            return ProductKernelGradient(
                surrogate.expansion, self._architectures, float(np.exp(-surrogate.hyperparameters.weights[0]))
            )
        return ConditionalGradient(
            lambda a: self._penalised(a, scalarisation), self._space.cardinalities, GRADIENT_SAMPLES, rng
        )

    def _penalised(self, architectures: Architectures, scalarisation: Floats) -> Floats:
        """Scalarised mean; infeasible combinations are as bad as the worst of the feasible ones asked for."""
        feasible = self._space.is_feasible(architectures)
        values = np.zeros(len(architectures))
        if feasible.any():
            values[feasible] = self._believed(architectures[feasible]).mean @ scalarisation
            values[~feasible] = values[feasible].max()
        return values
