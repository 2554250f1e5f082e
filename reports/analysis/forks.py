"""Work that several processes share: each inherits everything that is in memory, and sends back what it made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from nasbench.errors import NasbenchError

T = TypeVar("T")


def in_forks(tasks: Sequence[Callable[[], T]], jobs: int, done: Callable[[], None] = lambda: None) -> list[T]:
    """Return the results of tasks, in order, made by `jobs` processes; by this one alone where processes cannot be forked.

    Args:
        tasks: they may be closures on anything; their results are pickled.
        jobs: number of processes.
        done: called after each task.

    Raises:
        NasbenchError: if a process ended before its work was done.
    """
    jobs = min(jobs, len(tasks))
    results: list[Any] = [None] * len(tasks)
    if jobs < 2 or "fork" not in get_all_start_methods():
        for number, task in enumerate(tasks):
            results[number] = task()
            done()
        return results
    context = get_context("fork")
    left: dict[Any, list[int]] = {}
    processes = []
    for first in range(jobs):
        receiver, sender = context.Pipe(duplex=False)
        numbers = list(range(first, len(tasks), jobs))
        process = context.Process(target=_work, args=([tasks[i] for i in numbers], sender), daemon=True)
        process.start()
        sender.close()
        left[receiver] = numbers
        processes.append(process)
    while left:
        for ready in wait(list(left)):
            source: Any = ready
            try:
                made, fault = source.recv()
            except EOFError:
                raise NasbenchError(
                    "A process of the report ended early, perhaps for lack of memory; try --jobs 1."
                ) from None
            if fault is not None:
                raise fault
            results[left[source].pop(0)] = made
            done()
            if not left[source]:
                del left[source]
    for process in processes:
        process.join()
    return results


def _work(tasks: Sequence[Callable[[], Any]], sender: Connection) -> None:
    for task in tasks:
        try:
            answer: tuple[Any, BaseException | None] = task(), None
        except Exception as fault:
            answer = None, fault
        sender.send(answer)
        if answer[1] is not None:
            break
    sender.close()
