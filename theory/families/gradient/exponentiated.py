"""Exponentiated gradient on a product of simplices: the step and its divergences.

theta+_{e,o} is proportional to theta_{e,o} exp(eta g_{e,o}) in every block e (Kivinen and Warmuth 1997). It maximises
<g, theta+> - KL(theta+ || theta) / eta, which gives the three-point identity that all that follows rests on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def eg_step(theta: Floats, gradient: Floats, eta: float) -> Floats:
    """Return the ascent step: theta and gradient (..., n, k)."""
    with np.errstate(divide="ignore"):
        weight = np.log(theta) + eta * gradient
    weight -= weight.max(axis=-1, keepdims=True)
    theta_next = np.exp(weight)
    return theta_next / theta_next.sum(axis=-1, keepdims=True)


def kl(p: Floats, q: Floats) -> Floats:
    """Return KL(p || q), summed over blocks and choices: (..., n, k) to (...), non-negative term by term.

    Written as sum p ln(p/q) - p + q, each term non-negative, so that rounding does not drown a small divergence.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        term = np.where(p > 0, p * np.log(p / q), 0.0) - p + q
    return np.asarray(term.sum(axis=(-2, -1)))
