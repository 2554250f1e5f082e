"""Flower strategy and client for the coordinator and clients; used by the simulation and over the network.

Import this module through `import_flower`, which turns off the telemetry of Flower and Ray.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from flwr import client as flower
from flwr.common import (
    Code,
    FitIns,
    FitRes,
    GetPropertiesIns,
    GetPropertiesRes,
    Parameters,
    Scalar,
    Status,
)
from flwr.server.client_manager import ClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.strategy import Strategy

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import Client, FitInstructions
from nasbench.live.federated.connection_limits import PendingClient
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.credentials import Credentials, challenge
from nasbench.live.federated.federated_config import Array, FederatedConfig
from nasbench.live.federated.update_validation import (
    RawUpdate,
    deserialize_array,
    printable,
    read_answer,
    serialize_array,
)

Failure = tuple[ClientProxy, FitRes] | BaseException
TYPE = "numpy.ndarray"
INTRODUCTION = 60.0
"""Seconds for a client connected over the network to send its properties; in a simulation clients are still being
started.
"""
LATE = 2.0
"""Seconds that a round waits for the properties of newly connected clients."""
PAUSE = 0.05
"""Seconds between polls for connected clients."""
DONE = Status(Code.OK, "")


class MirrorAveraging(Strategy):
    """Aggregation weighted by number of examples: arithmetic mean of weights, normalised geometric mean of theta.

    Args:
        coordinator: server logic and state.
        client_timeout: seconds to wait for all clients to connect.
        credentials: required of clients.
        absence: seconds to wait for a client to reconnect when all have left.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        client_timeout: float = 600.0,
        credentials: Credentials | None = None,
        absence: float = 600.0,
    ) -> None:
        self.coordinator, self.client_timeout, self.absence = coordinator, client_timeout, absence
        self.credentials = credentials or Credentials()
        self.done = len(coordinator.rows)
        """Rounds completed before this server was started."""
        self.abandoned = Event()
        """Set by the caller once no further clients will connect."""
        self.numbers: dict[str, int] = {}
        self.asked: dict[int, FitInstructions] = {}
        self.met: set[str] = set()
        self.introduced: SimpleQueue[tuple[ClientProxy, str, dict[str, Any]]] = SimpleQueue()
        self.unanswered = 0
        self.settled: set[int | str] = set()

    def initialize_parameters(self, client_manager: ClientManager) -> Parameters:
        """Wait for clients to connect and register; return theta and the supernet weights."""
        clients, deadline = self.coordinator.clients, time.monotonic() + self.client_timeout
        while len(self.settled) < clients and time.monotonic() < deadline and not self.abandoned.wait(PAUSE):
            self._welcome(client_manager, PAUSE)
        if len(self.settled) < clients:
            raise NasbenchError(
                f"{len(self.settled)} of {clients} clients came within {self.client_timeout:g} s; "
                "all should be started before that."
            )
        return _parameters(self.coordinator.state)

    def _welcome(self, client_manager: ClientManager, seconds: float) -> None:
        """Record disconnected clients, request the properties of new ones, and register those that answer in time."""
        there = client_manager.all()
        for cid in [cid for cid in self.numbers if cid not in there]:
            self.coordinator.leave(self.numbers.pop(cid))
        for cid in [cid for cid in there if cid not in self.met]:
            self.met.add(cid)
            self.unanswered += 1
            Thread(target=self._introduce, args=(there[cid],), daemon=True).start()
        deadline = time.monotonic() + seconds
        while self.unanswered and (left := deadline - time.monotonic()) > 0:
            try:
                self._register(*self.introduced.get(timeout=left))
            except Empty:
                return
            self.unanswered -= 1

    def _introduce(self, proxy: ClientProxy) -> None:
        question = challenge()
        ins = GetPropertiesIns({"job": self.coordinator.config.dumps(), "challenge": question})
        seconds = min(INTRODUCTION, self.client_timeout) if isinstance(proxy, PendingClient) else self.client_timeout
        try:
            properties: dict[str, Any] = dict(proxy.get_properties(ins, seconds, 0).properties)
        except Exception as fault:  # a failing client or connection must not affect the others
            properties = {"client": proxy.cid, "refusal": f"it does not answer ({type(fault).__name__})"}
        self.introduced.put((proxy, question, properties))

    def _register(self, proxy: ClientProxy, question: str, properties: dict[str, Any]) -> None:
        coordinator, number = self.coordinator, properties.get("client")
        proven = self.credentials.proves(properties.pop("proof", ""), question, number, properties.get("examples", 0))
        if not proven:
            properties = {"client": "a stranger", "refusal": "it does not know the token of this search"}
        reason, admitted = coordinator.registration_error(properties), coordinator.register_client(properties)
        if proven:
            self.settled.add(number if coordinator.expects(number) else proxy.cid)  # type: ignore[arg-type]
        if admitted is not None:
            self.numbers[proxy.cid] = admitted
        elif isinstance(proxy, PendingClient):
            proxy.turn_away(reason)

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, FitIns]]:
        """Return the instructions for each participating client, including those connected since the last round."""
        coordinator, number = self.coordinator, self.done + server_round
        self._welcome(client_manager, LATE)
        deadline = time.monotonic() + self.absence
        while not coordinator.present and coordinator.examples and time.monotonic() < deadline:
            self.abandoned.wait(PAUSE)
            self._welcome(client_manager, LATE)
        self.asked = coordinator.instructions(number)
        proxies = {self.numbers[cid]: p for cid, p in client_manager.all().items() if cid in self.numbers}
        config, parameters = coordinator.config.dumps(), _parameters(coordinator.state)
        asked = [
            (proxies[client], FitIns(parameters, _config(config, instruction)))
            for client, instruction in self.asked.items()
            if client in proxies
        ]
        if not asked:  # Flower would skip the round
            coordinator.aggregate_round(number, self.asked, {})
        return asked

    def aggregate_fit(
        self, server_round: int, results: list[tuple[ClientProxy, FitRes]], failures: list[Failure]
    ) -> tuple[Parameters, dict[str, Scalar]]:
        """Aggregate the updates received, in any order; failed clients have sent none."""
        coordinator, number = self.coordinator, self.done + server_round
        replies = {}
        for proxy, came in results:
            client = self.numbers[proxy.cid]
            answer = RawUpdate(came.parameters.tensors, came.num_examples, came.metrics)
            replies[client] = read_answer(answer, coordinator.state, number, coordinator.examples[client])
        coordinator.aggregate_round(number, self.asked, replies)
        return _parameters(coordinator.state), {}

    def configure_evaluate(self, server_round: int, parameters: Parameters, client_manager: ClientManager) -> list[Any]:
        """Return nothing: clients report their training loss, and the test split is evaluated once, at the end."""
        return []

    def aggregate_evaluate(self, *_: Any) -> tuple[None, dict[str, Scalar]]:
        """Return nothing."""
        return None, {}

    def evaluate(self, server_round: int, parameters: Parameters) -> None:
        """Return nothing: the server has no data."""


