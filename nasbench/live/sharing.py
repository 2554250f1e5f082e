"""Architectures scored with shared weights, and how far such scores can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.live.batches import DeviceSplit
from nasbench.live.blueprints import Architecture
from nasbench.live.metrics import mean_loss, score
from nasbench.live.supernet import Supernet


@torch.no_grad()
def shared_losses(supernet: Supernet, architectures: Architecture, data: DeviceSplit) -> NDArray[np.float64]:
    """Return the mean loss of each architecture `(n, d)` on a split with inherited weights, `(n,)`; minimised.

    A supernet keeps no running statistics, so every batch is normalised by its own.
    """
    return np.array([mean_loss(supernet.shape, partial(_path, supernet, a), data) for a in architectures])


@torch.no_grad()
def shared_errors(supernet: Supernet, architectures: Architecture, data: DeviceSplit) -> NDArray[np.float64]:
    """Return the score of each architecture `(n, d)` on a split with inherited weights, `(n,)`; minimised."""
    return np.array([score(supernet.shape, partial(_path, supernet, a), data) for a in architectures])


def _path(supernet: Supernet, architecture: Architecture, x: Tensor) -> Tensor:
    return supernet.path(x, architecture)


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
