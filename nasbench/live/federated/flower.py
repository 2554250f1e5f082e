"""The coordinator as a Flower strategy and a client as a Flower client: the same two serve a simulation and a network.

Import this module through `need_flower`, which turns off what Flower and Ray report to their makers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Event
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
from nasbench.live.federated.client import Client, Instruction
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.job import Array, Job
from nasbench.live.federated.update import Answer, packed, read_answer, unpacked

Failure = tuple[ClientProxy, FitRes] | BaseException
TYPE = "numpy.ndarray"
DONE = Status(Code.OK, "")


class MirrorAveraging(Strategy):
    """Example-weighted means of what clients send: arithmetic for weights, geometric and normalised for theta.

    Args:
        coordinator: what decides, and holds the result; see there.
        patience: seconds to wait for all clients to come, and for each to introduce itself.
    """

    def __init__(self, coordinator: Coordinator, patience: float = 600.0) -> None:
        self.coordinator, self.patience = coordinator, patience
        self.abandoned = Event()
        """Set by whoever starts the clients, once none will come."""
        self.numbers: dict[str, int] = {}
        self.asked: dict[int, Instruction] = {}

    def initialize_parameters(self, client_manager: ClientManager) -> Parameters:
        """Wait for the clients, let each introduce itself, and return theta and the weights of the supernet."""
        coordinator = self.coordinator
        deadline = time.monotonic() + self.patience
        while client_manager.num_available() < coordinator.clients and time.monotonic() < deadline:
            if self.abandoned.wait(0.1):
                break
        if client_manager.num_available() < coordinator.clients:
            raise NasbenchError(
                f"{client_manager.num_available()} of {coordinator.clients} clients came within {self.patience:g} s; "
                "all should be started before that."
            )
        introduce = GetPropertiesIns({"job": coordinator.job.dumps()})
        for cid, proxy in sorted(client_manager.all().items()):
            try:
                properties: dict[str, Any] = dict(proxy.get_properties(introduce, self.patience, 0).properties)
            except Exception as fault:  # whatever a client or its connection does, the others go on
                properties = {"client": cid, "refusal": f"it does not answer ({type(fault).__name__})"}
            if (number := coordinator.admit(properties)) is not None:
                self.numbers[cid] = number
        return self._parameters()

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, FitIns]]:
        """Return what each client that takes part is asked."""
        coordinator = self.coordinator
        self.asked = coordinator.instructions(server_round)
        proxies = {self.numbers[cid]: p for cid, p in client_manager.all().items() if cid in self.numbers}
        job = coordinator.job.dumps()
        return [
            (proxies[client], FitIns(parameters, _config(job, instruction)))
            for client, instruction in self.asked.items()
            if client in proxies
        ]

    def aggregate_fit(
        self, server_round: int, results: list[tuple[ClientProxy, FitRes]], failures: list[Failure]
    ) -> tuple[Parameters, dict[str, Scalar]]:
        """Take the means of what came, whatever its order; a client that failed has sent nothing."""
        coordinator = self.coordinator
        replies = {}
        for proxy, came in results:
            client = self.numbers[proxy.cid]
            answer = Answer(came.parameters.tensors, came.num_examples, came.metrics)
            replies[client] = read_answer(answer, coordinator.state, server_round, coordinator.examples[client])
        coordinator.absorb(server_round, self.asked, replies)
        return self._parameters(), {}

    def configure_evaluate(self, server_round: int, parameters: Parameters, client_manager: ClientManager) -> list[Any]:
        """Return nothing: clients report their training loss, and the test split is looked at once, at the end."""
        return []

    def aggregate_evaluate(self, *_: Any) -> tuple[None, dict[str, Scalar]]:
        """Return nothing."""
        return None, {}

    def evaluate(self, server_round: int, parameters: Parameters) -> None:
        """Return nothing: the server has no data."""

    def _parameters(self) -> Parameters:
        return _parameters(self.coordinator.state)


class FlowerClient(flower.Client):
    """A client that speaks Flower; what it cannot do it says in one sentence, and goes on."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_properties(self, ins: GetPropertiesIns) -> GetPropertiesRes:
        """Return the client's number and its examples, or its number and a refusal."""
        try:
            properties: dict[str, Scalar] = dict(self.client.join(Job.loads(str(ins.config["job"]))))
        except NasbenchError as fault:
            properties = {"client": self.client.number, "refusal": str(fault)}
        return GetPropertiesRes(DONE, properties)

    def fit(self, ins: FitIns) -> FitRes:
        """Make one pass over the examples."""
        try:
            job = Job.loads(str(ins.config["job"]))
            instruction = Instruction(
                int(ins.config["round"]), str(ins.config["architecture"]), float(ins.config["share"])
            )
            expected = job.start(instruction.number, instruction.architecture)
            pairs = zip(ins.parameters.tensors, expected.items(), strict=True)
            state = {name: unpacked(tensor, like, name) for tensor, (name, like) in pairs}
            update, loss = self.client.work(job, instruction, state)
        except (NasbenchError, ValueError) as fault:
            return FitRes(DONE, _parameters({}), 0, {"refusal": str(fault)})
        fields: dict[str, Scalar] = {"round": instruction.number, "loss": loss}
        return FitRes(DONE, _parameters(update), len(self.client.splits.train), fields)


def _parameters(state: Mapping[str, Array]) -> Parameters:
    return Parameters([packed(array) for array in state.values()], TYPE)


def _config(job: str, instruction: Instruction) -> dict[str, Scalar]:
    return {
        "job": job,
        "round": instruction.number,
        "architecture": instruction.architecture,
        "share": instruction.share,
    }
