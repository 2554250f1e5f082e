"""Federated search beside the same search with all examples in one place, and with none shared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed
from nasbench.live.experiment.config import Plan
from nasbench.live.experiment.retraining import train_final
from nasbench.live.experiment.search import run_search
from nasbench.live.federated.experiment import FederatedPlan
from nasbench.live.federated.federated_config import Job, load_weights
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.networks.space_networks import Architecture, blueprint
from nasbench.live.tasks.task import Splits
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.training import Say, to_stderr

SCORES = ("central", "federated", "local_only", "federated_pooled")
"""Columns of a comparison; see `compare`."""

DIFFERENCES = (
    ("federated", "central"),
    ("local_only", "federated"),
    ("federated_pooled", "central"),
)
"""What is judged: the first minus the second, of one seed; scores are minimised."""

RESAMPLES = 10_000


def compare(
    plan: FederatedPlan, device: torch.device, say: Say = to_stderr, passes: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Return the test scores of one seed, of four ways to come to a network.

    `central`: search and training on all examples in one place. `federated`: search and training by rounds. `local_only`: each
    client searches and trains on its own examples, mean over clients. These three differ in search and training alike.
    `federated_pooled` trains on all examples in one place what the federated search found: what then remains of its distance to
    `central` is due to the search.

    The rounds are a plain loop, which a simulation on Flower repeats bit for bit.

    Args:
        plan: the federated search.
        device: where all compute.
        say: takes messages.
        passes: over the examples, in search and in training, of what is not federated; None for as many as there are rounds.
    """
    task, splits = plan.data()
    job, test = plan.job, DeviceSplit(splits.test, task, device)
    searching, training = passes or (job.settings.epochs, job.recipe.epochs)
    recipe = replace(job.recipe, seed=job.seed, epochs=training)
    apart = _alone(job, searching)

    def trained(architecture: Architecture, data: Splits) -> float:
        network = train_final(task, data, job.space, architecture, recipe, device, say=say).network
        return evaluate(network, task.shape, test)

    def found(data: Splits) -> Architecture:
        return run_search(apart, task, data, device).architecture

    say(f"seed {job.seed}: central")
    central = found(splits)
    scores = {"central": trained(central, splits)}
    say(f"seed {job.seed}: {plan.clients} clients, each for itself")
    owners = plan.owners(device)
    local = [found(owner.splits) for owner in owners]
    each = [trained(architecture, owner.splits) for architecture, owner in zip(local, owners, strict=True)]
    scores["local_only"] = float(np.mean(each))
    say(f"seed {job.seed}: federated")
    coordinator = plan.coordinator(lambda message: None)
    run_loop(coordinator, owners)
    architecture = job.parse(coordinator.architecture)
    network = job.network(architecture)
    load_weights(network, coordinator.state)
    scores |= {
        "federated": evaluate(network.to(device), task.shape, test),
        "federated_pooled": trained(architecture, splits),
    }
    to_string = blueprint(job.space).make_space().to_string
    return {
        "task": job.task,
        "seed": job.seed,
        **{name: scores[name] for name in SCORES},
        **coordinator.ledger,
        "local_scores": each,
        "examples_of_clients": [coordinator.examples[k] for k in sorted(coordinator.examples)],
        "architectures": {
            "central": to_string(central),
            "federated": coordinator.architecture,
            "local": [to_string(a) for a in local],
        },
        "plan": _identity(plan, passes),
    }


def compare_seeds(
    plan: FederatedPlan,
    seeds: int,
    device: torch.device,
    folder: Path | None = None,
    say: Say = to_stderr,
    passes: tuple[int, int] | None = None,
) -> list[dict[str, Any]]:
    """Return the comparison of the plan's seed and those that follow it; what `folder` holds is not run again.

    Raises:
        NasbenchError: if there is no seed, a partition does not serve, or a file of the folder is damaged or belongs to another plan.
    """
    if seeds < 1:
        raise NasbenchError(f"The number of seeds is {seeds}; it should be 1 or more.")
    plans = [replace(plan, job=replace(plan.job, seed=plan.job.seed + i)) for i in range(seeds)]
    for one in plans:
        one.owners()
    return [_kept(one, device, folder, say, passes) for one in plans]


def _identity(plan: FederatedPlan, passes: tuple[int, int] | None) -> dict[str, Any]:
    searching, training = passes or (plan.job.settings.epochs, plan.job.recipe.epochs)
    return plan.as_dict() | {"passes": [searching, training]}


def _kept(
    plan: FederatedPlan, device: torch.device, folder: Path | None, say: Say, passes: tuple[int, int] | None
) -> dict[str, Any]:
    path = folder / f"compare-{plan.job.task}-{plan.job.seed}.json" if folder else None
    if path and path.exists():
        result = read_sealed(path, "finished comparison")
        if result["plan"] != json.loads(json.dumps(_identity(plan, passes))):
            raise NasbenchError(f"{path} is the comparison of another plan; choose another folder.")
        return result
    result = compare(plan, device, say, passes)
    if path:
        write_sealed(path, result)
    return result


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean over seeds of each score and each difference, with a bootstrap interval at 95 %.

    Percentiles of `RESAMPLES` resamples of the seeds; of five seeds such an interval covers less than it says.
    """
    columns = {name: np.array([row[name] for row in rows]) for name in SCORES}
    columns |= {f"{a} - {b}": columns[a] - columns[b] for a, b in DIFFERENCES}
    picks = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    table = []
    for name, values in columns.items():
        low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
        table.append({"score": name, "seeds": len(rows), "mean": values.mean(), "low": low, "high": high})
    return [{key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()} for row in table]


def _alone(job: Job, epochs: int) -> Plan:
    """Return the search of a job as one place runs it, in so many passes."""
    settings = replace(job.settings, epochs=epochs)
    return Plan(task=job.task, space=job.space, optimizer="gaea", options=job.options, seed=job.seed, settings=settings)
