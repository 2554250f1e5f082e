"""Equivalence by two one-sided t tests (TOST): is the difference inside a margin that was stated in advance?

Source: Schuirmann 1987; Lakens 2017, "Equivalence Tests". Absence of a significant difference is not equivalence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import as_array, incomplete, pairs
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.ties import differences, is_constant, tolerance


@dataclass(frozen=True)
class Equivalence:
    """The outcome of a TOST.

    Attributes:
        difference: mean of x minus that of y, in the units of the scores.
        interval: the 1 - 2 alpha interval of the difference; equivalence is the interval lying inside the margin.
        p_value: the larger of the two one-sided p-values.
        margin: differences up to this, either way, count as equivalent.
        equivalent: p_value < alpha.
        alpha: error of the first kind, to call equivalent what is not.
        degrees: degrees of freedom.
        method: the t test it is built on.
    """

    difference: float
    interval: Interval
    p_value: float
    margin: float
    equivalent: bool
    alpha: float
    degrees: float
    method: str


def paired(x: ArrayLike, y: ArrayLike, margin: float, *, alpha: float = 0.05) -> Equivalence | Undefined:
    """Test whether paired scores `(runs,)` have equal means up to `margin`.

    Raises:
        NasbenchError: a margin that is not positive, alpha outside 0 to 0.25.
    """
    both = pairs(x, y, 2)
    if isinstance(both, Undefined):
        return both
    first, second = both
    difference = differences(first, second)
    if is_constant(difference, tolerance(first, second)):
        return Undefined(f"all pairs differ by exactly {difference[0]:g}, so a t test has no variance to judge by")
    error = float(difference.std(ddof=1)) / np.sqrt(difference.size)
    return from_difference(float(difference.mean()), float(error), difference.size - 1.0, margin, alpha, "paired t")


def welch(x: ArrayLike, y: ArrayLike, margin: float, *, alpha: float = 0.05) -> Equivalence | Undefined:
    """Test whether two independent samples `(runs,)` have equal means up to `margin`; variances and counts may differ.

    Raises:
        NasbenchError: a margin that is not positive, alpha outside 0 to 0.25.
    """
    second = as_array(y, 1, "y")
    if problem := incomplete(second, "y", 2):
        return problem
    return published(x, float(second.mean()), float(second.std(ddof=1)), second.size, margin, alpha=alpha)


def published(
    x: ArrayLike, mean: float, deviation: float, n: int, margin: float, *, alpha: float = 0.05
) -> Equivalence | Undefined:
    """Test whether a sample `(runs,)` has the mean of a published one up to `margin` (Welch).

    Args:
        x: the reproduced runs.
        mean: the published mean, in the units of `x`.
        deviation: the published standard deviation over runs (not the standard error), with n - 1.
        n: the published number of runs.
        margin: stated in advance, > 0.
        alpha: error of the first kind.

    Raises:
        NasbenchError: a margin that is not positive, alpha outside 0 to 0.25, a negative deviation, under two runs.
    """
    if not (np.isfinite(mean) and 0.0 <= deviation < np.inf and n >= 2):
        raise NasbenchError(
            f"A published result needs a mean, a standard deviation >= 0 and n >= 2; got {mean}, {deviation}, {n}."
        )
    sample = as_array(x, 1, "x")
    if problem := incomplete(sample, "x", 2):
        return problem
    own = 0.0 if is_constant(sample) else float(sample.var(ddof=1)) / sample.size
    other = deviation**2 / n
    difference = float(sample.mean()) - mean
    if own + other == 0.0:
        return Undefined(
            f"neither side varies and the means differ by {difference:g}, so a t test has no variance to judge by"
        )
    degrees = (own + other) ** 2 / (own**2 / (sample.size - 1) + other**2 / (n - 1))
    return from_difference(difference, float(np.sqrt(own + other)), degrees, margin, alpha, "Welch t")


def from_difference(
    difference: float, error: float, degrees: float, margin: float, alpha: float, method: str
) -> Equivalence:
    """Test whether a difference with this standard error lies inside the margin.

    Args:
        difference: of the means, in the units of the scores.
        error: its standard error, > 0.
        degrees: of freedom; infinite where the variance is known.
        margin: stated in advance, > 0.
        alpha: error of the first kind.
        method: the t test that it is built on.

    Raises:
        NasbenchError: a margin that is not positive, alpha outside 0 to 0.25.
    """
    if not 0.0 < margin < np.inf:
        raise NasbenchError(f"The margin of an equivalence test is a positive number; got {margin}.")
    if not 0.0 < alpha < 0.25:
        raise NasbenchError(f"The error of an equivalence test lies between 0 and 0.25, as 0.05 does; got {alpha}.")
    from scipy.special import stdtr, stdtrit

    above = float(stdtr(degrees, -(difference + margin) / error))
    below = float(stdtr(degrees, (difference - margin) / error))
    p_value = max(above, below)
    reach = -float(stdtrit(degrees, alpha)) * error
    bounds = Interval(difference - reach, difference + reach, 1.0 - 2.0 * alpha)
    return Equivalence(difference, bounds, p_value, margin, p_value < alpha, alpha, degrees, method)
