"""Work on a Dask cluster: pieces go out, their results come back as bytes, and whatever a lost worker held is done again.

A piece names its benchmark; the worker opens the table from its own cache, so that no table travels, and refuses the work where its
table or its packages differ from the client's. No file system is shared.

Scheduler, workers and client trust each other with everything: what travels are pickles, and whoever reads a pickle runs what it says.
Who reaches the port of a scheduler or a worker can run anything on all of these machines, and a scheduler can on the client's. So a
cluster belongs on a network of one's own, or under TLS, where only holders of certificates of one authority can talk (`tls://`).
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
"""Packages whose versions, with Python's, decide the bytes of a trace."""

SCHEDULER_SECONDS = 60.0
"""How long a scheduler may leave a question open before the work stops."""

WORKER_SECONDS = 60.0
"""How long a cluster may have no worker before the work stops."""

IN_FLIGHT = 3
"""Pieces sent out for each thread of the cluster: enough that none waits, few enough that results never pile up."""

PIECE_SECONDS = 0.5
"""Calls that are shorter travel together, up to about this time a piece, since the way of a piece costs milliseconds."""

_ONE_AT_A_TIME = Lock()

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A piece of work: `function(*arguments)`, which opens `benchmark`."""

    function: Callable[..., Any]
    benchmark: str
    arguments: tuple


@dataclass(frozen=True)
class _Piece:
    """What travels to a worker: calls with their positions, and what must be equal there for equal bytes."""

    calls: tuple[tuple[int, Call], ...]
    checksums: dict[str, str]
    versions: dict[str, str | None]


@dataclass(frozen=True)
class _Done:
    """What comes back: results with their positions, the fault that ended the piece early, and the seconds of its calls."""

    results: list[tuple[int, Any]]
    fault: NasbenchError | None
    seconds: float


class Cluster:
    """A connection to a scheduler; `connect` makes one.

    Args:
        client: connected `distributed.Client`.
        address: of the scheduler, as the user knows it.
        patience: seconds without any worker after which the work stops.
        say: takes a sentence for the user.
    """

    def __init__(self, client: Any, address: str, patience: float, say: Callable[[str], None]) -> None:
        self._client = client
        self._address = address
        self._patience = patience
        self._say = say
        self._versions: dict[str, str | None] = {}

    def check(self) -> None:
        """Wait for a worker, and compare versions with the scheduler's and with those of every worker that is there.

        Raises:
            NasbenchError: if no worker comes, or one has other versions, naming it.
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
        """Make calls on the workers; yield (position, result) as they finish, each call once, whatever joins, leaves or is killed.

        Raises:
            NasbenchError: what a call raises; or if workers are gone for good, die of the same calls again and again, or the
                scheduler is lost.
        """
        from distributed import KilledWorker

        waiting = enumerate(calls)
        out: set[Any] = set()
        finished: SimpleQueue[Any] = SimpleQueue()
        calls_a_piece = 1
        try:
            while self._send(waiting, calls_a_piece, out, finished):
                futures = self._finished(finished)
                done: list[_Done] = self._client.gather(futures)
                out.difference_update(futures)
                for piece in done:
                    yield from piece.results
                    if piece.fault is not None:
                        raise piece.fault
                    calls_a_piece = max(1, int(PIECE_SECONDS * len(piece.results) / piece.seconds))
        except KilledWorker as fault:
            raise NasbenchError(
                f"{fault.allowed_failures + 1} workers died of the same piece of work, the last of them {fault.last_worker.address}; "
                "see that workers have memory enough, and run again: what is done stays."
            ) from None
        except ImportError as fault:
            raise NasbenchError(
                f"A worker cannot import {fault.name}; start workers in the environment of this client."
            ) from None
        except (OSError, CancelledError):
            raise NasbenchError(
                f"The connection to the scheduler {self._address} was lost; what is done stays, and the same command goes on from there."
            ) from None

    def _send(
        self, waiting: Iterator[tuple[int, Call]], calls_a_piece: int, out: set[Any], finished: SimpleQueue[Any]
    ) -> bool:
        """Fill the cluster up; return whether anything is out."""
        room = max(2, IN_FLIGHT * sum(self._threads().values())) - len(out)
        pieces: list[_Piece] = []
        while len(pieces) < room and (calls := tuple(islice(waiting, calls_a_piece))):
            checksums = {name: get_searchable(name).checksum for name in {call.benchmark for _, call in calls}}
            pieces.append(_Piece(calls, checksums, self._versions))
        if pieces:
            for future in self._client.map(_obey, pieces, pure=False, key="nasbench"):
                out.add(future)
                future.add_done_callback(finished.put)
        return bool(out)

    def _finished(self, finished: SimpleQueue[Any]) -> list[Any]:
        """Wait for the next futures that are done, looking after the workers meanwhile."""
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
        """Return the threads of each worker."""
        return self._ask(self._client.nthreads)

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return within(SCHEDULER_SECONDS, question)
        except TimeoutError:
            raise NasbenchError(
                f"The scheduler {self._address} has not answered for {SCHEDULER_SECONDS:g} s; what is done stays, "
                "and the same command goes on from there."
            ) from None

    def _await_worker(self) -> None:
        """Return as soon as there is a worker.

        Raises:
            NasbenchError: if there is none for as long as patience lasts.
        """
        if self._threads():
            return
        self._say(
            f"The cluster {self._address} has no worker; waiting {self._patience:g} s for one (`dask worker {self._address}`)."
        )
        deadline = time.monotonic() + self._patience
        while not self._threads():
            if time.monotonic() > deadline:
                raise NasbenchError(
                    f"No worker joined the cluster {self._address} within {self._patience:g} s; start one with `dask worker {self._address}`."
                )
            time.sleep(0.1)


