"""A whole federated search, from data to a flat result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import unknown_name
from nasbench.live.experiment.retraining import describe_trained
from nasbench.live.federated.client import Client
from nasbench.live.federated.coordinator import Coordinator, Trouble
from nasbench.live.federated.credentials import Credentials
from nasbench.live.federated.federated_config import Array, Job, load_weights
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.partition import Partition, deal
from nasbench.live.federated.resume import take_up
from nasbench.live.federated.update_validation import packed
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.training import Say, Trained, to_stderr

RUNTIMES = ("flower", "loop")


@dataclass(frozen=True, kw_only=True)
class FederatedPlan:
    """Everything that a federated search depends on.

    Attributes:
        job: task, space, supernet, recipe and seed.
        clients, partition: among how many, and how, the examples are dealt out by the job's seed.
        trouble: drop-out and stragglers.
        examples: training and search examples to deal out, None for all.
    """

    job: Job
    clients: int = 4
    partition: Partition = field(default_factory=Partition)
    trouble: Trouble = field(default_factory=Trouble)
    examples: tuple[int | None, int | None] = (None, None)

    def data(self) -> tuple[Task, Splits]:
        """Return the task and the examples of all clients together."""
        task = get_task(self.job.task)
        return task, task.load().reduced(*self.examples)

    def owners(self, device: torch.device | None = None) -> list[Client]:
        """Return the clients, each with its part of the examples, or raise NasbenchError where a part does not serve."""
        task, splits = self.data()
        parts = deal(task, splits, self.clients, self.partition, self.job.seed)
        return [Client(number, task, part, device) for number, part in enumerate(parts)]

    def coordinator(self, say: Say) -> Coordinator:
        """Return the server's side before its first round."""
        most = len(get_task(self.job.task).load().train)
        return Coordinator(self.job, self.clients, self.trouble, say, most)

    def as_dict(self) -> dict[str, Any]:
        """Return every setting as JSON can hold it."""
        plain = asdict(self.job) | {"options": dict(self.job.options)}
        return {
            "job": plain,
            "clients": self.clients,
            "partition": str(self.partition),
            "trouble": asdict(self.trouble),
            "examples": list(self.examples),
        }


def run_federated(
    plan: FederatedPlan,
    device: torch.device,
    runtime: str = "flower",
    say: Say = to_stderr,
    workers: int = 1,
    checkpoint: Path | None = None,
) -> dict[str, Any]:
    """Deal out the examples, search and train on this machine, score once; return one flat result.

    Args:
        plan: what is done.
        device: where clients compute.
        runtime: "flower" for its simulation, "loop" for a plain loop; they agree bit for bit.
        say: takes messages.
        workers: processes of the simulation.
        checkpoint: written after every round; if it is there, the search goes on from it.
    """
    if runtime not in RUNTIMES:
        raise unknown_name("runtime", runtime, RUNTIMES)
    clients, coordinator = plan.owners(device), plan.coordinator(say)
    before = take_up(coordinator, checkpoint, plan.as_dict()) if checkpoint else 0.0
    start = time.perf_counter()
    if runtime == "loop":
        run_loop(coordinator, clients)
    else:
        from nasbench.live.federated.runtime import simulate

        simulate(coordinator, clients, workers)
    seconds = before + time.perf_counter() - start
    return result_of(plan, coordinator, seconds, device) | {"runtime": runtime}


def serve_federated(
    plan: FederatedPlan,
    address: str,
    device: torch.device,
    say: Say = to_stderr,
    patience: float = 600.0,
    credentials: Credentials | None = None,
    checkpoint: Path | None = None,
) -> dict[str, Any]:
    """Search and train with clients that come over gRPC to `address`, score once; return one flat result.

    Args:
        plan: what is done.
        address: HOST:PORT to listen on.
        device: where the network that is found is scored.
        say: takes messages.
        patience: seconds to wait for the clients to come, and for the answers of a round.
        credentials: what clients must show, and under which certificates they are talked to.
        checkpoint: as for `run_federated`.
    """
    from nasbench.live.federated.runtime import serve

    coordinator = plan.coordinator(say)
    before = take_up(coordinator, checkpoint, plan.as_dict()) if checkpoint else 0.0
    start = time.perf_counter()
    serve(coordinator, address, patience, credentials)
    return result_of(plan, coordinator, before + time.perf_counter() - start, device) | {"runtime": "grpc"}


def result_of(plan: FederatedPlan, coordinator: Coordinator, seconds: float, device: torch.device) -> dict[str, Any]:
    """Return the flat result of a search that has ended, with the one look at the test split."""
    task, splits = plan.data()
    job = plan.job
    network = job.network(job.parse(coordinator.architecture))
    load_weights(network, coordinator.state)
    described = describe_trained(task, splits, Trained(network.to(device)), job.recipe, device)
    described.pop("train_seconds")
    return {
        "task": job.task,
        "space": job.space,
        "optimizer": "gaea",
        "seed": job.seed,
        "clients": plan.clients,
        "partition": str(plan.partition),
        "architecture": coordinator.architecture,
        "seconds": seconds,
        **described,
        **coordinator.ledger,
        "weights_sha256": digest(coordinator.state),
        "refused": len(coordinator.refusals),
        "refusals": sorted(coordinator.refusals, key=lambda r: (r["round"], *_order(r["client"]))),
        "examples_of_clients": {str(k): n for k, n in sorted(coordinator.examples.items())},
        "curve": coordinator.rows,
        "plan": plan.as_dict(),
    }


def _order(client: int | str) -> tuple[int, str]:
    return (client, "") if isinstance(client, int) else (-1, client)


def digest(state: Mapping[str, Array]) -> str:
    """Return the SHA-256 of names and bytes of arrays: two runs that have it in common agree bit for bit."""
    hashed = sha256()
    for name, array in state.items():
        hashed.update(name.encode())
        hashed.update(packed(array))
    return hashed.hexdigest()
