"""Multi-objective live search: every architecture of the resulting Pareto front is retrained and evaluated once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config
from nasbench.live.experiment.experiment import open_experiment
from nasbench.live.experiment.search import search_standalone
from nasbench.live.experiment.training_benchmark import measure_objectives
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.training import Reporter, stderr_reporter
from nasbench.search.dominance import nondominated


def run_pareto_search(
    config: ExperimentConfig, device: torch.device, workdir: Path | None = None, reporter: Reporter = stderr_reporter
) -> list[dict[str, Any]]:
    """Search by training from scratch, then retrain and evaluate every architecture of the front; return one flat row
    each, best first.

    A row has the objectives observed in the search (`search_NAME`), those measured again on the retrained network
    (`NAME`), the test score and the counts of `describe_trained`. The front is that of the observed objectives; the
    test split affects neither selection nor order.

    Args:
        config: configuration whose objectives begin with the task's metric.
        device: device for training.
        workdir: folder of checkpoints, resumed if it has the same configuration; None for no checkpoints.
        reporter: callback for messages.

    Raises:
        NasbenchError: if the optimizer shares weights or only supports one objective, or an objective is not available
            on the task.
    """
    _check(config)
    experiment = open_experiment(config, device, workdir, reporter)
    reporter(
        f"{config.optimizer} trains from scratch for {', '.join(config.objectives)} on {config.task} (seed {config.seed})"
    )
    start = time.perf_counter()
    trace, replayed = search_standalone(experiment)
    seconds = time.perf_counter() - start + replayed
    whole = trace["epochs"] == trace["epochs"].max()  # a short training says less
    _, once = np.unique(trace["architecture"][whole], axis=0, return_index=True)
    architectures = trace["architecture"][whole][once]
    objectives = np.stack([trace[name][whole][once] for name in config.objectives], axis=1)
    kept = nondominated(objectives)
    architectures, objectives = architectures[kept], objectives[kept]
    rows = []
    for member, at in enumerate(np.lexsort(objectives.T[::-1])):
        name = experiment.space.to_string(architectures[at])
        reporter(f"training {member + 1} of {len(architectures)} on the front: {name}")
        place = experiment.place("front/" + "".join(f"{choice:x}" for choice in architectures[at]))
        trained = experiment.retrain(architectures[at], place)
        rows.append(
            {
                "task": config.task,
                "space": config.space,
                "optimizer": config.optimizer,
                "seed": config.seed,
                "architecture": name,
                **{f"search_{o}": float(v) for o, v in zip(config.objectives, objectives[at], strict=True)},
                **measure_objectives(trained.network, experiment.task.shape, config.objectives),
                **experiment.score(trained),
                "search_seconds": seconds,
                "queries": len(trace["query"]),
            }
        )
    return rows


def _check(config: ExperimentConfig) -> None:
    metric = get_task(config.task).metric
    if len(config.objectives) < 2 or config.objectives[0] != metric:
        raise NasbenchError(
            f"The objectives of {config.task} are {', '.join(config.objectives)}; they should be {metric} and one or more others, "
            f"such as {metric},latency@onnx-1-thread,bytes."
        )
    check_config(config)
