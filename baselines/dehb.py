"""DEHB (Awad, Mallik and Hutter, IJCAI 2021): differential evolution on the rungs of Hyperband."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from nasbench.baselines.successive_halving import Eta, Rung, bracket_sizes, hpbandster_bracket, levels, rungs
from nasbench.ranges import Probability, positive
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange
from nasbench.spaces.space import Architectures, Floats, Ints

SMALLEST_POOL = 3
"""Individuals that the mutation rand/1 combines."""


@dataclass
class Subpopulation:
    """The individuals of one fidelity.

    Attributes:
        vectors: points of the unit cube, `(n, d)`.
        fitness: their errors, `(n,)`; infinite before the first evaluation.
        rng: generator of its mutations and crossovers.
        next_parent: who is challenged next; they take turns.
        to_promote: individuals of the fidelity below that are waiting for an evaluation at this one.
    """

    vectors: Floats
    fitness: Floats
    rng: np.random.Generator
    next_parent: int = 0
    to_promote: list[Floats] = field(default_factory=list)

    def select(self, member: int, vector: Floats, error: float) -> None:
        """Replace a member by a vector that is not worse."""
        if error <= self.fitness[member]:
            self.vectors[member], self.fitness[member] = vector, error

    def best(self, number: int) -> Floats:
        """Return the vectors of the best `number`, `(number, d)` or fewer; of equals, the first."""
        return self.vectors[np.argsort(self.fitness, kind="stable")[:number]]


@dataclass
class SynchronousBracket:
    """Counts of a bracket whose rungs are filled one after the other.

    Attributes:
        rungs: its rungs.
        asked: proposals made on each rung.
        told: results that have come back on each rung.
    """

    rungs: tuple[Rung, ...]
    asked: list[int] = field(init=False)
    told: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.asked, self.told = [0] * len(self.rungs), [0] * len(self.rungs)

    @property
    def ready(self) -> int | None:
        """Rung with a place to fill; None if all are filled, or a rung below it has not come back whole."""
        for level, rung in enumerate(self.rungs):
            if self.asked[level] < rung.size:
                return level
            if self.told[level] < rung.size:
                return None
        return None


@dataclass(frozen=True)
class PendingTrial:
    """A proposal that has not come back: its bracket and rung, its vector, and the member that it challenges."""

    bracket: SynchronousBracket
    level: int
    vector: Floats
    parent: int


class Dehb:
    """Hyperband whose architectures are evolved: each fidelity has a population, and its parents come from the fidelity below.

    Follows the authors' code (automl/DEHB 0.1.2, `optimizers/dehb.py`, `optimizers/de.py`) with its defaults, random number
    by random number: rand/1 mutation, binomial crossover, values outside the cube drawn anew, immediate replacement. In the
    first round of brackets the rungs above the first evaluate the best of the rung below; later, every proposal is a mutant
    of the best of the rung below, crossed with the member whose turn it is. A decision with `k` choices is `floor(k x)` of
    its coordinate, as in the code, so that numbers of a `MixedSpace` keep their order. A free worker for which every bracket
    waits starts the next bracket, so that none is idle.

    Differences: fidelities are those that the benchmark offers, and rungs of the same epochs are one, as in Hyperband here;
    of equal individuals the first ranks first (the code's sort leaves that open); infeasible combinations are replaced
    by the nearest architecture. A query is charged for its whole training: nothing is continued from a rung below. A result
    that it did not propose challenges the worst member of its fidelity.

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        eta: factor between rungs.
        mutation_factor: F, length of a difference in a mutation.
        crossover_prob: probability that a coordinate is that of the mutant; one is in any case.
    """

    NUMBERS = "in order"
    ASYNCHRONOUS = True

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        eta: Eta = 3.0,
        mutation_factor: Annotated[float, positive(2), FloatRange(0.2, 1.0)] = 0.5,
        crossover_prob: Annotated[Probability, FloatRange(0.2, 0.9)] = 0.5,
    ) -> None:
        self._space = problem.space
        self._factor, self._crossover_prob = mutation_factor, crossover_prob
        self._round = [
            rungs(problem.epochs, eta, bracket_sizes(*hpbandster_bracket(problem.epochs, eta, number), eta))
            for number in range(levels(problem.epochs, eta) + 1)
        ]
        sizes: dict[int, int] = {}
        for rung in (rung for bracket in self._round for rung in bracket):
            sizes[rung.epochs] = max(rung.size, sizes.get(rung.epochs, 0))
        seeds = rng.integers(0, 2**32 - 1, size=len(sizes))
        self._populations = {
            epochs: self._start_population(size, np.random.default_rng(int(seed)))
            for (epochs, size), seed in zip(sizes.items(), seeds, strict=True)
        }
        self._brackets: list[SynchronousBracket] = []
        self._n_brackets = 0
        self._pending: dict[tuple[bytes, int], list[PendingTrial]] = {}

    def _start_population(self, size: int, rng: np.random.Generator) -> Subpopulation:
        return Subpopulation(rng.uniform(size=(size, self._space.d)), np.full(size, np.inf), rng)

    def ask(self) -> tuple[Architectures, Ints]:
        """Propose one architecture, `(1, d)`, with its epochs, `(1,)`, for the first bracket that does not wait, or a new one."""
        self._brackets = [bracket for bracket in self._brackets if bracket.told[-1] < bracket.rungs[-1].size]
        ready = [bracket for bracket in self._brackets if bracket.ready is not None]
        bracket = ready[0] if ready else self._start_bracket()
        level = bracket.ready
        assert level is not None
        epochs = bracket.rungs[level].epochs
        here = self._populations[epochs]
        parent = here.next_parent
        here.next_parent = (parent + 1) % len(here.vectors)
        vector = self._trial(bracket, level, here, here.vectors[parent].copy())
        bracket.asked[level] += 1
        architectures = self._space.repair(self._decode(vector)[None])
        trial = PendingTrial(bracket, level, vector, parent)
        self._pending.setdefault((architectures.tobytes(), epochs), []).append(trial)
        return architectures, np.array([epochs])

    def tell(self, observations: RunObservations) -> None:
        """Let each result challenge the member against which it was proposed."""
        for architecture, error, epochs in zip(
            observations.architectures,
            observations.objectives[:, 0].tolist(),
            observations.epochs.tolist(),
            strict=True,
        ):
            key = architecture.tobytes(), epochs
            if trials := self._pending.get(key):
                trial = trials.pop(0)
                if not trials:
                    del self._pending[key]
                trial.bracket.told[trial.level] += 1
                self._populations[epochs].select(trial.parent, trial.vector, error)
            elif epochs in self._populations:
                here = self._populations[epochs]
                here.select(int(here.fitness.argmax()), (architecture + 0.5) / self._space.cardinalities, error)

    def _start_bracket(self) -> SynchronousBracket:
        bracket = SynchronousBracket(self._round[self._n_brackets % len(self._round)])
        self._n_brackets += 1
        self._brackets.append(bracket)
        return bracket

    def _trial(self, bracket: SynchronousBracket, level: int, here: Subpopulation, target: Floats) -> Floats:
        """Return the vector to evaluate next on a rung, `(d,)`."""
        number = bracket.rungs[level].size
        below = self._populations[bracket.rungs[max(level - 1, 0)].epochs]
        if level > 0 and self._n_brackets <= len(self._round):
            return self._promoted(below, here, number)
        pool = below.best(number)
        if len(pool) < SMALLEST_POOL:
            pool = np.concatenate([pool, self._mutants(SMALLEST_POOL - len(pool) + 1, here, target)])
        mutant = self._mutant(pool, here.rng, target)
        return inside(crossover(target, mutant, self._crossover_prob, here.rng), here.rng)

    def _promoted(self, below: Subpopulation, here: Subpopulation, number: int) -> Floats:
        """Return the best evaluated individual of the fidelity below that is not in the population and was not taken, `(d,)`."""
        ranked = below.best(int(np.isfinite(below.fitness).sum()))
        if not here.to_promote:
            new = [vector.copy() for vector in ranked if not (vector == here.vectors).all(axis=1).any()]
            here.to_promote = new[:number]
        return here.to_promote.pop(0) if here.to_promote else ranked[0].copy()

    def _mutants(self, number: int, here: Subpopulation, target: Floats) -> Floats:
        """Return mutants of the individuals of all fidelities, `(number, d)`, for a pool that is too small."""
        # Drawn and overwritten in the authors' code; drawn here too, so that runs agree number by number.
        here.rng.uniform(size=(number, self._space.d))
        everyone = np.concatenate([population.vectors for population in self._populations.values()])
        return np.stack([self._mutant(everyone, here.rng, target) for _ in range(number)])

    def _mutant(self, pool: Floats, rng: np.random.Generator, target: Floats) -> Floats:
        """Return a mutant of three different individuals of a pool other than the target, `(d,)`."""
        same = np.flatnonzero((pool == target).all(axis=1))
        if len(same) and len(pool) > 1:
            pool = np.delete(pool, same[0], axis=0)
        if len(pool) < SMALLEST_POOL:
            pool = np.concatenate([pool, rng.uniform(size=(SMALLEST_POOL - len(pool), len(target)))])
        return mutate_rand_1(pool[rng.choice(len(pool), SMALLEST_POOL, replace=False)], self._factor)

    def _decode(self, vector: Floats) -> Architectures:
        choices = (vector * self._space.cardinalities).astype(np.int64)
        return np.minimum(choices, self._space.cardinalities - 1).astype(np.int8)


def mutate_rand_1(individuals: Floats, factor: float) -> Floats:
    """Return the mutant rand/1 of three individuals, `(3, d)` to `(d,)`: `x1 + F (x2 - x3)` (Storn and Price 1997)."""
    mutant: Floats = individuals[0] + factor * (individuals[1] - individuals[2])
    return mutant


def crossover(target: Floats, mutant: Floats, prob: float, rng: np.random.Generator) -> Floats:
    """Return the binomial crossover of two vectors, `(d,)`: each coordinate is the mutant's with a probability, and at least one."""
    taken = rng.random(len(target)) < prob
    if not taken.any():
        taken[rng.integers(0, len(target))] = True
    return np.where(taken, mutant, target)


def inside(vector: Floats, rng: np.random.Generator) -> Floats:
    """Return a vector whose coordinates outside the unit interval are drawn anew, `(d,)`."""
    outside = (vector < 0) | (vector > 1)
    result = vector.copy()
    result[outside] = rng.uniform(size=int(outside.sum()))
    return result


OPTIMIZER = PerRun(Dehb, fidelities=True)
