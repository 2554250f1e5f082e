"""Comparison of federated search with central search (pooled data) and local-only search (no exchange)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.experiment.retraining import train_final
from nasbench.live.federated.client import Client
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.experiment import FederatedExperiment
from nasbench.live.federated.federated_config import FederatedConfig, load_weights
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.tasks.task import Splits
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.training import Reporter, stderr_reporter

SCORES = ("central", "federated", "local_only", "federated_pooled")
"""Columns of a comparison; see `compare`."""

DIFFERENCES = (
    ("federated", "central"),
    ("local_only", "federated"),
    ("federated_pooled", "central"),
)
"""Pairs whose difference (first minus second, per seed) is reported; scores are minimised."""

RESAMPLES = 10_000


def compare(
    experiment: FederatedExperiment,
    device: torch.device,
    reporter: Reporter = stderr_reporter,
    passes: tuple[int, int] | None = None,
    batch_size: int | None = None,
    local_only: bool = True,
) -> dict[str, Any]:
    """Return the test scores of four ways to obtain a network, for one seed.

    `central`: search and training on the pooled data. `federated`: search and training by rounds of federated
    averaging. `local_only`: each client searches and trains on its own examples; mean over clients. All three search by one
    algorithm, with one client or several, and differ in both search and training. `federated_pooled` trains the architecture found
    by the federated search on the pooled data, so its difference to `central` is due to the search alone.

    Rounds run in process; Flower's simulation gives the same results bit for bit.

    Args:
        experiment: the federated search.
        device: device for all computation.
        reporter: takes messages.
        passes: epochs of search and of training where there are no rounds (central and local-only); None for the number
            of rounds.
        batch_size: examples a step there; None for that of the rounds.
        local_only: whether the clients also search and train alone, which is left out of the result otherwise.
    """
    task, splits = experiment.data()
    config, test = experiment.config, DeviceSplit(splits.test, task, device)
    alone = single_client(config, passes, batch_size)

    def trained(architecture: Architecture, data: Splits) -> float:
        network = train_final(
            task, data, config.space, architecture, replace(alone.recipe, seed=config.seed), device
        ).network
        return evaluate(network, task.shape, test)

    def found(data: Splits) -> Architecture:
        coordinator = Coordinator(alone, 1)
        run_loop(coordinator, [Client(0, task, data, device)], until=alone.selection_rounds)
        return config.parse(coordinator.architecture)

    reporter(f"seed {config.seed}: central")
    central = found(splits)
    scores = {"central": trained(central, splits)}
    owners = experiment.owners(device)
    local: list[Architecture] = []
    each: list[float] = []
    if local_only:
        reporter(f"seed {config.seed}: {experiment.clients} clients, local only")
        local = [found(owner.splits) for owner in owners]
        each = [trained(architecture, owner.splits) for architecture, owner in zip(local, owners, strict=True)]
        scores["local_only"] = float(np.mean(each))
    reporter(f"seed {config.seed}: federated")
    coordinator = experiment.coordinator(lambda message: None)
    run_loop(coordinator, owners)
    architecture = config.parse(coordinator.architecture)
    network = config.network(architecture)
    load_weights(network, coordinator.state)
    scores |= {
        "federated": evaluate(network.to(device), task.shape, test),
        "federated_pooled": trained(architecture, splits),
    }
    to_string = get_cell_networks(config.space).make_space().to_string
    return {
        "task": config.task,
        "seed": config.seed,
        **{name: scores[name] for name in SCORES if name in scores},
        **coordinator.ledger,
        "local_scores": each,
        "examples_of_clients": [coordinator.examples[k] for k in sorted(coordinator.examples)],
        "architectures": {
            "central": to_string(central),
            "federated": coordinator.architecture,
            "local": [to_string(a) for a in local],
        },
        "config": _identity(experiment, passes, batch_size),
    }


def compare_seeds(
    experiment: FederatedExperiment,
    seeds: int,
    device: torch.device,
    folder: Path | None = None,
    reporter: Reporter = stderr_reporter,
    passes: tuple[int, int] | None = None,
    batch_size: int | None = None,
    local_only: bool = True,
) -> list[dict[str, Any]]:
    """Return the comparisons of `seeds` consecutive seeds, from the configuration's on; those stored in `folder` are
    not run again.

    Raises:
        NasbenchError: if there is no seed, a partition is unusable, or a file of the folder is damaged or belongs to
            another configuration.
    """
    if seeds < 1:
        raise NasbenchError(f"The number of seeds is {seeds}; it should be 1 or more.")
    plans = [
        replace(experiment, config=replace(experiment.config, seed=experiment.config.seed + i)) for i in range(seeds)
    ]
    for one in plans:
        one.owners()
    return [_kept(one, device, folder, reporter, passes, batch_size, local_only) for one in plans]


def _identity(
    experiment: FederatedExperiment, passes: tuple[int, int] | None, batch_size: int | None
) -> dict[str, Any]:
    searching, training = passes or (experiment.config.supernet.epochs, experiment.config.recipe.epochs)
    own = {} if batch_size is None else {"batch_size": batch_size}
    return experiment.as_dict() | {"passes": [searching, training]} | own


def _kept(
    experiment: FederatedExperiment,
    device: torch.device,
    folder: Path | None,
    reporter: Reporter,
    passes: tuple[int, int] | None,
    batch_size: int | None,
    local_only: bool,
) -> dict[str, Any]:
    path = folder / f"compare-{experiment.config.task}-{experiment.config.seed}.json" if folder else None
    if path and path.exists():
        result = read_sealed(path, "finished comparison")
        if result.get("config") != json.loads(json.dumps(_identity(experiment, passes, batch_size))):
            raise NasbenchError(f"{path} is the comparison with another configuration; choose another folder.")
        return result
    result = compare(experiment, device, reporter, passes, batch_size, local_only)
    if path:
        write_sealed(path, result)
    return result


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean over seeds of each score and each difference, with a 95% bootstrap interval.

    A score that a row does not have is left out. Percentile bootstrap over seeds with `RESAMPLES` resamples; with as few as five
    seeds its coverage is below nominal.
    """
    columns = {name: np.array([row[name] for row in rows]) for name in SCORES if all(name in row for row in rows)}
    columns |= {f"{a} - {b}": columns[a] - columns[b] for a, b in DIFFERENCES if a in columns and b in columns}
    picks = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    table = []
    for name, values in columns.items():
        low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
        table.append({"score": name, "seeds": len(rows), "mean": values.mean(), "low": low, "high": high})
    return [{key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()} for row in table]


def single_client(config: FederatedConfig, passes: tuple[int, int] | None, batch_size: int | None) -> FederatedConfig:
    """Return the configuration of the same search by one client, with other numbers of epochs and another batch size."""
    searching, training = passes or (config.supernet.epochs, config.recipe.epochs)
    batch = batch_size or config.recipe.batch_size

    def share(part: int, whole: int, epochs: int) -> int:
        return min(math.ceil(part / whole * epochs), epochs - 1) if part else 0

    return replace(
        config,
        supernet=replace(config.supernet, epochs=searching, batch_size=batch),
        recipe=replace(config.recipe, epochs=training, batch_size=batch),
        warmup_rounds=share(config.warmup_rounds, config.supernet.epochs, searching),
        finalist_rounds=share(config.finalist_rounds, config.recipe.epochs, training),
    )
