"""One-shot evaluation: scores of architectures with shared weights."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.live.networks.space_networks import Architecture
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import mean_loss, score


@torch.no_grad()
def shared_losses(supernet: Supernet, architectures: Architecture, data: DeviceSplit) -> NDArray[np.float64]:
    """Return the mean loss of each architecture `(n, d)` on a split with inherited weights, `(n,)`; minimised.

    A supernet has no running statistics, so every batch is normalised by its own statistics.
    """
    return np.array([mean_loss(supernet.shape, partial(_path, supernet, a), data) for a in architectures])


@torch.no_grad()
def shared_errors(supernet: Supernet, architectures: Architecture, data: DeviceSplit) -> NDArray[np.float64]:
    """Return the score of each architecture `(n, d)` on a split with inherited weights, `(n,)`; minimised."""
    return np.array([score(supernet.shape, partial(_path, supernet, a), data) for a in architectures])


def _path(supernet: Supernet, architecture: Architecture, x: Tensor) -> Tensor:
    return supernet.path(x, architecture)
