"""Continuous relaxation: product distributions over architectures that descend along gradients, and are sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.gradients import GradientSource
from nasbench.search.simplex import exponentiated_gradient, mix_with_uniform, sample, uniform_theta
from nasbench.spaces.space import Architectures, Floats


def max_centered_gradient(gradient: Floats, allowed: NDArray[np.bool_]) -> float:
    """Return the largest deviation of an allowed choice's derivative from the mean of its decision, of `(S, d, k)` and `(d, k)`.

    A mean over many decisions hides the effect of one of them, so the multilinear extension is the flatter the more decisions there
    are, and a step in its own units would hardly move in a large space.
    """
    inside = np.where(allowed, gradient, 0.0)
    centre = inside.sum(axis=-1, keepdims=True) / allowed.sum(axis=-1, keepdims=True)
    return float(np.abs(np.where(allowed, inside - centre, 0.0)).max())


class Relaxation:
    """`S` product distributions that descend along gradients, and propose by sampling.

    Args:
        allowed: active choices, `(d, k)`.
        distributions: their number, `S`; with several objectives each follows its own scalarization.
        learning_rate: step size, for a gradient scaled to a largest deviation of one (see `max_centered_gradient`).
        uniform_mix: weight of the uniform distribution that is mixed in after every update.

    Attributes:
        theta: `(S, d, k)`.
    """

    def __init__(
        self, allowed: NDArray[np.bool_], distributions: int, *, learning_rate: float, uniform_mix: float
    ) -> None:
        self.theta = uniform_theta(allowed, distributions)
        self.allowed = allowed
        self._learning_rate = learning_rate
        self._uniform_mix = uniform_mix

    def descend(self, source: GradientSource, distribution: int) -> None:
        """Move one distribution down the gradient of a source, by a step of the same size however flat it is.

        The effective rate is the learning rate over the largest centred derivative. The descent lemma of `exponentiated_gradient`
        covers it only where that is at most `2 / ((d - 1) R)`.
        """
        theta = self.theta[distribution : distribution + 1]
        gradient = source.gradient(theta)
        steepest = max_centered_gradient(gradient, self.allowed)
        if steepest > 0:
            theta = exponentiated_gradient(theta, gradient, self._learning_rate / steepest)
        self.theta[distribution] = mix_with_uniform(theta, self.allowed, self._uniform_mix)[0]

    def restrict(self, allowed: NDArray[np.bool_]) -> None:
        """Change the active choices: one that is dropped gets probability zero, one that returns starts at its uniform part."""
        self.allowed = allowed
        self.theta = mix_with_uniform(self.theta, allowed, self._uniform_mix)

    def propose(self, n: int, distribution: int, rng: np.random.Generator) -> Architectures:
        """Draw `n` architectures from one distribution, `(n, d)`; some may be infeasible."""
        return sample(self.theta[distribution], rng.random((n, self.theta.shape[1])))
