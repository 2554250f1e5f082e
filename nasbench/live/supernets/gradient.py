"""The supernet as a source of architecture gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.live.supernets.supernet import Supernet
from nasbench.live.training.batches import Batch
from nasbench.live.training.metrics import loss


@dataclass(frozen=True)
class SupernetGradient:
    """Gradient of the loss of the mixed supernet at `theta`, on one batch.

    It approximates the gradient of `F(theta) = E_{a ~ theta} f(a)`: both agree on the network at a vertex, but between
    vertices the mixture is a different function (see `nasbench.hybrid.gradients`), so it is used for proposals and
    never for selection.

    Attributes:
        supernet: shared weights.
        batch: inputs and targets.
        parts: number of parts in which the batch is computed sequentially, to save memory.
    """

    supernet: Supernet
    batch: Batch
    parts: int = 1

    def gradient(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient at each point, `(R, d, k)` to `(R, d, k)`."""
        return np.stack([self._one(point) for point in theta])

    def _one(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        like = next(self.supernet.parameters())
        theta = torch.as_tensor(point, dtype=like.dtype, device=like.device).requires_grad_()
        total = torch.zeros_like(theta)
        for x, y in zip(*(values.chunk(self.parts) for values in self.batch), strict=True):
            value = loss(self.supernet.shape, self.supernet.at(x, theta), y) * (len(x) / len(self.batch[0]))
            total += torch.autograd.grad(value, theta)[0]
        return total.double().cpu().numpy()
