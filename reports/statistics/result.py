"""The one convention for results: a value where the data determine it, `Undefined` with the reason where they do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """The honest answer where the data determine no number.

    Attributes:
        reason: one clause a reader understands, "30 of 30 runs are censored, so ..."; printed where the number would be.
    """

    reason: str

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval, in the units of what it is about.

    Attributes:
        level: nominal coverage, 0.95 for 95 %.
    """

    lower: float
    upper: float
    level: float


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
