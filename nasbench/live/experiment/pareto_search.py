"""A live search for several objectives: its result is a front, each architecture of which is trained and scored once."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config
from nasbench.live.experiment.retraining import describe_trained, train_final
from nasbench.live.experiment.search import search_standalone
from nasbench.live.experiment.training_benchmark import measure_objectives
from nasbench.live.networks.builders import get_networks
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.training import Reporter, stderr_reporter
from nasbench.search.archive import nondominated


def run_pareto_search(
    config: ExperimentConfig, device: torch.device, folder: Path | None = None, reporter: Reporter = stderr_reporter
) -> list[dict[str, Any]]:
    """Search by training alone, then train and score every architecture of the front: a flat row for each, best first.

    A row has the objectives as the search saw them (`search_NAME`), those that are measured again on the network that
    was trained at the end (`NAME`), the test score and the counts of `describe_trained`. The front is that of what the
    search saw; the test split orders nothing.

    Args:
        config: its objectives begin with the task's metric.
        device: where to train.
        folder: resumed where it holds the same plan; None keeps nothing.
        reporter: takes messages.

    Raises:
        NasbenchError: if the optimizer searches on shared weights or minimises one objective, or the task does not
            have an objective.
    """
    task = get_task(config.task)
    _check(config, task.metric)
    splits = task.load().reduced(*config.examples)
    reporter(
        f"{config.optimizer} trains alone for {', '.join(config.objectives)} on {config.task} (seed {config.seed})"
    )
    start = time.perf_counter()
    answers, replayed = search_standalone(config, task, splits, device, folder)
    seconds = time.perf_counter() - start + replayed
    _, once = np.unique(answers.architectures, axis=0, return_index=True)
    architectures, objectives = answers.architectures[once], answers.objectives[once]
    kept = nondominated(objectives)
    architectures, objectives = architectures[kept], objectives[kept]
    space, recipe = get_networks(config.space).make_space(), replace(config.recipe, seed=config.seed)
    rows = []
    for member, at in enumerate(np.lexsort(objectives.T[::-1])):
        name = space.to_string(architectures[at])
        reporter(f"training {member + 1} of {len(architectures)} on the front: {name}")
        place = folder / "front" / "".join(f"{choice:x}" for choice in architectures[at]) if folder else None
        trained = train_final(task, splits, config.space, architectures[at], recipe, device, place, reporter)
        rows.append(
            {
                "task": config.task,
                "space": config.space,
                "optimizer": config.optimizer,
                "seed": config.seed,
                "architecture": name,
                **{f"search_{o}": float(v) for o, v in zip(config.objectives, objectives[at], strict=True)},
                **measure_objectives(trained.network, task.shape, config.objectives),
                **describe_trained(task, splits, trained, recipe, device),
                "search_seconds": seconds,
                "queries": len(answers),
            }
        )
    return rows


def _check(config: ExperimentConfig, metric: str) -> None:
    if len(config.objectives) < 2 or config.objectives[0] != metric:
        raise NasbenchError(
            f"The objectives of {config.task} are {', '.join(config.objectives)}; they should be {metric} and one or more others, "
            f"such as {metric},latency@onnx-1-thread,bytes."
        )
    check_config(config)