@contextmanager
def connect(
    address: str | None,
    *,
    jobs: int = 1,
    patience: float = WORKER_SECONDS,
    certificates: Path | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Cluster | None]:
    """Connect to a scheduler, or start a local one, and see that its workers can do the work.

    Args:
        address: of a scheduler, such as `tcp://HOST:8786` or `tls://HOST:8786`; or `LOCAL`; None for no cluster, and then None is yielded.
        jobs: workers of a local cluster, each a process of one thread.
        patience: seconds without any worker after which the work stops.
        certificates: folder of those for `tls://`; see `nasbench.study.scheduler.security`.
        say: takes a sentence for the user, such as that the work waits for workers.

    Raises:
        NasbenchError: if the extra is not installed, nothing answers at the address, no worker joins, or versions differ.
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
    if not patience >= 0:
        raise NasbenchError(f"The seconds to wait for a worker are {patience:g}; they should be 0 or more.")
    silence_logging_cmgr = require_extra("cluster", "distributed.utils").silence_logging_cmgr
    with silence_logging_cmgr(logging.CRITICAL), _client(address, jobs, certificates) as client:
        cluster = Cluster(client, client.scheduler.address if address == LOCAL else address, patience, say)
        cluster.check()
        yield cluster


@contextmanager
def _client(address: str, jobs: int, certificates: Path | None) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    class Quiet(Client):
        """One that was never connected has nothing to say when it is collected."""

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
                # Versions are compared by `check`, which says it in a sentence.
                warnings.filterwarnings("ignore", message="Mismatched versions found")
                client = Quiet(local or address, **how)
        except (OSError, ValueError):
            raise no_scheduler(address) from None
        try:
            if local is not None:
                client.run(_ignore_interrupts)
            yield client
        finally:
            with suppress(Exception):  # of a scheduler that is gone there is nobody to take leave
                within(2 * CONNECT_SECONDS, client.close)


def _ignore_interrupts() -> None:
    """Leave an interrupt to the process that started this one; runs on a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _obey(piece: _Piece) -> _Done:
    """Make the calls of a piece; runs on a worker."""
    from distributed import get_worker
    from distributed.versions import get_versions

    worker = f"Worker {get_worker().address}"
    results: list[tuple[int, Any]] = []
    # The work is of one thread, and limits on the threads of linear algebra hold for a process.
    with _ONE_AT_A_TIME:
        started = time.perf_counter()
        try:
            # A worker that joined late has not been looked at.
            _refuse_other_versions(worker, get_versions(packages=COMPARED), piece.versions)
            _refuse_other_tables(worker, piece.checksums)
            for position, call in piece.calls:
                results.append((position, call.function(*call.arguments)))
        except NasbenchError as fault:
            return _Done(results, fault, time.perf_counter() - started)
        return _Done(results, None, time.perf_counter() - started)


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
