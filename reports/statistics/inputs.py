"""What every function here asks of its arguments.

A wrong shape or an infinite value is the caller's mistake and raises `NasbenchError`. Missing values (NaN), no runs or a
run count that differs are facts about a study, and make the result `Undefined`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize
from nasbench.ties import tolerance

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

LARGEST = 1e100
"""Greatest magnitude of a score that is computed with: sums of cubes of what is beyond it are no numbers."""


def as_array(values: ArrayLike, ndim: int, what: str) -> FloatArray:
    """Return `values` as a float array of `ndim` axes; NaN marks what is missing.

    Raises:
        NasbenchError: another number of axes, or an infinite value.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != ndim:
        raise NasbenchError(f"{what} must have {ndim} axes, and has {array.ndim} (shape {array.shape}).")
    if np.isinf(array).any():
        raise NasbenchError(f"{what} holds an infinite value; mark a missing value as NaN, a censored one as censored.")
    return array


def incomplete(array: FloatArray, what: str, least: int = 1) -> Undefined | None:
    """Return why `array` determines nothing (too few along the first axis, missing values), or None where it does."""
    if array.size == 0 or array.shape[0] < least:
        return Undefined(
            f"{what} has {pluralize(array.shape[0] if array.size else 0, 'run')}, and at least {least} are needed"
        )
    if missing := int(np.isnan(array).sum()):
        return Undefined(f"{missing} of {array.size} values of {what} are missing")
    if np.abs(array).max() > LARGEST:
        return Undefined(f"{what} has values beyond {LARGEST:g}, which are too large to compute with")
    return None


def pairs(x: ArrayLike, y: ArrayLike, least: int = 1) -> tuple[FloatArray, FloatArray] | Undefined:
    """Return the scores of two methods, each `(runs,)` and paired by position, or why there are none to compare."""
    first, second = as_array(x, 1, "x"), as_array(y, 1, "y")
    if problem := incomplete(first, "x", least) or incomplete(second, "y", least):
        return problem
    if first.size != second.size:
        return Undefined(f"a paired test needs the same runs of both, and there are {first.size} and {second.size}")
    return first, second


def check_level(level: float) -> None:
    """Raise `NasbenchError` unless `level` is a coverage strictly between a half and one."""
    if not 0.5 < level < 1.0:
        raise NasbenchError(f"A confidence level lies between 0.5 and 1, as 0.95 does; got {level}.")


@dataclass(frozen=True)
class CensoredTimes:
    """Times (or queries) to a target, one a run; a run that stopped before it is right-censored.

    Attributes:
        time: `(runs,)`, the cost at the target where it was reached, else the cost at which the run stopped; >= 0.
        observed: `(runs,)`, True where the target was reached.
        unit: of the times, for sentences; empty where they count things such as queries.
    """

    time: FloatArray
    observed: BoolArray
    unit: str = ""

    def __post_init__(self) -> None:
        """Check and convert.

        Raises:
            NasbenchError: shapes differ, a time is negative, missing or infinite, or `observed` is not boolean.
        """
        time, observed = as_array(self.time, 1, "time"), np.asarray(self.observed)
        if observed.dtype != np.bool_ and observed.size:
            raise NasbenchError(f"observed must be boolean, True where the target was reached; got {observed.dtype}.")
        if observed.shape != time.shape:
            raise NasbenchError(f"time has {time.size} runs and observed {observed.size}; they must be the same runs.")
        if np.isnan(time).any() or (time < 0).any():
            raise NasbenchError("Every run needs a time >= 0: the cost at the target, or at which the run stopped.")
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "observed", observed.astype(bool))

    @property
    def runs(self) -> int:
        """The number of runs, censored ones included."""
        return int(self.time.size)

    @property
    def events(self) -> int:
        """The number of runs that reached the target."""
        return int(self.observed.sum())

    def until(self, horizon: float, ended: BoolArray | None = None) -> CensoredTimes:
        """Return the same runs followed up to a horizon: what was reached beyond it counts as not reached.

        Args:
            horizon: cost up to which runs are followed.
            ended: `(runs,)`, True where a run had ended for good and not because its budget was spent. Where it had not reached the target by
                then, it never would have: it is known not to have reached it at the horizon.
        """
        early = self.time <= horizon + tolerance(self.time, horizon)
        time = self.time if ended is None else np.where(ended & ~self.observed, horizon, self.time)
        return CensoredTimes(np.minimum(time, horizon), self.observed & early, self.unit)

    def words(self, time: float) -> str:
        """Return a time with its unit."""
        return f"{time:g} {self.unit}".rstrip()
