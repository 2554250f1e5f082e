"""The hybrid: evolution, exponentiated gradients and a Gaussian process over one archive, each query shared out by a scheduler.

At every query a scheduler picks who proposes: the surrogate (best acquisition value of everything that can be scored),
evolution (children of the best measured architectures) or the relaxation (draws from a product distribution that follows the
gradient of the surrogate's multilinear extension). Where the surrogate is on it picks from whatever a proposer brings. With a
fixed probability the query is uniform instead: with probability `u` a query, `N` architectures and `K` of them in a target, the
target is missed for `t` queries after the start with a probability of at most `(1 - u K / N)^t`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Annotated, ClassVar

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.hybrid.candidate_selection import Selection
from nasbench.hybrid.enumeration import listing_of
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.gradients import ScoreFunctionGradient
from nasbench.hybrid.multi_objective_surrogate import Model
from nasbench.hybrid.progressive import Support
from nasbench.hybrid.relaxation import Relaxation
from nasbench.hybrid.scheduler import Scheduler
from nasbench.hybrid.surrogate import ONE_OBJECTIVE, SEVERAL_OBJECTIVES
from nasbench.ranges import Probability, Range, between, count
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.space import Architectures, Floats, Ints

SURROGATE, EVOLUTION, RELAXATION, UNIFORM = "surrogate", "evolution", "relaxation", "uniform"
ON_POLICY = 10
"""Draws of the relaxation that its score function averages over."""
COOLED, STEADY, SEVERAL = 4.0, 3.0, 1.5
"""Default `beta` with one objective, where optimism falls and where it does not, and with several."""
COOLING = 14.0
"""Default `cooling` where optimism falls: tuned, as `beta`, on ImageNet16-120 of NAS-Bench-201 and copies of it with its errors perturbed."""
COOLINGS = Range("a positive number, or inf for never", below=1e9, positive=True, endless=True)
PATIENCE, CHANCE = 20, 0.01
"""Of the shrinking support: queries without improvement before a choice comes back, and the chance below which one is dropped."""


class Hybrid:
    """Evolution, exponentiated gradients and a Gaussian process on one archive (ours).

    Args:
        problem: the benchmark.
        rng: random numbers of the run.
        initial: uniform architectures at the start, all different.
        exploration: probability that a later query is uniform.
        surrogate: whether there is a Gaussian process.
        gradient: whether there is a relaxation; without a surrogate it follows the score function.
        evolution: whether there is evolution.
        paths: whether the kernel uses paths, bigrams of operations and counts of choices, where the space has paths.
        canonical: whether architectures of equal function are one to the surrogate, and measured once (unless cheap objectives tell
            them apart).
        progressive: whether the support shrinks, and new architectures start at the lowest fidelity.
        beta: standard deviations of optimism of the surrogate at the start; None is 1.5 with several objectives, with one 4 where
            it falls and 3 where it does not.
        cooling: observations after which that optimism falls, as one over the square root of their number: early queries explore,
            late ones go through what is believed best. None is 14 with one objective in a space that is small enough to list, and
            never elsewhere: a front, or a space of which a search sees little, stays worth exploring.
        spread: of the log-normal prior of the kernel's settings; 0 keeps their medians, None is 0.5 with one objective and 1 with
            several.
        rough: whether the kernel beside paths is the Matérn one and not the Gaussian; None is yes with one objective, no with several.
        brood: candidates that evolution and the relaxation bring to a query.
        climb: steps of ascent by which the surrogate improves on its pool where the space cannot be listed.
        share: of the surrogate among proposers at the start.
        floor: smallest share of a proposer.
        pursuit: rate at which shares follow what proposers earn.
        population: survivors that evolution keeps.
        crossover: probability of two parents.
        guidance: probability that a mutation draws from the relaxation.
        rate: step of the exponentiated gradient, for a gradient scaled to a largest deviation of one.
        theta_floor: share of the uniform distribution in the relaxation.
        directions: scalarisations that the relaxation follows where there are several objectives.
    """

    TUNABLE: ClassVar[Mapping[str, tuple]] = {
        "initial": ("log-integer", 2, 16),
        "beta": ("real", 1.0, 5.0),
        "cooling": ("log-real", 5.0, 100.0),
        "spread": ("real", 0.2, 2.0),
        "share": ("real", 0.5, 0.95),
        "pursuit": ("real", 0.0, 0.2),
        "rate": ("log-real", 0.1, 4.0),
    }

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        initial: Annotated[int, count(10_000, least=2)] = 4,
        exploration: Probability = 0.01,
        surrogate: bool = True,
        gradient: bool = True,
        evolution: bool = True,
        paths: bool = True,
        canonical: bool = True,
        progressive: bool = False,
        beta: Annotated[float, between(0, 1_000)] | None = None,
        cooling: Annotated[float, COOLINGS] | None = None,
        spread: Annotated[float, between(0, 10)] | None = None,
        rough: bool | None = None,
        brood: Annotated[int, count(10_000)] = 64,
        climb: Annotated[int, count(1_000, least=0)] = 3,
        share: Probability = 0.8,
        floor: Probability = 0.05,
        pursuit: Probability = 0.05,
        population: Annotated[int, count(10_000, least=2)] = 20,
        crossover: Probability = 0.3,
        guidance: Probability = 0.5,
        rate: Annotated[float, between(0, 1_000)] = 0.5,
        theta_floor: Probability = 0.1,
        directions: Annotated[int, count(1_000)] = 8,
    ) -> None:
        if not (surrogate or gradient or evolution):
            raise NasbenchError(
                "The hybrid has every part switched off; leave one of surrogate, gradient, evolution on."
            )
        if share == 0 and surrogate and not (gradient or evolution):
            raise NasbenchError("The hybrid's surrogate is alone and its share is 0; it should be above 0.")
        self._space = problem.space
        self._epochs = problem.epochs
        self._initial = initial
        self._exploration = exploration
        self._brood = brood
        self._evolves = evolution
        self._progressive = progressive
        rungs = len(problem.epochs) if progressive else 1
        # Architectures of equal function may differ in what is known of them without training.
        merged = canonical and not any(problem.cheap)
        self._rng, evolving, scheduling, self._relaxing = rng.spawn(4)
        existing = support(self._space.cardinalities)
        self._scalarisations = _scalarisations(len(problem.objectives), directions, self._relaxing)
        several = len(problem.objectives) > 1
        if cooling is None:
            cooling = inf if several or listing_of(self._space, merged) is None else COOLING
        if beta is None:
            beta = SEVERAL if several else STEADY if cooling == inf else COOLED
        prior = SEVERAL_OBJECTIVES if several else ONE_OBJECTIVE
        prior = replace(
            prior,
            spread=prior.spread if spread is None else spread,
            rough=prior.rough if rough is None else rough,
        )
        self._model = (
            Model(
                problem,
                paths=paths,
                canonical=canonical,
                merged=merged,
                rungs=rungs,
                beta=beta,
                cooling=cooling,
                prior=prior,
            )
            if surrogate
            else None
        )
        self._relaxation = (
            Relaxation(existing, len(self._scalarisations), rate=rate, floor=theta_floor) if gradient else None
        )
        self._evolution = Evolution(
            self._space.cardinalities, evolving, population=population, crossover=crossover, guidance=guidance
        )
        rest = (1 - share) / max(1, gradient + evolution) if surrogate else 1.0
        parts = ((SURROGATE, surrogate, share), (EVOLUTION, evolution, rest), (RELAXATION, gradient, rest))
        self._scheduler = Scheduler({n: s for n, on, s in parts if on}, scheduling, floor=floor, rate=pursuit)
        self._support = Support(existing, patience=PATIENCE, least=2 * theta_floor / existing.shape[1], chance=CHANCE)
        self._selection = Selection(
            self._space, merged=merged, model=self._model, support=self._support, rungs=rungs, climb=climb
        )
        self._told = 0
        self._proposer = UNIFORM
        self._drawn: list[tuple[Architectures, float]] = []

    @property
    def proposer(self) -> str:
        """The part that proposed the architecture asked last: surrogate, evolution, relaxation or uniform."""
        return self._proposer

    # ---- asking ------------------------------------------------------------------------------------------------------

    def ask(self) -> Architectures | tuple[Architectures, Ints]:
        """Propose one architecture, `(1, d)`, with its epochs where the ladder chooses; none when all have been measured."""
        architecture = self._propose()
        if architecture is None:
            return np.empty((0, self._space.d), dtype=np.int8)
        if not self._progressive or len(self._epochs) == 1:
            return architecture[None]
        return architecture[None], np.array([self._epochs[self._selection.rung(architecture)]])

    def _propose(self) -> Architectures | None:
        self._proposer = UNIFORM
        if self._told >= self._initial and self._rng.random() >= self._exploration:
            copy = self._told % len(self._scalarisations)
            if self._model is not None:
                self._model.update()
            if self._relaxation is not None:
                self._follow(self._relaxation, copy)
            proposer = self._scheduler.pick()
            chosen = self._proposed_by(proposer, copy)
            if chosen is not None:
                self._proposer = proposer
                return chosen
        return self._selection.uniform(self._rng)

    def _follow(self, relaxation: Relaxation, copy: int) -> None:
        """Move the relaxation down the gradient; where the search is progressive, drop what it has given up."""
        if self._model is not None:
            scalarisation = self._scalarisations[copy]
            relaxation.follow(self._model.gradient_source(scalarisation, self._relaxing), copy)
            if self._progressive and self._model.listing is not None:
                candidates = self._model.listing.architectures
                belief = self._model.believed(candidates)
                spread = np.sqrt(belief.deviation**2 @ scalarisation**2)
                if self._support.shrink(relaxation.theta[copy], belief.mean @ scalarisation, spread, candidates):
                    relaxation.restrict(self._support.allowed)
        elif self._drawn:
            architectures, scores = map(np.array, zip(*self._drawn[-ON_POLICY:], strict=True))
            relaxation.follow(ScoreFunctionGradient(architectures, scores, baseline=float(scores.mean())), copy)

    def _proposed_by(self, proposer: str, copy: int) -> Architectures | None:
        if proposer == EVOLUTION:
            return self._selection.best(self._offspring(copy))
        if proposer == RELAXATION:
            assert self._relaxation is not None
            return self._selection.best(self._relaxation.propose(self._brood, copy, self._relaxing))
        if self._selection.listing is not None:
            return self._selection.best_listed()
        # In a space that cannot be listed, the surrogate looks at something of every part, and climbs from there.
        pool = [self._space.sample(self._rng.random((self._brood, self._space.d)))]
        if self._relaxation is not None:
            pool.append(self._relaxation.propose(self._brood, copy, self._relaxing))
        if self._evolves:
            pool.append(self._offspring(copy))
        return self._selection.best(self._selection.climbed(np.concatenate(pool)))

    def _offspring(self, copy: int) -> Architectures:
        uniform = uniform_theta(self._support.allowed)[0]
        theta = uniform if self._relaxation is None else self._relaxation.theta[copy]
        return self._evolution.propose(self._brood, theta, uniform)

    # ---- telling -----------------------------------------------------------------------------------------------------

    def tell(self, observations: RunObservations) -> None:
        """Take one answer: surrogate, survivors, and what its proposer has earned."""
        for architecture, objectives, epochs in zip(
            observations.architectures, observations.objectives, observations.epochs, strict=True
        ):
            rung = int(np.searchsorted(self._epochs, epochs)) if self._progressive else 0
            number = self._selection.measured(architecture, rung)
            self._told += 1
            if self._model is not None:
                self._model.add(architecture, objectives, rung, number)
            self._earned(architecture, self._evolution.add(architecture, objectives))

    def _earned(self, architecture: Architectures, place: int | None) -> None:
        """Reward the proposer by the place among the survivors that its architecture has taken."""
        reward = 0.0 if place is None else 1.0 - place / len(self._evolution.architectures)
        self._scheduler.reward(self._proposer, reward)
        if self._proposer == RELAXATION:
            self._drawn.append((architecture, -reward))
        if self._progressive and self._support.told(improved=place == 0) and self._relaxation is not None:
            self._relaxation.restrict(self._support.allowed)


def _scalarisations(objectives: int, directions: int, rng: np.random.Generator) -> Floats:
    """Weights over objectives, each row summing to one: `(1, 1)` for one objective, else `(directions, M)` uniform on the simplex."""
    return np.ones((1, 1)) if objectives == 1 else rng.dirichlet(np.ones(objectives), size=directions)


OPTIMIZER = PerRun(Hybrid, objectives="many")
