"""An experiment: a configuration with its task, device and folder, for search, retraining and evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.experiment.retraining import describe_trained, train_final
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.tasks.user_task import check_same_data
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.training import Reporter, Trained, stderr_reporter
from nasbench.spaces.space import Space


@dataclass(frozen=True)
class Experiment:
    """A configuration with its data and device.

    Attributes:
        config: the configuration.
        task, splits: the data; the test split is only read by `score`.
        device: where to train.
        workdir: folder of checkpoints, resumed if it has the same configuration; None for no checkpoints.
        reporter: callback for messages.
    """

    config: ExperimentConfig
    task: Task
    splits: Splits
    device: torch.device
    workdir: Path | None = None
    reporter: Reporter = stderr_reporter

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return get_networks(self.config.space).make_space()

    @property
    def recipe(self) -> Recipe:
        """The recipe of the final training, with the seed of the experiment."""
        return replace(self.config.recipe, seed=self.config.seed)

    def place(self, name: str) -> Path | None:
        """Return a folder inside `workdir`, None without one."""
        return self.workdir / name if self.workdir else None

    def retrain(self, architecture: Architecture, workdir: Path | None = None) -> Trained:
        """Train an architecture from scratch on all non-test examples, with checkpoints in `workdir`."""
        where = (self.config.space, architecture, self.recipe, self.device)
        return train_final(self.task, self.splits, *where, workdir, self.reporter)

    def score(self, trained: Trained) -> dict[str, Any]:
        """Return test score, size, memory and latency of a trained network; the only use of the test split."""
        return describe_trained(self.task, self.splits, trained, self.recipe, self.device)


def open_experiment(
    config: ExperimentConfig,
    device: torch.device,
    workdir: Path | None = None,
    reporter: Reporter = stderr_reporter,
) -> Experiment:
    """Return the experiment of a validated configuration with the data of its task."""
    task = get_task(config.task)
    check_same_data(task, workdir)
    return Experiment(config, task, task.load().reduced(*config.subset_size), device, workdir, reporter)
