"""Reference models: standard models of each domain, and architectures chosen by size, to put scores of searches into perspective.

They use the same examples as the final training of a searched network: all non-test examples, in the same units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.percentile import reference_percentile
from nasbench.live.experiment.retraining import describe_trained, final_splits, train_final
from nasbench.live.experiment.scores import class_scores, number_scores
from nasbench.live.experiment.size_baselines import SIZE_BASELINES, check_size_baseline, choose_by_size
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.small_cnn import plain_network
from nasbench.live.tasks.references import forecasts, linear_models
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.microbatching import memory_guard
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.training import Trainer

Predict = Callable[[Task, Splits], NDArray[Any]]
"""Classes `(n,)`, their probabilities `(n, classes)` or forecasts `(n, horizon)` for the test split."""

CLASSIFIERS: Mapping[str, Predict] = {
    "majority": linear_models.majority,
    "logistic_regression": linear_models.logistic_regression,
}
FORECASTERS: Mapping[str, Predict] = {
    "persistence": forecasts.persistence,
    "training_mean": forecasts.training_mean,
    "seasonal_naive": forecasts.seasonal_naive,
    "arima": forecasts.arima,
}
SMALL_CNN = "small_cnn"
"""`PlainNetwork` with the recipe's channels, trained with the same recipe and seed."""


def check_reference(name: str, task: Task, space: str = "nas-bench-201") -> None:
    """Raise NasbenchError unless a reference is known and suits the kind of task, and one chosen by size the space."""
    trained = (SMALL_CNN, *SIZE_BASELINES)
    known = {**CLASSIFIERS, **FORECASTERS}
    if name in SIZE_BASELINES:
        check_size_baseline(name, space)
    if name not in (*known, *trained):
        raise unknown_name("reference model", name, (*known, *trained))
    if name not in (*_of_kind(task), *trained):
        fitting = ", ".join((*_of_kind(task), *trained))
        raise NasbenchError(
            f"Reference {name!r} is no model of {task.shape.kind}; for {task.name} choose of {fitting}."
        )


def run_reference(
    name: str,
    task: Task,
    splits: Splits,
    recipe: Recipe,
    device: torch.device,
    folder: Path | None = None,
    space: str = "nas-bench-201",
) -> dict[str, Any]:
    """Fit a reference and evaluate it once on the test split; the result has the keys of a searched network where they
    apply. `space` is that of architectures chosen by size.

    Raises:
        NasbenchError: if the reference is unknown or does not fit the task, or memory runs out.
    """
    check_reference(name, task, space)
    if name in SIZE_BASELINES:
        cell = choose_by_size(name, space, task.shape, recipe)
        trained = train_final(task, splits, space, cell, recipe, device, folder)
        return {
            "architecture": get_networks(space).make_space().to_string(cell),
            **describe_trained(task, splits, trained, recipe, device),
            **reference_percentile(task, space, cell, recipe),
            "train_curve": trained.curve,
        }
    with memory_guard(device, f"fitting {name}"):
        return _fitted(name, task, splits, recipe, device, folder)


def _fitted(
    name: str, task: Task, splits: Splits, recipe: Recipe, device: torch.device, folder: Path | None
) -> dict[str, Any]:
    if name == SMALL_CNN:
        network = plain_network(task.shape, recipe.channels, recipe.seed)
        identity = {"network": name, "examples": [len(splits.train), len(splits.search)]}
        trainer = Trainer(network, task, final_splits(splits), recipe, device, folder, identity, track=False)
        trained = trainer.run()
        return {**describe_trained(task, splits, trained, recipe, device), "train_curve": trained.curve}
    start = time.perf_counter()
    predicted = _of_kind(task)[name](task, splits)
    seconds = time.perf_counter() - start
    actual = splits.test.y
    if task.shape.kind == "forecasting":
        more = {} if task.shape.dims else number_scores(predicted, actual)
        return {"test_mse": float(np.square(predicted - actual).mean()), **more, "train_seconds": seconds}
    probabilities = predicted if predicted.ndim == 2 else None
    classes = predicted if probabilities is None else probabilities.argmax(axis=1)
    return {**class_scores(classes, actual, task.shape.outputs, probabilities), "train_seconds": seconds}


def _of_kind(task: Task) -> Mapping[str, Predict]:
    return FORECASTERS if task.shape.kind == "forecasting" else CLASSIFIERS
