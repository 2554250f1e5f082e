"""Final training: retrain the architecture found on all non-test examples and evaluate it once on the test split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.live.experiment.scores import network_scores
from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.hardware.latency import measure_network
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import predict, score_outputs
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import Reporter, Trained, stderr_reporter


def final_splits(splits: Splits) -> Splits:
    """Return splits whose training part contains all non-test examples; no selection takes place afterwards."""
    together = Split(
        np.concatenate([splits.train.x, splits.search.x]), np.concatenate([splits.train.y, splits.search.y])
    )
    return Splits(together, splits.search.first(0), splits.test)


def train_final(
    task: Task,
    splits: Splits,
    space: str,
    architecture: Architecture,
    recipe: Recipe,
    device: torch.device,
    folder: Path | None = None,
    reporter: Reporter = stderr_reporter,
) -> Trained:
    """Train an architecture from scratch on all non-test examples, with checkpoints in `folder`."""
    with memory_guard(device, "training"):
        return build_trainer(
            task, final_splits(splits), space, architecture, recipe, device, folder, False, reporter
        ).run()


def describe_trained(
    task: Task, splits: Splits, trained: Trained, recipe: Recipe, device: torch.device
) -> dict[str, Any]:
    """Return test score, size, memory and latency of a trained network; the only use of the test split."""
    with memory_guard(device, "scoring"):
        return _describe(task, splits, trained, recipe, device)


def _describe(task: Task, splits: Splits, trained: Trained, recipe: Recipe, device: torch.device) -> dict[str, Any]:
    network, shape = trained.network, task.shape
    test = DeviceSplit(splits.test, task, device)
    outputs = predict(network, test, arithmetic=trained.arithmetic)
    seen = predict(network, test, views=recipe.views, arithmetic=trained.arithmetic) if recipe.views.count > 1 else None
    latency = measure_network(network, shape)
    return {
        f"test_{task.metric}": score_outputs(shape, outputs, splits.test.y),
        f"test_{task.metric}_with_views": None if seen is None else score_outputs(shape, seen, splits.test.y),
        "views": str(recipe.views),
        **_complements(task, network_scores(shape, outputs, splits.test.y, seen)),
        "parameters": parameters(network),
        "macs": macs(network, shape),
        "memory_bytes": memory(network, shape)["total"],
        "latency_ms_batch_1": latency[1],
        "latency_ms_batch_64": latency[64],
        "train_seconds": trained.seconds,
    }


def _complements(task: Task, scores: dict[str, Any]) -> dict[str, Any]:
    """Return the scores beside the task's own, which is reported with and without views."""
    return {name: value for name, value in scores.items() if name != f"test_{task.metric}"}
