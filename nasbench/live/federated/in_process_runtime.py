"""Federated search in one process without messages; agrees bit for bit with the runs over Flower."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import Client, FitInstructions
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.update_validation import ClientUpdate, wire_bytes


def run_loop(coordinator: Coordinator, clients: Sequence[Client], until: int | None = None) -> None:
    """Run all remaining rounds (or those to `until`); afterwards the coordinator holds what was found and the ledger."""
    by_number = {client.number: client for client in clients}
    for client in clients:
        coordinator.register_client(client_properties(client, coordinator))
    last = coordinator.config.rounds if until is None else until
    for number in range(len(coordinator.rows) + 1, last + 1):
        asked = coordinator.instructions(number)
        replies = {k: compute_update(by_number[k], coordinator, instruction) for k, instruction in asked.items()}
        coordinator.aggregate_round(number, asked, replies)


def client_properties(client: Client, coordinator: Coordinator) -> dict[str, int | str]:
    """Return the properties of a client, or its refusal."""
    try:
        return dict(client.join(coordinator.config))
    except NasbenchError as fault:
        return {"client": client.number, "refusal": str(fault)}


def compute_update(client: Client, coordinator: Coordinator, instruction: FitInstructions) -> ClientUpdate:
    """Return the update of a client, or its refusal."""
    try:
        state, loss = client.work(coordinator.config, instruction, coordinator.state)
    except NasbenchError as fault:
        return ClientUpdate((), refusal=str(fault))
    arrays = list(state.values())
    return ClientUpdate(arrays, loss, wire_bytes(arrays))
