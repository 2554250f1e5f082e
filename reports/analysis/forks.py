"""Work that several processes share: each inherits everything that is in memory, and sends back what it made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

from nasbench.errors import NasbenchError

T = TypeVar("T")


def in_forks(tasks: Sequence[Callable[[], T]], jobs: int) -> list[T]:
    """Return the results of tasks, in order, made by `jobs` processes; by this one alone where processes cannot be forked.

    Tasks may be closures on anything; their results are pickled.

    Raises:
        NasbenchError: if a process ended before its work was done.
    """
    jobs = min(jobs, len(tasks))
    if jobs < 2 or "fork" not in get_all_start_methods():
        return [task() for task in tasks]
    context = get_context("fork")
    started = []
    for first in range(jobs):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(tasks[first::jobs], sender), daemon=True)
        process.start()
        sender.close()
        started.append((process, receiver))
    results: list[Any] = [None] * len(tasks)
    for first, (process, receiver) in enumerate(started):
        try:
            made, fault = receiver.recv()
        except EOFError:
            raise NasbenchError(
                "A process of the report ended early, perhaps for lack of memory; try --jobs 1."
            ) from None
        process.join()
        if fault is not None:
            raise fault
        results[first::jobs] = made
    return results


def _work(tasks: Sequence[Callable[[], Any]], sender: Any) -> None:
    try:
        answer: tuple[Any, BaseException | None] = [task() for task in tasks], None
    except Exception as fault:
        answer = None, fault
    sender.send(answer)
    sender.close()
