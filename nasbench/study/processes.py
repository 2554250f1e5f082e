"""Work in several processes, which leave interrupts to this one and end when it is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Thread, current_thread, main_thread
from typing import TypeVar

from nasbench.registered import carrying

T = TypeVar("T")
R = TypeVar("R")


def in_processes(function: Callable[[T], R], units: Sequence[T], jobs: int) -> Iterator[R]:
    """Apply a function to units in so many processes, or in this one; units go out in order, results come as they finish."""
    if jobs == 1 or len(units) < 2:
        return (function(unit) for unit in units)
    from joblib import Parallel, delayed

    # Large units are not batched.
    parallel = Parallel(n_jobs=min(jobs, len(units)), return_as="generator_unordered", batch_size=1)
    carry = carrying(_in_worker)
    with _interrupts_ignored():
        results: Iterator[R] = parallel(delayed(carry)(os.getpid(), function, unit) for unit in units)
    return results


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that leave an interrupt to this one from their first moment on: they inherit that it is ignored.

    An interrupt within these milliseconds is lost. In a thread nothing is changed, as Python lets the main one alone do so.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _in_worker(parent: int, function: Callable[[T], R], unit: T) -> R:
    if os.getpid() != parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a worker that was started later, in place of one that ended
        _end_with(parent)
    return function(unit)


@cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent is gone, which may have been killed and have told nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
