"""Detection limits: how wrong a constant has to be before the check of its claim rejects it."""

from __future__ import annotations

import time
from math import sqrt

from nasbench.theory.machinery.claim import Context, Mutant, Outcome, Verdict

STEPS = 6
"""Bisections at most; each halves the logarithm of the factor."""

SECONDS = 4.0
"""Time after which no further step is begun."""


def is_rejected(verdict: Verdict, level: float) -> bool:
    """Return whether a verdict rejects what was checked, at a level of its own where it has a p-value."""
    if verdict.p_value is None or verdict.outcome not in (Outcome.HOLDS, Outcome.VIOLATED):
        return verdict.outcome is Outcome.VIOLATED
    return verdict.p_value <= level


def find_detection_limit(mutant: Mutant, context: Context, level: float, seconds: float) -> float | None:
    """Return the factor nearest to 1 that the check was seen to reject, by bisection from the mutant's towards 1.

    The sizes of factors are taken to order what is rejected; each is checked once, with the random numbers of the claim.

    Args:
        mutant: rejected at its factor.
        context: seeds and tables.
        level: of each rejection.
        seconds: that one check takes, about.

    Returns:
        The factor, or None where the mutant is no scaled constant or one check takes longer than `SECONDS`.
    """
    if mutant.scaled is None or mutant.factor is None or seconds > SECONDS:
        return None
    begin, passing, rejected = time.perf_counter(), 1.0, mutant.factor
    for _ in range(STEPS):
        factor = sqrt(passing * rejected) if rejected > 0 else passing / 2
        if is_rejected(mutant.scaled(context, factor), level):
            rejected = factor
        else:
            passing = factor
        if time.perf_counter() - begin + seconds > SECONDS:
            break
    return rejected


def distance_from_truth(factor: float) -> float:
    """Return how many times too large or too small a factor is, 1 or more; infinite for the factor 0."""
    return max(factor, 1 / factor if factor > 0 else float("inf"))
