"""The hybrid: evolution, exponentiated gradients and a Gaussian process over one archive, each query shared out by a scheduler.

At every query a scheduler picks who proposes: the surrogate (best acquisition value of everything that can be scored),
evolution (children of the best measured architectures) or the relaxation (draws from a product distribution that follows the
gradient of the surrogate's multilinear extension). Where the surrogate is on it picks from whatever a proposer brings. With a
fixed probability the query is uniform instead: with probability `u` a query, `N` architectures and `K` of them in a target, the
target is missed for `t` queries after the start with a probability of at most `(1 - u K / N)^t`.
"""

from __future__ import annotations

import numpy as np

from nasbench.benchmarks.handle import SearchHandle
from nasbench.errors import NasbenchError
from nasbench.hybrid.evolution import Evolution
from nasbench.hybrid.gradients import ScoreFunctionGradient
from nasbench.hybrid.model import Model
from nasbench.hybrid.progressive import Ladder, Support, functions_of
from nasbench.hybrid.relaxation import Relaxation
from nasbench.hybrid.scheduler import Scheduler
from nasbench.hybrid.simplex import support, uniform_theta
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.spaces.space import Architectures, Floats, Ints

SURROGATE, EVOLUTION, RELAXATION, UNIFORM = "surrogate", "evolution", "relaxation", "uniform"
TRIES = 64
ON_POLICY = 10


