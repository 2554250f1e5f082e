"""A complete federated experiment, from data to a flat result."""

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
from nasbench.live.federated.coordinator import ClientFailures, Coordinator
from nasbench.live.federated.credentials import Credentials
from nasbench.live.federated.federated_config import Array, FederatedConfig, load_weights
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.partition import Partition, partition_examples
from nasbench.live.federated.resume import resume
from nasbench.live.federated.update_validation import serialize_array
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.training import Reporter, Trained, stderr_reporter

RUNTIMES = ("flower", "loop")


@dataclass(frozen=True, kw_only=True)
class FederatedExperiment:
    """Complete configuration of a federated search.

    Attributes:
        config: task, space, supernet, recipe and seed.
        clients, partition: number of clients, and how the examples are partitioned among them with the configuration's
            seed.
        failures: client dropout and stragglers.
        subset_size: number of training and of search examples to use, None for all.
    """

    config: FederatedConfig
    clients: int = 4
    partition: Partition = field(default_factory=Partition)
    failures: ClientFailures = field(default_factory=ClientFailures)
    subset_size: tuple[int | None, int | None] = (None, None)

    def data(self) -> tuple[Task, Splits]:
        """Return the task and the pooled examples of all clients."""
        task = get_task(self.config.task)
        return task, task.load().reduced(*self.subset_size)

    def owners(self, device: torch.device | None = None) -> list[Client]:
        """Return the clients with their local examples, or raise NasbenchError if a partition is unusable."""
        task, splits = self.data()
        parts = partition_examples(task, splits, self.clients, self.partition, self.config.seed)
        return [Client(number, task, part, device) for number, part in enumerate(parts)]

    def coordinator(self, reporter: Reporter) -> Coordinator:
        """Return a coordinator before its first round."""
        most = len(get_task(self.config.task).load().train)
        return Coordinator(self.config, self.clients, self.failures, reporter, most)

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON-compatible data."""
        plain = asdict(self.config) | {"optimizer_params": dict(self.config.optimizer_params)}
        if not (self.config.warmup_rounds or self.config.finalist_rounds):  # so that older folders are resumed
            for name in ("warmup_rounds", "n_finalists", "finalist_rounds"):
                del plain[name]
        if self.config.training_weights == "examples":  # likewise
            del plain["training_weights"]
        return {
            "job": plain,
            "clients": self.clients,
            "partition": str(self.partition),
            "trouble": asdict(self.failures),
            "subset_size": list(self.subset_size),
        }


def run_federated(
    experiment: FederatedExperiment,
    device: torch.device,
    runtime: str = "flower",
    reporter: Reporter = stderr_reporter,
    workers: int = 1,
    checkpoint: Path | None = None,
) -> dict[str, Any]:
    """Partition the examples, search and train on this machine, evaluate once on the test split; return one flat
    result.

    Args:
        experiment: configuration of the experiment.
        device: where clients compute.
        runtime: "flower" for its simulation, "loop" for a plain loop; they agree bit for bit.
        reporter: takes messages.
        workers: processes of the simulation.
        checkpoint: written after every round; an existing checkpoint is resumed.
    """
    if runtime not in RUNTIMES:
        raise unknown_name("runtime", runtime, RUNTIMES)
    clients, coordinator = experiment.owners(device), experiment.coordinator(reporter)
    before = resume(coordinator, checkpoint, experiment.as_dict()) if checkpoint else 0.0
    start = time.perf_counter()
    if runtime == "loop":
        run_loop(coordinator, clients)
    else:
        from nasbench.live.federated.runtime import simulate

        simulate(coordinator, clients, workers)
    seconds = before + time.perf_counter() - start
    return federated_result(experiment, coordinator, seconds, device) | {"runtime": runtime}


def serve_federated(
    experiment: FederatedExperiment,
    address: str,
    device: torch.device,
    reporter: Reporter = stderr_reporter,
    client_timeout: float = 600.0,
    credentials: Credentials | None = None,
    checkpoint: Path | None = None,
) -> dict[str, Any]:
    """Search and train with clients that connect over gRPC, evaluate once on the test split; return one flat result.

    Args:
        experiment: configuration of the experiment.
        address: HOST:PORT to listen on.
        device: device for the test evaluation.
        reporter: takes messages.
        client_timeout: seconds to wait for clients to connect, and for the updates of a round.
        credentials: token that clients must know, and certificates.
        checkpoint: as for `run_federated`.
    """
    from nasbench.live.federated.runtime import serve

    coordinator = experiment.coordinator(reporter)
    before = resume(coordinator, checkpoint, experiment.as_dict()) if checkpoint else 0.0
    start = time.perf_counter()
    serve(coordinator, address, client_timeout, credentials)
    return federated_result(experiment, coordinator, before + time.perf_counter() - start, device) | {"runtime": "grpc"}


def federated_result(
    experiment: FederatedExperiment, coordinator: Coordinator, seconds: float, device: torch.device
) -> dict[str, Any]:
    """Return the flat result of a finished search, including the single evaluation on the test split."""
    task, splits = experiment.data()
    config = experiment.config
    network = config.network(config.parse(coordinator.architecture))
    load_weights(network, coordinator.state)
    described = describe_trained(task, splits, Trained(network.to(device)), config.recipe, device)
    described.pop("train_seconds")
    return {
        "task": config.task,
        "space": config.space,
        "optimizer": "gaea",
        "seed": config.seed,
        "clients": experiment.clients,
        "partition": str(experiment.partition),
        "architecture": coordinator.architecture,
        "collapsed": config.is_weightless(coordinator.architecture),
        "seconds": seconds,
        **described,
        **coordinator.ledger,
        "weights_sha256": digest(coordinator.state),
        "refused": len(coordinator.refusals),
        "refusals": sorted(coordinator.refusals, key=lambda r: (r["round"], *_order(r["client"]))),
        "examples_of_clients": {str(k): n for k, n in sorted(coordinator.examples.items())},
        "curve": coordinator.rows,
        "config": experiment.as_dict(),
    }


def _order(client: int | str) -> tuple[int, str]:
    return (client, "") if isinstance(client, int) else (-1, client)


def digest(state: Mapping[str, Array]) -> str:
    """Return the SHA-256 of names and bytes of arrays, equal for runs that agree bit for bit."""
    hashed = sha256()
    for name, array in state.items():
        hashed.update(name.encode())
        hashed.update(serialize_array(array))
    return hashed.hexdigest()
