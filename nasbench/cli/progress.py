"""Progress of long commands on standard error: a bar on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread

Report = Callable[[float, int], None]
"""Callback with the amount done (possibly fractional) and the total."""

OFTEN = 10.0
"""Minimum seconds between two lines."""
SELDOM = 60.0
"""Maximum seconds between two lines."""


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Show progress on standard error while a command runs; yields the callback for reporting it."""
    with (_bar if sys.stderr.isatty() else lines)(what) as report:
        yield report


@contextmanager
def _bar(what: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, *times, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def lines(what: str, often: float = OFTEN, seldom: float = SELDOM) -> Iterator[Report]:
    """Print a line on progress, at most every `often` seconds and at least every `seldom` seconds."""
    log = _Log(what, often)
    over = Event()

    def keep_up() -> None:
        while not over.wait(seldom / 10):
            log.print_after(seldom)

    Thread(target=keep_up, daemon=True).start()
    try:
        yield log.report
    finally:
        over.set()


class _Log:
    """Records progress and prints it."""

    def __init__(self, what: str, often: float) -> None:
        self._what, self._often = what, often
        self._started = self._printed = time.monotonic()
        self._first, self._done, self._total, self._shown = -1.0, 0.0, 0, 0
        self._lock = Lock()

    def report(self, done: float, total: int) -> None:
        """Record progress; print a line if a unit was finished and the last line is old enough."""
        if self._first < 0:
            self._first = done
            self._shown = int(done)
        self._done, self._total = done, total
        if int(done) > self._shown:
            self.print_after(self._often)

    def print_after(self, seconds: float) -> None:
        """Print a line if the last one, or the start, is at least that many seconds ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._printed < seconds:
                return
            self._printed, self._shown = now, int(self._done)
            print(f"nasbench: {self._line(now - self._started)}", file=sys.stderr, flush=True)

    def _line(self, gone: float) -> str:
        so_far = f"{int(self._done)} of {self._total} done, " if self._total else ""
        line = f"{self._what}: {so_far}{_clock(gone)} gone"
        new = self._done - max(self._first, 0.0)
        return f"{line}, about {_clock(gone * (self._total - self._done) / new)} left" if new > 0 else line


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