class Hybrid:
    """Evolution, exponentiated gradients and a Gaussian process on one archive (ours).

    Args:
        handle: the benchmark.
        rng: random numbers of the run.
        initial: uniform architectures at the start, all different.
        exploration: probability that a later query is uniform.
        surrogate: whether there is a Gaussian process.
        gradient: whether there is a relaxation; without a surrogate it follows the score function.
        evolution: whether there is evolution.
        paths: whether the kernel uses path features, where the space has them.
        canonical: whether architectures of equal function are measured once.
        progressive: whether the support shrinks, and new architectures start at the lowest fidelity.
        beta: standard deviations of optimism of the surrogate.
        spread: of the log-normal prior of the kernel's settings; 0 keeps their defaults.
        reference: quantile of the measured objectives where the reference point lies.
        brood: candidates that evolution and the relaxation bring to a query.
        share: of the surrogate among proposers at the start.
        floor: smallest share of a proposer.
        pursuit: rate at which shares follow what proposers earn.
        population: survivors that evolution keeps.
        crossover: probability of two parents.
        guidance: probability that a mutation draws from the relaxation.
        rate: step of the exponentiated gradient.
        theta_floor: share of the uniform distribution in the relaxation.
        directions: scalarisations that the relaxation follows where there are several objectives.
    """

    def __init__(
        self,
        handle: SearchHandle,
        rng: np.random.Generator,
        *,
        initial: int = 4,
        exploration: float = 0.01,
        surrogate: bool = True,
        gradient: bool = True,
        evolution: bool = True,
        paths: bool = True,
        canonical: bool = True,
        progressive: bool = False,
        beta: float = 2.0,
        spread: float = 1.0,
        reference: float = 0.5,
        brood: int = 64,
        share: float = 0.8,
        floor: float = 0.05,
        pursuit: float = 0.05,
        population: int = 20,
        crossover: float = 0.3,
        guidance: float = 0.5,
        rate: float = 0.5,
        theta_floor: float = 0.1,
        directions: int = 8,
    ) -> None:
        if not (surrogate or gradient or evolution):
            raise NasbenchError("The hybrid has every part switched off; leave one of surrogate, gradient, evolution on.")
        if initial < 2 or brood < 1 or population < 2 or directions < 1:
            raise NasbenchError(
                f"The hybrid needs initial and population of 2 or more, brood and directions of 1 or more, not {initial}, {population}, {brood}, {directions}."
            )
        self._space = handle.space
        self._epochs = handle.epochs
        self._initial = initial
        self._exploration = exploration
        self._canonical = canonical
        self._brood = brood
        self._rng, evolving, scheduling, relaxing = rng.spawn(4)
        self._relaxing = relaxing
        existing = support(self._space.cardinalities)
        self._uniform = uniform_theta(existing)[0]
        self._scalarisations = _scalarisations(len(handle.objectives), directions, relaxing)
        self._model = (
            Model(handle, paths=paths, canonical=canonical, beta=beta, spread=spread, reference=reference)
            if surrogate
            else None
        )
        self._relaxation = (
            Relaxation(existing, len(self._scalarisations), rate=rate, steps=1, floor=theta_floor) if gradient else None
        )
        self._evolves = evolution
        self._evolution = Evolution(
            self._space.cardinalities, evolving, population=population, crossover=crossover, guidance=guidance
        )
        rest = (1 - share) / max(1, gradient + evolution) if surrogate else 1.0
        parts = ((SURROGATE, surrogate, share), (EVOLUTION, evolution, rest), (RELAXATION, gradient, rest))
        self._scheduler = Scheduler({n: s for n, on, s in parts if on}, scheduling, floor=floor, rate=pursuit)
        self._progressive = progressive
        self._support = Support(existing, patience=20, least=2 * theta_floor / existing.shape[1], chance=0.01)
        self._ladder = Ladder(len(handle.epochs) if progressive else 1)
        self._number: dict[bytes, int] = {}
        self._told = 0
        self._proposer = UNIFORM
        self._measured: list[tuple[Architectures, Floats]] = []

    # ---- asking ------------------------------------------------------------------------------------------------------

    def ask(self) -> Architectures | tuple[Architectures, Ints]:
        """Propose one architecture, `(1, d)`, with its epochs where the ladder chooses; none when all have been measured."""
        architecture = self._propose()
        if architecture is None:
            return np.empty((0, self._space.d), dtype=np.int8)
        if len(self._epochs) == 1:
            return architecture[None]
        rung = self._rung(architecture)
        return architecture[None], np.array([self._epochs[rung]])

    def _propose(self) -> Architectures | None:
        self._proposer = UNIFORM
        if self._told < self._initial or self._rng.random() < self._exploration:
            return self._uniform_architecture()
        if self._model is not None:
            self._model.update()
        copy = self._told % len(self._scalarisations)
        self._follow(copy)
        self._proposer = self._scheduler.pick()
        chosen = self._choose(self._candidates(self._proposer, copy))
        if chosen is None:
            self._proposer = UNIFORM
            return self._uniform_architecture()
        return chosen

    def _follow(self, copy: int) -> None:
        """Move the relaxation, and shrink its support if the search is progressive."""
        if self._relaxation is None:
            return
        if self._model is not None:
            self._relaxation.follow(self._model.gradient_source(self._scalarisations[copy], self._relaxing), copy)
        elif self._measured:
            architectures, scores = map(np.array, zip(*self._measured[-ON_POLICY:], strict=True))
            self._relaxation.follow(ScoreFunctionGradient(architectures, scores, baseline=float(scores.mean())), copy)

    def _candidates(self, proposer: str, copy: int) -> Architectures | None:
        """What a proposer brings, `(n, d)`; None stands for everything that is listed."""
        if proposer == EVOLUTION:
            return self._offspring(copy)
        if proposer == RELAXATION:
            assert self._relaxation is not None
            return self._relaxation.propose(self._brood, copy, self._relaxing)
        assert self._model is not None
        if self._model.listing is not None:
            return None
        pools = [self._space.sample(self._rng.random((self._brood, self._space.d)))]
        if self._relaxation is not None:
            pools.append(self._relaxation.propose(self._brood, copy, self._relaxing))
        if self._evolves:
            pools.append(self._offspring(copy))
        return np.concatenate(pools)

    def _offspring(self, copy: int) -> Architectures:
        allowed = self._support.allowed
        uniform = np.where(allowed, self._uniform, 0.0)
        uniform = uniform / uniform.sum(axis=-1, keepdims=True)
        theta = uniform if self._relaxation is None else self._relaxation.theta[copy]
        return self._evolution.propose(self._brood, theta, uniform)

    def _choose(self, candidates: Architectures | None) -> Architectures | None:
        """The best candidate that can still be measured: by acquisition value, or without a surrogate the first."""
        if candidates is None:
            assert self._model is not None and self._model.listing is not None
            candidates, worth = self._model.listing.architectures, self._model.acquisition()
        else:
            candidates = candidates[self._space.is_feasible(candidates)]
            worth = -np.arange(len(candidates), dtype=np.float64)
            if self._model is not None and len(candidates):
                worth = self._model.acquisition(candidates)
        if self._progressive:
            held = self._support.holds(candidates)
            candidates, worth = candidates[held], worth[held]
        if len(worth) > TRIES:
            # Nearly always one of the first few is open, and a full sort of a listing is slow.
            few = np.argpartition(-worth, TRIES)[:TRIES]
            found = self._first_open(candidates, few[np.argsort(-worth[few], kind="stable")])
            if found is not None:
                return found
        return self._first_open(candidates, np.argsort(-worth, kind="stable"))

    def _first_open(self, candidates: Architectures, order: Ints) -> Architectures | None:
        for start in range(0, len(order), TRIES):
            some = candidates[order[start : start + TRIES]]
            for architecture, function in zip(some, functions_of(self._space, some, self._canonical), strict=True):
                if self._ladder.next_rung(function) <= self._ladder.top:
                    return architecture
        return None

    def _uniform_architecture(self) -> Architectures | None:
        """Uniform over what can still be measured, by rejection; by listing when that fails."""
        some = self._space.sample(self._rng.random((TRIES, self._space.d)))
        found = self._first_open(some, np.arange(TRIES))
        if found is not None or not self._space.is_enumerable:
            return found
        return self._first_open(self._space.all, self._rng.permutation(len(self._space.all)))

    def _rung(self, architecture: Architectures) -> int:
        if not self._progressive:
            return len(self._epochs) - 1
        return self._ladder.next_rung(functions_of(self._space, architecture[None], self._canonical)[0])

    # ---- telling -----------------------------------------------------------------------------------------------------

    def tell(self, observations: RunObservations) -> None:
        """Take one answer: archive, surrogate, survivors, and what its proposer has earned."""
        for architecture, objectives, epochs in zip(
            observations.architectures, observations.objectives, observations.epochs, strict=True
        ):
            rung = int(np.searchsorted(self._epochs, epochs))
            self._take(architecture, objectives, rung)

    def _take(self, architecture: Architectures, objectives: Floats, rung: int) -> None:
        function = functions_of(self._space, architecture[None], self._canonical)[0]
        self._ladder.climbed(function, rung)
        self._told += 1
        if self._model is not None:
            number = self._number.setdefault(function, len(self._number))
            self._model.add(architecture, objectives, rung if self._ladder.top else 0, number)
        place = self._evolution.add(architecture, objectives)
        reward = 0.0 if place is None else 1.0 - place / len(self._evolution.architectures)
        self._scheduler.reward(self._proposer, reward)
        if self._proposer == RELAXATION and self._model is None:
            self._measured.append((architecture, -reward))


def _scalarisations(objectives: int, directions: int, rng: np.random.Generator) -> Floats:
    """Weights over objectives, each row summing to one: `(1, 1)` for one objective, else `(directions, M)` uniform on the simplex."""
    return np.ones((1, 1)) if objectives == 1 else rng.dirichlet(np.ones(objectives), size=directions)


OPTIMIZER = PerRun(Hybrid, objectives="many")
