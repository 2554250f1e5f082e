"""Training of an architecture from scratch, shared by the whole suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.convnet import PATCH_IMAGES, prepare, whitens
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.training import Reporter, Trained, Trainer, stderr_reporter


def initialize_network(task: Task, space: str, architecture: Architecture, recipe: Recipe) -> nn.Module:
    """Return the network of an architecture with initial weights drawn from the recipe's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return get_networks(space).build_standalone(
            architecture, task.shape, recipe.channels, recipe.cells, auxiliary=recipe.auxiliary_weight > 0
        )


def prepare_network(
    task: Task, splits: Splits, space: str, architecture: Architecture, recipe: Recipe, device: torch.device
) -> nn.Module:
    """Return the network of an architecture on a device, ready for training: a whitening stem is initialised from the
    images.
    """
    network = initialize_network(task, space, architecture, recipe).to(device)
    if whitens(network):
        prepare(network, DeviceSplit(splits.train.first(PATCH_IMAGES), task, device).cut(slice(None))[0])
    return network


def build_trainer(
    task: Task,
    splits: Splits,
    space: str,
    architecture: Architecture,
    recipe: Recipe,
    device: torch.device,
    folder: Path | None = None,
    track: bool = True,
    reporter: Reporter = stderr_reporter,
) -> Trainer:
    """Return the trainer of an architecture, resumed from its checkpoint in `folder` if there is one."""
    identity: dict[str, Any] = {
        "space": space,
        "architecture": np.asarray(architecture).tolist(),
        "examples": [len(splits.train), len(splits.search)],
    }
    network = prepare_network(task, splits, space, architecture, recipe, device)
    return Trainer(network, task, splits, recipe, device, folder, identity, track, reporter)


def train_standalone(
    task: Task, splits: Splits, space: str, architecture: Architecture, recipe: Recipe, device: torch.device
) -> Trained:
    """Train an architecture to the end, without checkpoints or intermediate evaluation."""
    return build_trainer(task, splits, space, architecture, recipe, device, track=False).run()
