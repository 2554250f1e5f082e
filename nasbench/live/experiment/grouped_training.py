"""Training of one NAS-Bench-201 cell with several seeds at once on a one-dimensional task, with learning curves.

Each network starts from the weights and sees the batches that `nasbench train` would give it with its seed, so that the trainings are
those of `nasbench.live.training.training`, up to rounding.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.networks.grouped import GroupedNetwork
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.tasks.task import Split, Splits, Task
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import initialize_network

SPACE = "nas-bench-201"
EVALUATED_AT_ONCE = 500
UNSUPPORTED = (
    "decoupled_decay",
    "label_smoothing",
    "ema_decay",
    "lookahead",
    "drop_path",
    "auxiliary_weight",
    "compile",
    "test_time_flip",
    "test_time_shift",
)
"""Settings of a recipe that have to be off."""


@dataclass(frozen=True)
class SeedTrainings:
    """Trainings of one architecture.

    Attributes:
        search_errors: error in % on the search split after each epoch, `(seeds, epochs)`.
        test_errors: error in % on the test split, by epoch, `(seeds,)` each.
        seconds: CPU seconds of training until the end of each epoch, `(epochs,)`: those of the group, divided by the number of seeds.
    """

    search_errors: NDArray[np.float64]
    test_errors: dict[int, NDArray[np.float64]]
    seconds: NDArray[np.float64]


def train_seeds(
    task: Task,
    splits: Splits,
    architecture: Architecture,
    recipe: Recipe,
    seeds: Sequence[int],
    test_epochs: Collection[int],
) -> SeedTrainings:
    """Train an architecture with each seed; the test split is evaluated after the `test_epochs`.

    Raises:
        NasbenchError: if the task is not a classification in one dimension, or the recipe has a setting of `UNSUPPORTED`.
    """
    _check(task, recipe)
    choices = get_cell_networks(SPACE).choices(architecture)
    network = GroupedNetwork(
        [initialize_network(task, SPACE, architecture, replace(recipe, seed=seed)) for seed in seeds], choices
    )
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    train, search, test = (_tensors(split) for split in (splits.train, splits.search, splits.test))
    momentum = torch.zeros_like(network.weights)
    errors, tested, seconds = [], {}, [0.0]
    for epoch in range(recipe.epochs):
        start = time.process_time()
        _train_epoch(network, train, recipe, epoch, generators, momentum)
        seconds.append(seconds[-1] + (time.process_time() - start) / len(seeds))
        errors.append(_errors(network, search))
        if epoch + 1 in test_epochs:
            tested[epoch + 1] = _errors(network, test)
    return SeedTrainings(np.stack(errors, axis=1), tested, np.array(seconds[1:]))


def _check(task: Task, recipe: Recipe) -> None:
    shape = task.shape
    if shape.dims != 1 or shape.kind != "classification" or shape.vocabulary:
        raise NasbenchError(f"Seeds are trained at once on classifications in one dimension, which {task.name} is not.")
    for name in UNSUPPORTED:
        if getattr(recipe, name):
            raise NasbenchError(f"Seeds are trained at once without {name}; the recipe should have it off.")
    if recipe.bias_scale != 1.0 or recipe.precision != "float32":
        raise NasbenchError("Seeds are trained at once in float32 with a bias_scale of 1.")


def _tensors(split: Split) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(split.x), torch.as_tensor(split.y)


def _train_epoch(
    network: GroupedNetwork,
    data: tuple[Tensor, Tensor],
    recipe: Recipe,
    epoch: int,
    generators: Sequence[torch.Generator],
    momentum: Tensor,
) -> None:
    """Train each network for an epoch on its own order of the examples."""
    x, y = data
    size = min(recipe.batch_size, len(x))
    orders = torch.stack([torch.randperm(len(x), generator=generator) for generator in generators])
    steps = len(x) // size
    network.training = True
    for step in range(steps):
        where = orders[:, step * size : (step + 1) * size]
        # (G, N, C, L) to (G, C, L, N)
        outputs = network(x[where].permute(0, 2, 3, 1).contiguous())
        losses = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), y[where].flatten(), reduction="none")
        gradient = network.gradient(losses.sum() / size)
        _descend(network, gradient, recipe, recipe.rate((epoch + step / steps) / recipe.epochs), momentum)


def _descend(network: GroupedNetwork, gradient: Tensor, recipe: Recipe, rate: float, momentum: Tensor) -> None:
    """Clip the gradient of each network and take one step of torch's SGD."""
    if recipe.gradient_clip:
        norms = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        gradient = gradient * (recipe.gradient_clip / (norms + 1e-6)).clamp(max=1.0)
    gradient = torch.addcmul(gradient, network.decays, network.weights, value=recipe.weight_decay)
    momentum.mul_(recipe.momentum).add_(gradient)
    step = gradient.add(momentum, alpha=recipe.momentum) if recipe.nesterov else momentum
    network.weights.sub_(step, alpha=rate)


@torch.no_grad()
def _errors(network: GroupedNetwork, data: tuple[Tensor, Tensor]) -> NDArray[np.float64]:
    """Return the error in % of each network over a split, `(seeds,)`."""
    network.training = False
    x, y = data
    wrong = torch.zeros(len(network.weights), dtype=torch.int64)
    for a, b in zip(x.split(EVALUATED_AT_ONCE), y.split(EVALUATED_AT_ONCE), strict=True):
        inputs = a.permute(1, 2, 0).contiguous().expand(len(wrong), *a.shape[1:], len(a))
        wrong += (network(inputs).argmax(dim=2) != b).sum(dim=1)
    return 100.0 * wrong.numpy() / len(x)
