"""Flower runtimes: simulation on one machine, and a server with clients over gRPC.

Flower calls `run_simulation`, `start_server` and `start_client` deprecated in favour of its command `flwr run` with a
SuperLink and SuperNodes. They work up to and including version 1.41, run inside one process and use gRPC, whereas
SuperLink has moved from gRPC to HTTP; hence the version bound in `pyproject.toml`. The two halves of `start_server` are
called separately, since it takes over the signal handlers of the process and leaves threads behind when a search ends
early.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.federated.client import Client
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.credentials import Credentials
from nasbench.live.federated.update_validation import wire_bytes

ENVIRONMENT = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "GRPC_VERBOSITY": "NONE",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",
}
"""Telemetry of Flower and Ray is turned off; Flower reads its variable at import.

So are gRPC's messages on standard error about failed connections. Ray starts its workers at nice 15, at which they
hardly run beside any other load (174 s instead of 36).
"""

SPARE = 16
"""Number of connections in addition to the expected clients."""

WORKERS = 16
"""Threads for connection attempts beyond capacity."""

LEAST_MESSAGE = 2**20
"""Bytes of a message in addition to its arrays."""

STORE_BYTES = 100 * 2**20
"""Memory for Ray's object store: the weights of small networks, for a few clients."""


def import_flower() -> None:
    """Import Flower with telemetry turned off."""
    os.environ.update(ENVIRONMENT)
    require_extra("federated", "flwr")
    from flwr.supercore import telemetry

    telemetry.FLWR_TELEMETRY_ENABLED = "0"
    logging.getLogger("flwr").setLevel(logging.ERROR)
    logging.getLogger("grpc").setLevel(logging.CRITICAL)


def simulate(coordinator: Coordinator, clients: Sequence[Client], workers: int = 1) -> None:
    """Run all remaining rounds in Flower's simulation; afterwards the coordinator holds the network found and the
    ledger.

    Args:
        coordinator: server logic and state.
        clients: all clients, in the order of their numbers.
        workers: number of worker processes.

    Raises:
        NasbenchError: as raised by the coordinator, or if the simulation ends before the last round.
    """
    import_flower()
    from flwr.client import ClientApp
    from flwr.common import Context
    from flwr.server import ServerApp, ServerAppComponents, ServerConfig
    from flwr.simulation import run_simulation

    from nasbench.live.federated.flower import FlowerClient, MirrorAveraging

    owners, strategy = list(clients), MirrorAveraging(coordinator)
    left = coordinator.config.rounds - len(coordinator.rows)
    if not left:
        return

    def server_fn(context: Context) -> ServerAppComponents:
        return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=left))

    def client_fn(context: Context) -> object:
        return FlowerClient(owners[int(context.node_config["partition-id"])]).to_client()

    try:
        with _environment():
            run_simulation(
                ServerApp(server_fn=server_fn),
                ClientApp(client_fn=client_fn),  # type: ignore[arg-type]
                num_supernodes=len(owners),
                backend_config={
                    "init_args": {
                        "num_cpus": workers,
                        "object_store_memory": STORE_BYTES,
                        "log_to_driver": False,
                        "logging_level": logging.ERROR,
                    },
                    "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
                },
            )
    except RuntimeError as fault:
        strategy.abandoned.set()  # otherwise the server thread keeps waiting for clients
        while fault.__cause__ is not None:  # the first cause names the failure
            fault = fault.__cause__  # type: ignore[assignment]
        raise NasbenchError(
            f"Flower's simulation did not run ({(str(fault) or type(fault).__name__).splitlines()[0]}); run it again when the machine is less busy, "
            "or use --runtime loop, which gives the same bits."
        ) from None
    if len(coordinator.rows) < coordinator.config.rounds:
        raise NasbenchError(
            f"Flower's simulation ended after {len(coordinator.rows)} of {coordinator.config.rounds} rounds."
        )


