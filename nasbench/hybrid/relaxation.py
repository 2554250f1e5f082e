"""The relaxed search space as a proposer: product distributions that follow gradients, and are sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.gradients import GradientSource
from nasbench.search.simplex import exponentiated_gradient, keep_floor, sample, uniform_theta
from nasbench.spaces.space import Architectures, Floats


def steepness(gradient: Floats, allowed: NDArray[np.bool_]) -> float:
    """Largest deviation of an allowed choice's derivative from the mean of its decision: `(S, d, k)` and `(d, k)` to a number.

    A mean over many decisions hides what one of them does, so the multilinear extension is the flatter the more decisions there are,
    and a step in its own units would hardly move in a large space.
    """
    inside = np.where(allowed, gradient, 0.0)
    centre = inside.sum(axis=-1, keepdims=True) / allowed.sum(axis=-1, keepdims=True)
    return float(np.abs(np.where(allowed, inside - centre, 0.0)).max())


class Relaxation:
    """`S` product distributions that follow gradients, and propose by sampling.

    Args:
        allowed: choices in the support, `(d, k)`.
        copies: number of distributions, `S`; with several objectives each follows its own scalarisation.
        rate: step size, for a gradient scaled to a largest deviation of one (see `steepness`).
        floor: share of the uniform distribution mixed in after every update.

    Attributes:
        theta: `(S, d, k)`.
    """

    def __init__(self, allowed: NDArray[np.bool_], copies: int, *, rate: float, floor: float) -> None:
        self.theta = uniform_theta(allowed, copies)
        self.allowed = allowed
        self._rate = rate
        self._floor = floor

    def follow(self, source: GradientSource, copy: int) -> None:
        """Move one distribution down the gradient that a source gives, by a step of the same size however flat it is.

        The effective rate is `rate` over the steepness. The descent lemma of `exponentiated_gradient` covers it only where that is
        at most `2 / ((d - 1) R)`.
        """
        theta = self.theta[copy : copy + 1]
        gradient = source.gradient(theta)
        steepest = steepness(gradient, self.allowed)
        if steepest > 0:
            theta = exponentiated_gradient(theta, gradient, self._rate / steepest)
        self.theta[copy] = keep_floor(theta, self.allowed, self._floor)[0]

    def restrict(self, allowed: NDArray[np.bool_]) -> None:
        """Change the support: what leaves it gets probability zero, what returns to it starts at the floor."""
        self.allowed = allowed
        self.theta = keep_floor(self.theta, allowed, self._floor)

    def propose(self, n: int, copy: int, rng: np.random.Generator) -> Architectures:
        """Draw `n` architectures from one distribution, `(n, d)`; some may be infeasible."""
        return sample(self.theta[copy], rng.random((n, self.theta.shape[1])))
