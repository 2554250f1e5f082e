"""A federated search as a plain loop in one process: no messages, the same arithmetic as over Flower, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.errors import NasbenchError
from nasbench.live.federated.client import Client, Instruction
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.update_validation import Reply, wire_bytes


def run_loop(coordinator: Coordinator, clients: Sequence[Client]) -> None:
    """Run all rounds that are left; afterwards the coordinator holds the network found and the ledger."""
    by_number = {client.number: client for client in clients}
    for client in clients:
        coordinator.admit(joined(client, coordinator))
    for number in range(len(coordinator.rows) + 1, coordinator.job.rounds + 1):
        asked = coordinator.instructions(number)
        replies = {k: answer(by_number[k], coordinator, instruction) for k, instruction in asked.items()}
        coordinator.absorb(number, asked, replies)


def joined(client: Client, coordinator: Coordinator) -> dict[str, int | str]:
    """Return what a client says of itself, its refusal included."""
    try:
        return dict(client.join(coordinator.job))
    except NasbenchError as fault:
        return {"client": client.number, "refusal": str(fault)}


def answer(client: Client, coordinator: Coordinator, instruction: Instruction) -> Reply:
    """Return what a client answers, its refusal included."""
    try:
        state, loss = client.work(coordinator.job, instruction, coordinator.state)
    except NasbenchError as fault:
        return Reply((), refusal=str(fault))
    arrays = list(state.values())
    return Reply(arrays, loss, wire_bytes(arrays))