def serve(
    coordinator: Coordinator,
    address: str,
    client_timeout: float = 600.0,
    credentials: Credentials | None = None,
    answers: float | None = None,
) -> None:
    """Run all remaining rounds with clients over gRPC; afterwards the coordinator holds the network found.

    Args:
        coordinator: server logic and state.
        address: HOST:PORT to listen on.
        client_timeout: seconds to wait for clients to connect.
        credentials: token that clients must know, and certificates.
        answers: seconds to wait for the updates of a round, and for a client to reconnect when all have left; None for
            `client_timeout`.

    Raises:
        NasbenchError: if the server cannot listen on the address, too few clients connect, or all of them leave.
    """
    import_flower()
    from flwr.server import Server
    from flwr.server.superlink.fleet.grpc_bidi.grpc_server import start_grpc_server

    from nasbench.live.federated.connection_limits import FAREWELL, ConnectionPool
    from nasbench.live.federated.flower import MirrorAveraging

    credentials = credentials or Credentials()
    pool = ConnectionPool(SPARE + 4 * coordinator.clients)
    answers = client_timeout if answers is None else answers
    strategy = MirrorAveraging(coordinator, client_timeout, credentials, answers)
    server = Server(client_manager=pool, strategy=strategy)
    certificates = credentials.server_certificates()
    try:
        endpoint = start_grpc_server(
            pool,
            address,
            max_concurrent_workers=WORKERS + pool.capacity,
            max_message_length=largest_message(coordinator),
            certificates=certificates,
        )
    except (SystemExit, RuntimeError):  # the form in which Flower and gRPC report it
        reason = "it is in use, no address of this machine, or its certificates do not serve"
        raise NasbenchError(f"The server cannot listen on {address} ({reason}); choose another.") from None
    try:
        if len(coordinator.rows) < coordinator.config.rounds:
            with _at_interrupt(pool.close):
                server.fit(coordinator.config.rounds - len(coordinator.rows), timeout=answers)
        server.disconnect_all_clients(timeout=FAREWELL)
    finally:
        endpoint.stop(grace=FAREWELL).wait(FAREWELL)  # immediately if all have left


def largest_message(coordinator: Coordinator) -> int:
    """Return the maximum message size in bytes, sufficient for both phases and every network of the space."""
    config = coordinator.config
    wider = max(config.recipe.channels / config.supernet.channels, 1) ** 2 * max(
        config.recipe.cells / config.supernet.cells, 1
    )
    return LEAST_MESSAGE + round(8 * config.n_finalists * wider * wire_bytes(list(coordinator.state.values())))


def connect(
    client: Client, address: str, client_timeout: float = 600.0, credentials: Credentials | None = None
) -> None:
    """Take part in the search of the server at `address` (HOST:PORT) as one client until it ends.

    Raises:
        NasbenchError: if no server answers within `client_timeout` seconds, it turns the client away, or it goes away.
    """
    import_flower()
    import grpc
    from flwr.client import start_client

    from nasbench.live.federated.flower import FlowerClient

    credentials = credentials or Credentials()
    authority = credentials.client_authority()
    with _channel(address, authority) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=client_timeout)
        except grpc.FutureTimeoutError:
            under = "" if authority is None else " with a certificate that the authority here has signed for that host"
            raise NasbenchError(
                f"No server answers at {address}{under}; it should be started within {client_timeout:g} s."
            ) from None
    speaker = FlowerClient(client, credentials)
    try:
        start_client(server_address=address, client=speaker, root_certificates=authority)
    except grpc.RpcError as fault:
        if not speaker.refused:
            raise NasbenchError(f"The server at {address} went away ({fault.code().name}).") from None
    except (StopIteration, RuntimeError) as fault:
        if not isinstance(fault.__cause__ or fault, StopIteration):
            raise
        raise NasbenchError(f"The server at {address} has no room for another client; try again later.") from None
    if speaker.refused:
        raise NasbenchError(f"The server at {address} refuses client {client.number}: {speaker.refused.rstrip('.')}.")


def _channel(address: str, authority: bytes | None) -> Any:
    import grpc

    if authority is None:
        return grpc.insecure_channel(address)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(authority))


@contextmanager
def _at_interrupt(close: Callable[[], None]) -> Iterator[None]:
    """Call `close` before a keyboard interrupt is raised, since Flower would still wait for the updates of the round."""

    def interrupt(number: int, frame: object) -> None:
        close()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _environment() -> Iterator[None]:
    """Restore the environment variables that Flower's simulation changes."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
