"""The exploration coefficient: how many standard deviations below the mean a predicted objective is scored.

That of Srinivas et al. 2010 grows with the logarithm of the observations, which their bound on cumulative regret needs; those here never
exceed `ucb_beta`, and have no such bound.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

PATIENCE = 20
"""Queries without improvement after which optimism returns, and so does a choice that was pruned."""

Exploration = Callable[[float, float, int, int], float]
"""`ucb_beta`, `ucb_beta_decay_start`, the number of observations and of those since the last improvement, to the coefficient."""


def decaying_coefficient(beta: float, decay_start: float, observations: int, stagnation: int = 0) -> float:
    """Return `beta * sqrt(t0 / t)` after `t` observations, at most beta: ever more of the queries stay near the best."""
    return beta * min(1.0, sqrt(decay_start / max(1, observations)))


def returning_coefficient(beta: float, decay_start: float, observations: int, stagnation: int) -> float:
    """Return the decaying coefficient; after `PATIENCE` observations without improvement beta itself at every other query.

    Where the basin of the best is not the deepest one, a coefficient that only decays may never leave it. The other half of the queries
    goes on refining the best, for it may be the noise of training, and not the wrong basin, that keeps the search from improving.
    """
    if stagnation >= PATIENCE and observations % 2:
        return beta
    return decaying_coefficient(beta, decay_start, observations)
