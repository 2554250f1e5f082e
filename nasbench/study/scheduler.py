"""The way to a Dask scheduler: what its address may be, under which certificates, and whether one answers there in time.

A client's own time limits do not hold against everything that listens on a port: the pages that a scheduler shows are on another port,
which takes the greeting and says nothing. So a scheduler is asked who it is before a client is made, and is given up when time is over.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from nasbench.errors import NasbenchError

LOCAL = "local"
"""In place of an address: a scheduler and workers of this machine, for as long as the command runs."""

CONNECT_SECONDS = 5.0
"""For a scheduler to say who it is."""

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "client.pem", "client.key"
"""Files of a folder of certificates."""

ADDRESS = re.compile(r"(?:(?P<scheme>tcp|tls)://)?(?P<host>\[[0-9a-fA-F:.%]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")

T = TypeVar("T")


def no_scheduler(address: str) -> NasbenchError:
    """Return the error for an address at which there is none."""
    return NasbenchError(
        f"No Dask scheduler answers at {address}; give the address that `dask scheduler` prints, such as tcp://HOST:8786, or {LOCAL!r}."
    )


def security(address: str, certificates: Path | None) -> Any:
    """Return how to talk to the scheduler at an address: a `distributed.Security`.

    Args:
        address: as the user gives it.
        certificates: folder with `AUTHORITY`, `CERTIFICATE` and `KEY`; None for what Dask's own configuration says.

    Raises:
        NasbenchError: if the address is none, or it and the certificates do not go together.
    """
    from distributed import Security

    found = ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise no_scheduler(address)
    encrypted = found["scheme"] == "tls"
    if certificates is not None and not encrypted:
        raise NasbenchError(f"--cluster-tls is of schedulers at tls://HOST:PORT, and {address} is none; leave it out.")
    files = [] if certificates is None else [certificates / name for name in (AUTHORITY, CERTIFICATE, KEY)]
    for file in files:
        if not file.is_file():
            raise NasbenchError(f"{file} is not there; --cluster-tls should name a folder that holds it.")
    named = dict(zip(("tls_ca_file", "tls_client_cert", "tls_client_key"), map(str, files), strict=False))
    chosen = Security(require_encryption=True, **named) if named else Security()
    if encrypted and getattr(chosen, "tls_ca_file", None) is None:
        raise NasbenchError(
            f"{address} needs certificates: --cluster-tls should name a folder with {AUTHORITY}, {CERTIFICATE} and {KEY}, "
            "or Dask's configuration should hold them (distributed.comm.tls)."
        )
    try:
        chosen.get_connection_args("client")
    except (OSError, ValueError) as fault:  # an error of ssl is an OSError
        raise NasbenchError(
            f"The certificates for {address} cannot be used ({fault}); they should be files in the PEM format."
        ) from None
    return chosen


def identify(address: str, security: Any) -> None:
    """Raise NasbenchError unless a scheduler says within `CONNECT_SECONDS` or so that it is one."""

    async def asked() -> Any:
        from distributed.comm.core import connect
        from distributed.core import send_recv

        how = security.get_connection_args("client")
        comm = await connect(address, timeout=CONNECT_SECONDS, deserialize=False, **how)
        try:
            return await send_recv(comm, op="identity")
        finally:
            comm.abort()

    try:
        limited = asyncio.wait_for
        answer = within(CONNECT_SECONDS + 2, lambda: asyncio.run(limited(asked(), CONNECT_SECONDS + 1)))
        if answer["type"] == "Scheduler":
            return
    except Exception:  # it may answer anything, and what reads that raises as much
        pass
    raise no_scheduler(address)


def within(seconds: float, function: Callable[[], T]) -> T:
    """Return what a function returns or raises, or raise TimeoutError after some seconds, and leave it to itself."""
    outcome: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((function(), None))
        except BaseException as fault:
            outcome.put((None, fault))

    Thread(target=run, daemon=True).start()
    try:
        result, fault = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if fault is not None:
        raise fault
    return result  # type: ignore[return-value]
