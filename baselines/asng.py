"""Adaptive stochastic natural gradient (Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, ICML 2019, "ASNG-NAS")."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from nasbench.baselines.feasible_sampling import draw
from nasbench.baselines.generation_buffer import GenerationBuffer
from nasbench.ranges import Range, count, positive
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.search.simplex import support, uniform_theta, vertices
from nasbench.spaces.space import Architectures, Floats, Ints

SIGNAL = Range("a number above 1, at most 1,000", least=math.nextafter(1, 2), below=1_000.1)


class Asng:
    """Natural gradient on the product of simplices, with ranks as utilities and a step length that adapts.

    Algorithm 1 of the paper, in the form and with the defaults of the authors' `categorical_asng.py` (two samples a step,
    alpha 1.5, initial step length 1, every probability at least `1 / (d (k_i - 1))`). A step is taken whenever as many
    observations have been told as it has samples, whoever proposed them.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        samples_per_step: architectures per step, at least 2; the best and the worst quarter (at least one each) have
            non-zero utility.
        snr_threshold: threshold of the signal-to-noise ratio; larger means longer steps.
        initial_step_size: initial length of a step in the Fisher metric.
    """

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        samples_per_step: Annotated[int, count(1_000, least=2), IntRange(2, 12)] = 2,
        snr_threshold: Annotated[float, SIGNAL, FloatRange(1.05, 6.0, log=True)] = 1.5,
        initial_step_size: Annotated[float, positive(1_000), FloatRange(0.05, 4.0, log=True)] = 1.0,
    ) -> None:
        self._space = problem.space
        self._streams = streams
        self._samples = samples_per_step
        self._alpha = snr_threshold
        self._step = initial_step_size
        choices = support(self._space.cardinalities)
        self._free = int((self._space.cardinalities - 1).sum())
        self._least = np.where(choices, 1.0 / (self._space.d * (self._space.cardinalities[:, None] - 1)), 0.0)
        # With one decision, or two of two choices, the authors' lower bound exceeds the uniform probability, which caps
        # it.
        self._least = np.minimum(self._least, 0.5 * choices / self._space.cardinalities[:, None])
        self.theta = uniform_theta(choices, len(streams))
        self._path = np.zeros(self.theta.shape)
        self._gamma = np.zeros(len(streams))
        self._shrink = np.ones(len(streams))
        self._generation = GenerationBuffer(len(streams), samples_per_step, self._space.d)

    def ask(self) -> Architectures:
        """Sample the policy, `(R, samples, d)`."""
        shape = (len(self.theta), self._samples, *self.theta.shape[1:])
        return draw(np.broadcast_to(self.theta[:, None], shape), self._space, self._streams)

    def tell(self, observations: Observations) -> None:
        """Take a natural-gradient step for each complete set of samples, and adapt the length of the next."""
        for rows, architectures, errors in self._generation.fill(observations):
            drawn = vertices(architectures, self.theta.shape[-1])
            gradient = (utilities(errors)[..., None, None] * (drawn - self.theta[rows, None])).mean(axis=1)
            moving = np.abs(gradient).max(axis=(1, 2)) >= 1e-18
            if moving.any():
                self._move(rows[moving], gradient[moving])

    def _move(self, rows: Ints, gradient: Floats) -> None:
        """Move some runs along their gradients `(n, d, k)`."""
        delta = self._step / self._shrink[rows]
        direction = fisher_root(self.theta[rows], gradient, self._space.cardinalities)
        norm = np.sqrt((direction**2).sum(axis=(1, 2)))
        moved = self.theta[rows] + (delta / norm)[:, None, None] * gradient
        self.theta[rows] = restrict(moved, self._least)
        beta = delta / math.sqrt(self._free)
        # For beta above 1 (an initial step longer than the root of the dimension) the averages would be undefined.
        beta = np.minimum(beta, 1.0)
        grown = np.sqrt(beta * (2 - beta)) / norm
        self._path[rows] = (1 - beta)[:, None, None] * self._path[rows] + grown[:, None, None] * direction
        self._gamma[rows] = (1 - beta) ** 2 * self._gamma[rows] + beta * (2 - beta)
        length = (self._path[rows] ** 2).sum(axis=(1, 2))
        self._shrink[rows] *= np.exp(beta * (self._gamma[rows] - length / self._alpha))


def utilities(losses: Floats) -> Floats:
    """Return rank-based utilities, `(..., n)` to `(..., n)`: `1 / m` for the `m = ceil(n / 4)` best, `-1 / m` for the
    `m` worst.

    Equal losses share the average utility of their ranks.
    """
    n = losses.shape[-1]
    m = math.ceil(n / 4)
    by_rank = np.zeros(n)
    by_rank[:m] += 1.0 / m
    by_rank[n - m :] -= 1.0 / m
    total = np.concatenate([[0.0], np.cumsum(by_rank)])
    below = (losses[..., None, :] < losses[..., :, None]).sum(axis=-1)
    equal = (losses[..., None, :] == losses[..., :, None]).sum(axis=-1)
    return (total[below + equal] - total[below]) / equal


def fisher_root(theta: Floats, gradient: Floats, cardinalities: np.ndarray) -> Floats:
    """Return the square root of the Fisher matrix times the natural gradient, in the first `k_i - 1` coordinates:
    `(R, d, k)`.

    Its Euclidean norm is the length of the gradient in the Fisher metric; see the paper's appendix B.
    """
    last = (cardinalities - 1)[None, :, None]
    free = np.arange(theta.shape[-1]) < last
    theta_last = np.take_along_axis(theta, np.broadcast_to(last, (len(theta), theta.shape[1], 1)), axis=-1)
    safe = np.where(free, theta, 1.0)
    total = np.where(free, gradient, 0.0).sum(axis=-1, keepdims=True)
    root = gradient / np.sqrt(safe) + np.sqrt(safe) * total / (theta_last + np.sqrt(theta_last))
    return np.where(free, root, 0.0)


def restrict(theta: Floats, least: Floats) -> Floats:
    """Raise every probability to at least `least` `(d, k)` and subtract the excess from those above it: `(R, d, k)`."""
    raised = np.maximum(theta, least)
    excess = raised.sum(axis=-1, keepdims=True) - 1.0
    spare = raised - least
    raised = raised - excess * spare / spare.sum(axis=-1, keepdims=True)
    return raised / raised.sum(axis=-1, keepdims=True)


OPTIMIZER = Lockstep(Asng)
