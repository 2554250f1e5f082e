"""Execution on a Dask cluster: tasks are sent to workers, results return as bytes, and tasks of lost workers are
repeated.

A task names its benchmark; the worker opens the table from its own cache, so that no table is transferred, and refuses
the task if its table or packages differ from the client's. No shared file system is needed.

Scheduler, workers and client must trust each other: they exchange pickles, which can execute arbitrary code. Anyone who
can reach the port of a scheduler or worker can run code on all of these machines, and a scheduler can on the client's.
Use a private network, or TLS with certificates of a common authority (`tls://`).
"""

from __future__ import annotations

import logging
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.study.scheduler import CONNECT_SECONDS, LOCAL, identify, no_scheduler, security, within

COMPARED = ("nas-verify", "numpy", "scipy", "pyarrow", "pymoo", "moocore")
"""Packages whose versions, like that of Python, may affect the bytes of a trace."""

SCHEDULER_SECONDS = 60.0
"""Seconds without an answer of the scheduler after which the work stops."""

WORKER_SECONDS = 60.0
"""Seconds without any worker after which the work stops."""

IN_FLIGHT = 3
"""Tasks in flight per thread of the cluster: enough to keep it busy, few enough that results do not accumulate."""

TASK_SECONDS = 0.5
"""Short calls are batched into tasks of about this many seconds, since each task has an overhead of milliseconds."""