class FlowerClient(flower.Client):
    """Flower client; reports a failure in one sentence and keeps running."""

    def __init__(self, client: Client, credentials: Credentials | None = None) -> None:
        self.client, self.credentials = client, credentials or Credentials()
        self.refused = ""
        """Why the server rejected this client, "" if it did not."""

    def get_properties(self, ins: GetPropertiesIns) -> GetPropertiesRes:
        """Return the client's number with its number of examples or a refusal; or receive the reason for a rejection."""
        if "refused" in ins.config:
            self.refused = printable(ins.config["refused"])
            return GetPropertiesRes(DONE, {})
        try:
            properties: dict[str, Scalar] = dict(self.client.join(FederatedConfig.loads(str(ins.config["job"]))))
        except NasbenchError as fault:
            properties = {"client": self.client.number, "examples": 0, "refusal": str(fault)}
        said = (str(ins.config.get("challenge", "")), self.client.number, int(properties["examples"]))
        return GetPropertiesRes(DONE, properties | {"proof": self.credentials.proof(*said)})

    def fit(self, ins: FitIns) -> FitRes:
        """Make one pass over the local examples."""
        try:
            config = FederatedConfig.loads(str(ins.config["job"]))
            instruction = FitInstructions(
                int(ins.config["round"]), str(ins.config["architecture"]), float(ins.config["share"])
            )
            expected = config.start(instruction.number, instruction.architecture)
            pairs = zip(ins.parameters.tensors, expected.items(), strict=True)
            state = {name: deserialize_array(tensor, like, name) for tensor, (name, like) in pairs}
            update, loss = self.client.work(config, instruction, state)
        except (NasbenchError, ValueError) as fault:
            return FitRes(DONE, _parameters({}), 0, {"refusal": str(fault)})
        fields: dict[str, Scalar] = {"round": instruction.number, "loss": loss}
        return FitRes(DONE, _parameters(update), len(self.client.splits.train), fields)


def _parameters(state: Mapping[str, Array]) -> Parameters:
    return Parameters([serialize_array(array) for array in state.values()], TYPE)


def _config(config: str, instruction: FitInstructions) -> dict[str, Scalar]:
    return {
        "job": config,
        "round": instruction.number,
        "architecture": instruction.architecture,
        "share": instruction.share,
    }
