"""A federated search on digits that takes a second, for the tests of its parts."""

from __future__ import annotations

from dataclasses import replace

import torch

from nasbench.live.federated.experiment import FederatedExperiment
from nasbench.live.federated.federated_config import FederatedConfig
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL

CPU = torch.device("cpu")
DIGITS = get_task("digits")
JOB = FederatedConfig(
    task="digits",
    optimizer_params={"arch_learning_rate": 1.0},
    supernet=SupernetConfig(epochs=1, batch_size=32, channels=4, cells=1),
    recipe=replace(SMALL, epochs=1, batch_size=32, channels=4),
)
PLAN = FederatedExperiment(config=JOB, clients=3, subset_size=(120, 60))
