"""Connection to a Dask scheduler: address, certificates, and identification within a time limit.

Dask's own time limits do not cover everything that may listen on a port: the port of a scheduler's dashboard, for
example, accepts the connection and never answers. A scheduler is therefore asked to identify itself within a time limit
before a client is created.
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
"""Address of a local scheduler with local workers, which run as long as the command."""

CONNECT_SECONDS = 5.0
"""Seconds for a scheduler to identify itself."""

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "client.pem", "client.key"
"""Files of a folder of certificates."""

ADDRESS = re.compile(r"(?:(?P<scheme>tcp|tls)://)?(?P<host>\[[0-9a-fA-F:.%]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")

T = TypeVar("T")


def no_scheduler(address: str) -> NasbenchError:
    """Return the error for an address without a scheduler."""
    return NasbenchError(
        f"No Dask scheduler answers at {address}; give the address that `dask scheduler` prints, such as tcp://HOST:8786, or {LOCAL!r}."
    )


def security(address: str, certificates: Path | None) -> Any:
    """Return the `distributed.Security` for a scheduler's address.

    Args:
        address: address given by the user.
        certificates: folder with `AUTHORITY`, `CERTIFICATE` and `KEY`; None to use Dask's configuration.

    Raises:
        NasbenchError: if the address is invalid, or does not match the certificates.
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
    except (OSError, ValueError) as fault:  # errors of ssl are OSErrors
        raise NasbenchError(
            f"The certificates for {address} cannot be used ({fault}); they should be files in the PEM format."
        ) from None
    return chosen


def identify(address: str, security: Any) -> None:
    """Raise NasbenchError unless a scheduler identifies itself within about `CONNECT_SECONDS`."""

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
    except Exception:  # the answer may be anything, and parsing it may raise anything
        pass
    raise no_scheduler(address)


def within(seconds: float, function: Callable[[], T]) -> T:
    """Return or raise the outcome of a function, or raise TimeoutError after some seconds and abandon the call."""
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
