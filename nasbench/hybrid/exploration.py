"""Exploration: how many standard deviations below the mean a predicted objective is scored, and when expected improvement takes over.

The coefficient of Srinivas et al. 2010 grows with the logarithm of the observations, which their bound on cumulative regret needs; those here
never exceed `ucb_beta`, and have no such bound.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt

PATIENCE = 20
"""Queries without improvement after which expected improvement takes over, and a choice that was pruned returns."""

Exploration = Callable[[float, float, int, int], float | None]
"""`ucb_beta`, `ucb_beta_decay_start`, the number of observations and of those since the last improvement, to the coefficient of the confidence
bound; None where candidates are scored by expected improvement, which is for one objective."""


def decaying_coefficient(beta: float, decay_start: float, observations: int, stagnation: int = 0) -> float:
    """Return `beta * sqrt(t0 / t)` after `t` observations, at most beta: ever more of the queries stay near the best."""
    return beta * min(1.0, sqrt(decay_start / max(1, observations)))


def decaying_until_stagnation(beta: float, decay_start: float, observations: int, stagnation: int) -> float | None:
    """Return the decaying coefficient; after `PATIENCE` observations without improvement None, where the coefficient decays at all.

    Where the basin of the best is not the deepest one, a coefficient that only decays may never leave it. Expected improvement does, once
    the model sees little left to gain there, and goes on refining the best as long as it does.
    """
    if stagnation >= PATIENCE and decay_start < inf:
        return None
    return decaying_coefficient(beta, decay_start, observations)
