"""The minutes of a call, and how long the rest of a plan may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nasbench.live.evidence.cost import duration

EVERY = 60.0
"""Seconds between two lines of progress."""


class TimeBudgetExhaustedError(Exception):
    """The minutes of a call are used; what was done is kept."""


@dataclass
class Clock:
    """Called before each epoch: it raises at the deadline, and says now and then how long the rest may take.

    Attributes:
        deadline: `time.monotonic()` from which on no epoch begins.
        left: operations that are left of the plan.
        reporter: takes the lines.
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
        """Take note of what an epoch costs from here on."""
        self._epoch, self._began = operations, None

    def skip(self, epochs: int) -> None:
        """Take note of epochs that an earlier call did, each of what `expect` was told."""
        self.left -= epochs * self._epoch

    def __call__(self) -> None:
        """Raise DeadlineError unless an epoch may begin."""
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
