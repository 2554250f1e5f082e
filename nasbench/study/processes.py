"""Worker processes that leave interrupts to the parent process and end with it."""

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
    """Apply a function to units in `jobs` processes, or in this one; units are submitted in order, and results returned
    as they finish.
    """
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
    """Start processes that ignore interrupts from the beginning: they inherit the signal handler.

    An interrupt during these milliseconds is lost. Outside the main thread nothing is changed, since Python only allows
    the main thread to set handlers.
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # for workers started later to replace one that ended
        _end_with(parent)
    return function(unit)


@cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent has ended, possibly killed without notice."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
