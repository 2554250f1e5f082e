"""Detection limits: how wrong a constant has to be before the check of its claim rejects it.

A constant is multiplied by a factor, of which 1 is right, and the factor nearest to 1 that is rejected is found by bisection: a constant of
the algorithm where the mutant has one (`Mutant.scaled`: a step, a rate, a weight), else the value that the claim states
(`Verdict.restated`: a bound or a mean).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from nasbench.theory.machinery.claim import Claim, Context, Outcome, Verdict

STEPS = 6
"""Bisections at most of a constant whose check has to be repeated; each halves the logarithm of the factor."""

RESTATED_STEPS = 24
"""Bisections of a stated value, which costs nothing."""

SECONDS = 2.5
"""Processor time after which no further step is begun."""

SMALLEST, LARGEST = 0.1, 10.0
"""Factors of a stated value between which its detection limit is sought."""

STATED = "the stated value"


@dataclass(frozen=True)
class DetectionLimit:
    """The factor nearest to 1 by which a constant may not be wrong without being rejected.

    Attributes:
        factor: of the constant.
        constant: which one, in words.
    """

    factor: float
    constant: str

    @property
    def distance(self) -> float:
        """How many times too large or too small, 1 or more; infinite for the factor 0."""
        return max(self.factor, 1 / self.factor if self.factor > 0 else float("inf"))


def is_rejected(verdict: Verdict, level: float) -> bool:
    """Return whether a verdict rejects what was checked, at a level of its own where it has a p-value."""
    if verdict.p_value is None or verdict.outcome not in (Outcome.HOLDS, Outcome.VIOLATED):
        return verdict.outcome is Outcome.VIOLATED
    return verdict.p_value <= level


def find_detection_limit(claim: Claim, context: Context, level: float, seconds: float) -> DetectionLimit | None:
    """Return the detection limit of a claim; each factor is checked once, with the random numbers of the claim.

    Args:
        claim: whose check is to reject.
        context: seeds and tables.
        level: of each rejection.
        seconds: processor time that one check takes, about.

    Returns:
        The limit, or None where there is no constant, where one check takes longer than `SECONDS`, or where even the largest
        error is not rejected.
    """
    mutant, end = claim.mutant, time.process_time() + SECONDS
    if seconds > SECONDS:
        return None
    if mutant.scaled is not None and mutant.factor is not None:
        scaled = mutant.scaled
        in_time = lambda: time.process_time() + seconds < end  # noqa: E731
        rejects = lambda f: is_rejected(scaled(context, f), level)  # noqa: E731
        # A mutant that is the scaled check was rejected before its limit is sought.
        factor = _bisect(rejects, mutant.factor, STEPS, in_time, mutant.is_scaled)
        return DetectionLimit(factor, mutant.constant) if factor else None
    restated = claim.check(context).restated
    if restated is None:
        return None
    found = [
        _bisect(lambda f: is_rejected(restated(f), level), extreme, RESTATED_STEPS, lambda: True)
        for extreme in (SMALLEST, LARGEST)
    ]
    limits = [DetectionLimit(factor, STATED) for factor in found if factor is not None]
    return min(limits, key=lambda limit: limit.distance, default=None)


def _bisect(
    rejects: Callable[[float], bool], extreme: float, steps: int, in_time: Callable[[], bool], known: bool = False
) -> float | None:
    """Return the rejected factor nearest to 1 between 1 and an extreme; None where the extreme, unless it is `known`, is not rejected."""
    if not known and not rejects(extreme):
        return None
    passing, rejected = 1.0, extreme
    for _ in range(steps):
        if not in_time():
            break
        factor = sqrt(passing * rejected) if rejected > 0 else passing / 2
        passing, rejected = (passing, factor) if rejects(factor) else (factor, rejected)
    return rejected
