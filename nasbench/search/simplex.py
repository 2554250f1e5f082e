"""The product of simplices: product distributions over architectures, exponentiated gradients, sampling.

Shared by the hybrid and policy-based algorithms. `theta` is an array `(S, d, k)`: `S` product distributions, each
decision's choices along the last axis, zero beyond its cardinality. `F(theta) = E_{x ~ theta} f(x)` is the multilinear
extension of `f`. Since it is linear in each decision, its minimum over the product of simplices is the minimum of `f`,
attained at a vertex: the relaxation has no gap. Sources: Kivinen and Warmuth 1997 (exponentiated gradient); Li, Khodak,
Balcan and Talwalkar 2021, "Geometry-aware gradient algorithms for neural architecture search" (the product of
simplices).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Ints


def support(cardinalities: Ints) -> NDArray[np.bool_]:
    """Return the mask of existing choices, `(d, k)`."""
    return np.arange(int(cardinalities.max())) < cardinalities[:, None]


def uniform_theta(allowed: NDArray[np.bool_], distributions: int = 1) -> Floats:
    """Return the uniform distribution over allowed choices `(d, k)`, `distributions` times: `(S, d, k)`."""
    one = allowed / allowed.sum(axis=-1, keepdims=True)
    return np.repeat(one[None], distributions, axis=0)


def exponentiated_gradient(theta: Floats, gradient: Floats, rate: float) -> Floats:
    """Return one step of descent, `theta_i exp(-rate g_i)` normalised in each decision: `(S, d, k)`.

    With `f` of range `R` and a rate of at most `2 / ((d - 1) R)` no exact step increases `F`, and what it gains is at least
    `KL(theta, next) / rate`.
    """
    lowest = np.where(theta > 0, gradient, np.inf).min(axis=-1, keepdims=True)
    # Clipped from below so that a choice outside the support, whose gradient may be anything, cannot overflow.
    moved = theta * np.exp(-rate * np.maximum(gradient - lowest, 0.0))
    return moved / moved.sum(axis=-1, keepdims=True)


def mix_with_uniform(theta: Floats, allowed: NDArray[np.bool_], floor: float) -> Floats:
    """Mix with the uniform distribution over allowed choices, `(1 - floor) theta + floor / k`, so that none dies out."""
    kept = np.where(allowed, theta, 0.0)
    uniform = allowed / allowed.sum(axis=-1, keepdims=True)
    return (1 - floor) * kept / np.maximum(kept.sum(axis=-1, keepdims=True), np.finfo(float).tiny) + floor * uniform


def sample(theta: Floats, uniform: Floats) -> Architectures:
    """Return independent draws by inverse distribution, decision by decision: `(..., d, k)` and uniform numbers
    `(..., d)` to `(..., d)`.
    """
    edges = np.cumsum(theta, axis=-1)
    # Scaled by the total, so that rounding never leads past the last choice that has any weight.
    return (uniform[..., None] * edges[..., -1:] >= edges).sum(axis=-1).astype(np.int8)


def vertices(architectures: Architectures, k: int) -> Floats:
    """Return architectures as one-hot distributions: `(..., d)` to `(..., d, k)`."""
    return (architectures[..., None] == np.arange(k)).astype(np.float64)


def entropy(theta: Floats) -> Floats:
    """Return the entropy in nats, summed over decisions: `(S, d, k)` to `(S,)`; how far the relaxation is from a single
    architecture.
    """
    return -(theta * np.log(np.where(theta > 0, theta, 1.0))).sum(axis=(-2, -1))
