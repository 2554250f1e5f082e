"""Time limit of a call, and remaining time of a plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nasbench.live.evidence.cost import duration

EVERY = 60.0
"""Seconds between progress lines."""


class TimeBudgetExhaustedError(Exception):
    """The time limit of a call is reached; results so far are kept."""


@dataclass
class Clock:
    """Epoch callback that raises at the deadline and occasionally reports the remaining time.

    Attributes:
        deadline: value of `time.monotonic()` after which no epoch starts.
        left: remaining operations of the plan.
        reporter: callback for messages.
    """

    deadline: float
    left: float
    reporter: Callable[[str], None]
    _epoch: float = 0.0
    _began: float | None = None
    _done: float = 0.0
    _seconds: float = 0.0
    _told: float | None = None

    def expect(self, operations: float) -> None:
        """Set the cost of the following epochs."""
        self._epoch, self._began = operations, None

    def skip(self, epochs: int) -> None:
        """Account for epochs of an earlier call, at the cost given to `expect`."""
        self.left -= epochs * self._epoch

    def __call__(self) -> None:
        """Raise TimeBudgetExhaustedError at the deadline."""
        now = time.monotonic()
        if self._began is not None:
            self._done += self._epoch
            self._seconds += now - self._began
        if now >= self.deadline:
            raise TimeBudgetExhaustedError
        self._began = now
        self._told = now if self._told is None else self._told
        if self._done and now - self._told >= EVERY:
            self._told = now
            rate = self._done / self._seconds
            rest = max(self.left - self._done, 0.0)
            self.reporter(f"{rate / 1e12:.3g} TFLOP/s; at most {duration(rest / rate)} left, search and deciding seeds")