_ONE_AT_A_TIME = Lock()

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A call `function(*arguments)`, which opens `benchmark`."""

    function: Callable[..., Any]
    benchmark: str
    arguments: tuple


@dataclass(frozen=True)
class _Task:
    """A task sent to a worker: calls with their positions, and the versions that must match."""

    calls: tuple[tuple[int, Call], ...]
    checksums: dict[str, str]
    versions: dict[str, str | None]


@dataclass(frozen=True)
class _TaskResult:
    """The result of a task: results with their positions, the error that ended it early, and the seconds of its calls."""

    results: list[tuple[int, Any]]
    fault: NasbenchError | None
    seconds: float


class Cluster:
    """A connection to a scheduler, created by `connect`.

    Args:
        client: connected `distributed.Client`.
        address: address of the scheduler as given by the user.
        worker_timeout: seconds without any worker after which the work stops.
        say: callback for messages to the user.
    """

    def __init__(self, client: Any, address: str, worker_timeout: float, say: Callable[[str], None]) -> None:
        self._client = client
        self._address = address
        self._worker_timeout = worker_timeout
        self._say = say
        self._versions: dict[str, str | None] = {}

    def check(self) -> None:
        """Wait for a worker, and compare versions with those of the scheduler and all connected workers.

        Raises:
            NasbenchError: if no worker connects, or one has other versions.
        """
        self._await_worker()
        found = self._ask(lambda: self._client.get_versions(packages=list(COMPARED)))
        self._versions = _compared(found["client"])
        for what, other in [("The scheduler", found["scheduler"]), *sorted(found["workers"].items())]:
            if isinstance(other, dict):
                _refuse_other_versions(what if other is found["scheduler"] else f"Worker {what}", other, self._versions)
        wide = {worker: threads for worker, threads in self._threads().items() if threads > 1}
        for worker, threads in sorted(wide.items()):
            self._say(
                f"Worker {worker} has {threads} threads and will use one; start `dask worker --nworkers {threads} --nthreads 1`."
            )

    def map(self, calls: Iterable[Call]) -> Iterator[tuple[int, Any]]:
        """Run calls on the workers; yield (position, result) as they finish, each call once, even if workers join,
        leave or are killed.

        Raises:
            NasbenchError: as raised by a call; or if all workers are lost, die repeatedly in the same calls, or the
                scheduler is lost.
        """
        from distributed import KilledWorker

        waiting = enumerate(calls)
        out: set[Any] = set()
        finished: SimpleQueue[Any] = SimpleQueue()
        calls_per_task = 1
        try:
            while self._send(waiting, calls_per_task, out, finished):
                futures = self._finished(finished)
                done: list[_TaskResult] = self._client.gather(futures)
                out.difference_update(futures)
                for task in done:
                    yield from task.results
                    if task.fault is not None:
                        raise task.fault
                    calls_per_task = max(1, int(TASK_SECONDS * len(task.results) / task.seconds))
        except KilledWorker as fault:
            raise NasbenchError(
                f"{fault.allowed_failures + 1} workers died while running the same task, the last of them {fault.last_worker.address}; "
                "make sure that workers have enough memory, and run again: finished work is kept."
            ) from None
        except ImportError as fault:
            raise NasbenchError(
                f"A worker cannot import {fault.name}; start workers in the environment of this client."
            ) from None
        except (OSError, CancelledError):
            raise NasbenchError(
                f"The connection to the scheduler {self._address} was lost; finished work is kept, and the same command resumes."
            ) from None

    def _send(
        self, waiting: Iterator[tuple[int, Call]], calls_per_task: int, out: set[Any], finished: SimpleQueue[Any]
    ) -> bool:
        """Submit tasks up to the limit; return whether any are pending."""
        room = max(2, IN_FLIGHT * sum(self._threads().values())) - len(out)
        tasks: list[_Task] = []
        while len(tasks) < room and (calls := tuple(islice(waiting, calls_per_task))):
            checksums = {name: get_searchable(name).checksum for name in {call.benchmark for _, call in calls}}
            tasks.append(_Task(calls, checksums, self._versions))
        if tasks:
            for future in self._client.map(_execute, tasks, pure=False, key="nasbench"):
                out.add(future)
                future.add_done_callback(finished.put)
        return bool(out)

    def _finished(self, finished: SimpleQueue[Any]) -> list[Any]:
        """Wait for the next finished futures while monitoring the workers."""
        done: list[Any] = []
        while not done:
            try:
                done.append(finished.get(timeout=1))
            except Empty:
                self._await_worker()
        while not finished.empty():
            done.append(finished.get())
        return done

    def _threads(self) -> dict[str, int]:
        """Return the number of threads of each worker."""
        return self._ask(self._client.nthreads)

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return within(SCHEDULER_SECONDS, question)
        except TimeoutError:
            raise NasbenchError(
                f"The scheduler {self._address} has not answered for {SCHEDULER_SECONDS:g} s; finished work is kept, "
                "and the same command resumes."
            ) from None

    def _await_worker(self) -> None:
        """Wait until there is a worker.

        Raises:
            NasbenchError: if none connects in time.
        """
        if self._threads():
            return
        self._say(
            f"The cluster {self._address} has no worker; waiting {self._worker_timeout:g} s for one (`dask worker {self._address}`)."
        )
        deadline = time.monotonic() + self._worker_timeout
        while not self._threads():
            if time.monotonic() > deadline:
                raise NasbenchError(
                    f"No worker joined the cluster {self._address} within {self._worker_timeout:g} s; start one with `dask worker {self._address}`."
                )
            time.sleep(0.1)


@contextmanager
def connect(
    address: str | None,
    *,
    jobs: int = 1,
    worker_timeout: float = WORKER_SECONDS,
    certificates: Path | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Cluster | None]:
    """Connect to a scheduler, or start a local one, and check its workers.

    Args:
        address: a scheduler's address, such as `tcp://HOST:8786` or `tls://HOST:8786`, or `LOCAL`; for None, no cluster
            is used and None is yielded.
        jobs: number of workers of a local cluster, each a single-threaded process.
        worker_timeout: seconds without any worker after which the work stops.
        certificates: folder with certificates for `tls://`; see `nasbench.study.scheduler.security`.
        say: callback for messages to the user, such as that no worker is connected.

    Raises:
        NasbenchError: if the extra is not installed, the scheduler does not answer, no worker connects, or versions
            differ.
    """
    if certificates is not None and address in (None, LOCAL):
        raise NasbenchError(
            "--cluster-tls is of a scheduler at tls://HOST:PORT; give --cluster its address, or leave it out."
        )
    if address is None:
        yield None
        return
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    if not worker_timeout >= 0:
        raise NasbenchError(f"The seconds to wait for a worker are {worker_timeout:g}; they should be 0 or more.")
    silence_logging_cmgr = require_extra("cluster", "distributed.utils").silence_logging_cmgr
    with silence_logging_cmgr(logging.CRITICAL), _client(address, jobs, certificates) as client:
        cluster = Cluster(client, client.scheduler.address if address == LOCAL else address, worker_timeout, say)
        cluster.check()
        yield cluster


@contextmanager
def _client(address: str, jobs: int, certificates: Path | None) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    class Quiet(Client):
        """A client that was never connected must not log anything when it is garbage-collected."""

        def __del__(self) -> None:
            with suppress(Exception):
                super().__del__()

    quiet = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    how: dict[str, Any] = {"timeout": CONNECT_SECONDS, "set_as_default": False}
    if address == LOCAL:
        local = LocalCluster(n_workers=jobs, threads_per_worker=1, memory_limit=0, **quiet)
    else:
        local, how["security"] = None, security(address, certificates)
        identify(address, how["security"])
    with local or nullcontext():
        try:
            with warnings.catch_warnings():
                # Versions are compared by `check`, which reports differences in one sentence.
                warnings.filterwarnings("ignore", message="Mismatched versions found")
                client = Quiet(local or address, **how)
        except (OSError, ValueError):
            raise no_scheduler(address) from None
        try:
            if local is not None:
                client.run(_ignore_interrupts)
            yield client
        finally:
            with suppress(Exception):  # a lost scheduler cannot be notified
                within(2 * CONNECT_SECONDS, client.close)


def _ignore_interrupts() -> None:
    """Ignore interrupts, which the parent process handles; runs on a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _execute(task: _Task) -> _TaskResult:
    """Run the calls of a task; runs on a worker."""
    from distributed import get_worker
    from distributed.versions import get_versions

    worker = f"Worker {get_worker().address}"
    results: list[tuple[int, Any]] = []
    # The work is single-threaded, and thread limits of linear algebra apply to the whole process.
    with _ONE_AT_A_TIME:
        started = time.perf_counter()
        try:
            # A worker that joined late has not been checked yet.
            _refuse_other_versions(worker, get_versions(packages=COMPARED), task.versions)
            _refuse_other_tables(worker, task.checksums)
            for position, call in task.calls:
                results.append((position, call.function(*call.arguments)))
        except NasbenchError as fault:
            return _TaskResult(results, fault, time.perf_counter() - started)
        return _TaskResult(results, None, time.perf_counter() - started)


def _refuse_other_tables(worker: str, checksums: dict[str, str]) -> None:
    for benchmark, checksum in checksums.items():
        try:
            found = get_searchable(benchmark).checksum
        except NasbenchError as fault:
            raise NasbenchError(f"{worker}: {fault}") from None
        if found != checksum:
            raise NasbenchError(
                f"{worker} has another version of {benchmark} in its cache than this client; restore that table."
            )


def _compared(versions: dict[str, Any]) -> dict[str, str | None]:
    packages = versions["packages"]
    return {"python": packages["python"], **{name: packages.get(name) for name in COMPARED}}


def _refuse_other_versions(who: str, versions: dict[str, Any], wanted: dict[str, str | None]) -> None:
    found = _compared(versions)
    for name, version in wanted.items():
        if found[name] != version:
            has = f"has {name} {found[name]}" if found[name] else f"has no {name}"
            raise NasbenchError(
                f"{who} {has} and this client has {version or 'none'}; start schedulers and workers in the environment of the client."
            )
