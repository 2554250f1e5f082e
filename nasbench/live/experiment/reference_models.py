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
from torch import nn

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.percentile import reference_percentile
from nasbench.live.experiment.retraining import describe_trained, final_splits, train_final
from nasbench.live.experiment.scores import class_scores, number_scores
from nasbench.live.experiment.size_baselines import SIZE_BASELINES, check_size_baseline, choose_by_size
from nasbench.live.hardware.counting import macs
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.resnet import ResNet18
from nasbench.live.networks.small_cnn import PlainNetwork
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.networks.text_cnn import TextCnn
from nasbench.live.tasks.references import forecasts, linear_models, tabular_models
from nasbench.live.tasks.shape import TaskShape
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
    "dlinear": forecasts.dlinear,
    "arima": forecasts.arima,
}
BOOSTED: Mapping[str, Predict] = {"gradient_boosting": tabular_models.gradient_boosting}
REGRESSORS: Mapping[str, Predict] = {
    "training_mean": tabular_models.training_mean,
    "ridge_regression": tabular_models.ridge_regression,
    **BOOSTED,
}

FIXED_CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|"
"""The residual block as a cell of NAS-Bench-201."""
LARGEST_CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"


def fixed_cell(shape: TaskShape, recipe: Recipe) -> nn.Module:
    """Return the network of residual cells that is as wide as it takes to have the multiply-accumulates of the largest cell at
    the recipe's channels, so that a cell found is not better by size alone.
    """
    networks = get_cell_networks("nas-bench-201")
    space = networks.make_space()

    def made(cell: str, channels: int) -> nn.Module:
        return networks.build_standalone(space.from_string(cell), shape, channels, recipe.cells)

    wanted, channels = macs(made(LARGEST_CELL, recipe.channels), shape), recipe.channels
    while macs(made(FIXED_CELL, channels), shape) < wanted:
        channels += 1
    return made(FIXED_CELL, channels)


NETWORKS: Mapping[str, Callable[[TaskShape, Recipe], nn.Module]] = {
    "small_cnn": lambda shape, recipe: PlainNetwork(shape, recipe.channels),
    "fixed_cell": fixed_cell,
    "resnet18": lambda shape, recipe: ResNet18(shape, 2 * recipe.channels),
    "text_cnn": lambda shape, recipe: TextCnn(shape),
}
"""Networks trained with the recipe and seed of a search: a plain one with the recipe's channels, residual cells, ResNet-18
whose first stage has twice the recipe's channels (64 in the paper), and that of Kim (2014) for texts.
"""


def is_reference(name: str) -> bool:
    """Return whether a name is that of a reference model of some kind of task."""
    return any(name in known for known in (CLASSIFIERS, FORECASTERS, REGRESSORS, NETWORKS, SIZE_BASELINES))


def references_of(task: Task) -> tuple[str, ...]:
    """Return the names of the reference models that suit a task, the trivial one first."""
    shape = task.shape
    if not shape.dims:
        return tuple(_predictors(task))
    if shape.kind == "forecasting":
        left_out = () if shape.outputs <= task.season <= shape.size else ("seasonal_naive",)
        return (*(name for name in _predictors(task) if name not in left_out), "small_cnn", "fixed_cell")
    return (*CLASSIFIERS, "small_cnn", *(("text_cnn",) if shape.vocabulary else ("fixed_cell", "resnet18")))


def check_reference(name: str, task: Task, space: str = "nas-bench-201") -> None:
    """Raise NasbenchError unless a reference is known and suits the kind of task, and one chosen by size the space."""
    if name in SIZE_BASELINES:
        check_size_baseline(name, space)
        return
    if not is_reference(name):
        known = (*CLASSIFIERS, *FORECASTERS, *REGRESSORS, *NETWORKS, *SIZE_BASELINES)
        raise unknown_name("reference model", name, known)
    # Without a season of its own within the window, a task may be asked for one, which then says what it lacks.
    fitting = dict.fromkeys((*_predictors(task), *references_of(task), *SIZE_BASELINES))
    if name not in fitting:
        raise NasbenchError(
            f"Reference {name!r} is no model of {_domain(task)}; for {task.name} choose of {', '.join(fitting)}."
        )


def _domain(task: Task) -> str:
    inputs = "texts" if task.shape.vocabulary else ("tables", "series", "images")[task.shape.dims]
    kind = task.shape.kind if task.shape.dims or task.shape.kind == "classification" else "regression"
    return f"{kind} of {inputs}"


def _predictors(task: Task) -> Mapping[str, Predict]:
    """Return the references of a task that are no networks."""
    if task.shape.kind == "forecasting":
        return FORECASTERS if task.shape.dims else REGRESSORS
    return CLASSIFIERS if task.shape.dims else {**CLASSIFIERS, **BOOSTED}


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
    if name in NETWORKS:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            network = NETWORKS[name](task.shape, recipe)
        identity = {"network": name, "examples": [len(splits.train), len(splits.search)]}
        trainer = Trainer(network, task, final_splits(splits), recipe, device, folder, identity, track=False)
        trained = trainer.run()
        return {**describe_trained(task, splits, trained, recipe, device), "train_curve": trained.curve}
    start = time.perf_counter()
    predicted = _predictors(task)[name](task, splits)
    seconds = time.perf_counter() - start
    actual = splits.test.y
    if task.shape.kind == "forecasting":
        more = {} if task.shape.dims else number_scores(predicted, actual)
        return {"test_mse": float(np.square(predicted - actual).mean()), **more, "train_seconds": seconds}
    probabilities = predicted if predicted.ndim == 2 else None
    classes = predicted if probabilities is None else probabilities.argmax(axis=1)
    return {**class_scores(classes, actual, task.shape.outputs, probabilities), "train_seconds": seconds}
