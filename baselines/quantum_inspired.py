"""The quantum-inspired evolutionary algorithm (Han and Kim, IEEE TEVC 2002), with an amplitude for each choice."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from nasbench.baselines.feasible_sampling import draw
from nasbench.baselines.generation_buffer import GenerationBuffer
from nasbench.errors import NasbenchError
from nasbench.ranges import Range, between, count
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.search.simplex import support, uniform_theta
from nasbench.spaces.space import Architectures, Floats, Ints

TURN = Range("a number between 0 and pi / 2", below=math.pi / 2, positive=True)


class QuantumInspired:
    """Individuals are unit vectors of amplitudes, one per decision; observation gives architectures, and a rotation
    gate updates the amplitudes.

    The paper's Q-bit is the case of two choices. With `k` choices the gate turns the vector in the plane that it spans with the
    axis of the choice of the individual's best architecture, by `rotation_angle`, where the observed choice differs from it and the
    observed architecture is no better (the paper's table I with all other angles zero). The gate H_epsilon keeps every probability at
    `epsilon` or more (for two choices the paper's, up to normalisation). Defaults are the paper's: population 10, angle 0.01 pi,
    epsilon 0.01, five local groups whose best is shared every generation, global migration every 100 generations. Observations are
    dealt to the individuals in turn, whoever proposed them, and a generation ends when each has one.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        population_size: individuals, each with its own best architecture.
        rotation_angle: angle of the rotation gate in radians.
        epsilon: smallest probability of a choice.
        n_groups: local groups; neighbours in one group share their best every generation.
        migration_period: generations between global migrations.
    """

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        population_size: Annotated[int, count(1_000), IntRange(2, 20)] = 10,
        rotation_angle: Annotated[float, TURN, FloatRange(0.03, 0.8, log=True)] = 0.01 * math.pi,
        epsilon: Annotated[float, between(0, 0.5), FloatRange(0.002, 0.1, log=True)] = 0.01,
        n_groups: Annotated[int, count(1_000), IntRange(1, 5)] = 5,
        migration_period: Annotated[int, count(1_000_000), IntRange(2, 100, log=True)] = 100,
    ) -> None:
        largest = 1.0 / int(problem.space.cardinalities.max())
        if epsilon >= largest:
            raise NasbenchError(
                f"The quantum-inspired algorithm has epsilon {epsilon}; it should be 0 or more and below {largest:g}."
            )
        self._space = problem.space
        self._streams = streams
        self._angle, self._epsilon, self._migration = rotation_angle, epsilon, migration_period
        self._offered = support(self._space.cardinalities)
        self.amplitudes = np.sqrt(
            np.repeat(uniform_theta(self._offered, len(streams))[:, None], population_size, axis=1)
        )
        self._group = np.arange(population_size) * min(n_groups, population_size) // population_size
        self._best = np.zeros((len(streams), population_size, self._space.d), dtype=np.int8)
        self._best_error = np.full((len(streams), population_size), np.inf)
        self._observed = GenerationBuffer(len(streams), population_size, self._space.d)
        self._generation = np.zeros(len(streams), dtype=np.int64)

    def ask(self) -> Architectures:
        """Observe every individual once, `(R, population, d)`."""
        return draw(self.amplitudes**2, self._space, self._streams)

    def tell(self, observations: Observations) -> None:
        """Turn the amplitudes towards the best architectures, then update and share these."""
        for rows, architectures, errors in self._observed.fill(observations):
            self._end_generation(rows, architectures, errors)

    def _end_generation(self, rows: Ints, architectures: Architectures, error: Floats) -> None:
        """Update some runs, with an observation of each individual, `(n, population, d)` and `(n, population)`."""
        best, best_error, amplitudes = self._best[rows], self._best_error[rows], self.amplitudes[rows]
        turned = (architectures != best) & (error >= best_error)[..., None]
        self.amplitudes[rows] = np.where(
            turned[..., None],
            apply_probability_floor(
                rotate(amplitudes, best.astype(np.int64), self._angle), self._epsilon, self._offered
            ),
            amplitudes,
        )
        better = error < best_error
        self._best[rows] = np.where(better[..., None], architectures, best)
        self._best_error[rows] = np.where(better, error, best_error)
        self._generation[rows] += 1
        for group in range(self._group[-1] + 1):
            self._share(rows, np.flatnonzero(self._group == group))
        self._share(rows[self._generation[rows] % self._migration == 0], np.arange(len(self._group)))

    def _share(self, rows: Ints, members: Ints) -> None:
        winner = members[self._best_error[rows[:, None], members].argmin(axis=1)]
        self._best[rows[:, None], members] = self._best[rows, winner][:, None]
        self._best_error[rows[:, None], members] = self._best_error[rows, winner][:, None]


def rotate(amplitudes: Floats, target: Ints, rotation_angle: float) -> Floats:
    """Turn unit vectors `(..., k)` towards the axis `target` `(...)` by `rotation_angle`, at most onto it; amplitudes stay non-negative."""
    onto = np.arange(amplitudes.shape[-1]) == target[..., None]
    cosine = np.where(onto, amplitudes, 0.0).sum(axis=-1, keepdims=True)
    sine = np.sqrt(np.where(onto, 0.0, amplitudes**2).sum(axis=-1, keepdims=True))
    left = np.maximum(np.arctan2(sine, cosine) - rotation_angle, 0.0)
    rest = np.divide(np.sin(left), sine, out=np.zeros_like(sine), where=sine > 0)
    return np.where(onto, np.cos(left), amplitudes * rest)


def apply_probability_floor(amplitudes: Floats, epsilon: float, offered: np.ndarray) -> Floats:
    """Gate H_epsilon: raise the probability of each offered choice `(d, k)` to `epsilon`, the others give: `(..., d, k)`."""
    least = np.where(offered, epsilon, 0.0)
    probability = np.maximum(amplitudes**2, least)
    excess = probability.sum(axis=-1, keepdims=True) - 1.0
    spare = probability - least
    return np.sqrt(probability - excess * spare / spare.sum(axis=-1, keepdims=True))


OPTIMIZER = Lockstep(QuantumInspired)
