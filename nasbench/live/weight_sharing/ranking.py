"""How far scores with shared weights can be trusted.

A supernet's ranking against training alone. Measured, not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.live.blueprints import Architecture
from nasbench.live.tasks.task import Splits, Task
from nasbench.live.training.alone import train_alone
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import mean_loss, primary
from nasbench.live.training.recipe import Recipe
from nasbench.live.weight_sharing.sharing import shared_losses
from nasbench.live.weight_sharing.supernet import Supernet


@dataclass(frozen=True)
class Ranking:
    """How shared weights rank architectures that were also trained alone.

    Attributes:
        kendall_tau: tau-b of the two rankings, in [-1, 1].
        p_value: of the hypothesis that they are independent.
        top_k_overlap: share of the best `k` alone that are among the best `k` by shared weights; k/n by chance.
        k, n: as said.
    """

    kendall_tau: float
    p_value: float
    top_k_overlap: float
    k: int
    n: int


def ranking(shared: NDArray[np.float64], alone: NDArray[np.float64], k: int) -> Ranking:
    """Compare two scores `(n,)` of the same architectures, both minimised; of equals the first counts as better."""
    from scipy.stats import kendalltau

    result = kendalltau(shared, alone)
    best = [set(np.argsort(values, kind="stable")[:k].tolist()) for values in (shared, alone)]
    overlap = len(best[0] & best[1]) / k
    return Ranking(float(result.statistic), float(result.pvalue), overlap, k, len(shared))


def supernet_ranking(
    supernet: Supernet,
    task: Task,
    splits: Splits,
    architectures: Architecture,
    recipe: Recipe,
    k: int,
    device: torch.device,
) -> Ranking:
    """Train architectures `(n, d)` alone under one recipe; compare their search losses with those of shared weights."""
    held = DeviceSplit(splits.search, task, device)

    def forward(network: nn.Module, x: Tensor) -> Tensor:
        return primary(network(x))

    alone = []
    for i, architecture in enumerate(architectures):
        own = replace(recipe, seed=recipe.seed + i)
        network = train_alone(task, splits, supernet.blueprint.space, architecture, own, device).network.eval()
        alone.append(mean_loss(task.shape, partial(forward, network), held))
    return ranking(shared_losses(supernet, architectures, held), np.array(alone), k)
