"""The one convention for results: a value where the data determine it, `Undefined` with the reason where they do not.

What is read off an undefined result, or computed from it, is undefined for the same reason: `Undefined` answers to the names that an
`Estimate` and a `HypothesisTest` have, so that a computation with either needs no branch for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Undefined:
    """The answer where the data determine no number.

    Attributes:
        reason: one clause a reader understands, "30 of 30 runs are censored, so ..."; printed where the number would be.
    """

    reason: str

    def __str__(self) -> str:
        return f"undefined: {self.reason}"

    @property
    def value(self) -> Undefined:
        """Itself: no value, and no interval, bound or p-value, for the same reason."""
        return self

    interval = lower = upper = p_value = value

    def map(self, change: Callable[[float], float]) -> Undefined:
        """Return itself."""
        return self


ONE_RUN = Undefined("one run shows no variation between runs")


def if_defined(value: T | Undefined, change: Callable[[T], S]) -> S | Undefined:
    """Return a function of a value, or why there is none."""
    return value if isinstance(value, Undefined) else change(value)


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval, in the units of what it is about.

    Attributes:
        level: nominal coverage, 0.95 for 95%.
    """

    lower: float
    upper: float
    level: float

    def map(self, change: Callable[[float], float]) -> Interval:
        """Return the interval of a monotone function of the quantity."""
        lower, upper = sorted((change(self.lower), change(self.upper)))
        return Interval(lower, upper, self.level)


@dataclass(frozen=True)
class Estimate:
    """A point estimate, with its interval where one can be had.

    Attributes:
        value: the estimate.
        interval: its confidence interval, or why there is none (one run, say).
        n: independent observations it rests on.
    """

    value: float
    interval: Interval | Undefined
    n: int

    def map(self, change: Callable[[float], float]) -> Estimate:
        """Return the estimate of a monotone function of the quantity, its interval with it."""
        return Estimate(change(self.value), self.interval.map(change), self.n)


@dataclass(frozen=True)
class HypothesisTest:
    """The outcome of a significance test.

    Attributes:
        statistic: the test statistic, as the method's source defines it.
        p_value: two-sided unless the function says otherwise.
        n: observations used, after what the method discards.
        method: the field's name of the test and of the reference distribution.
    """

    statistic: float
    p_value: float
    n: int
    method: str
