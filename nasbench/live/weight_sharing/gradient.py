"""The supernet as a source of gradients for optimizers that follow them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.live.training.batches import Batch
from nasbench.live.training.metrics import loss
from nasbench.live.weight_sharing.supernet import Supernet


@dataclass(frozen=True)
class SupernetGradient:
    """Gradient of the loss of the mixed supernet at `theta`, on one batch.

    It stands in for the gradient of `F(theta) = E_{a ~ theta} f(a)`: at a vertex both look at the same network, in
    between the mixture is another function (see `nasbench.hybrid.gradients`), so it proposes and never selects.

    Attributes:
        supernet: shared weights.
        batch: inputs and targets.
    """

    supernet: Supernet
    batch: Batch

    def gradient(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient at each point, `(R, d, k)` to `(R, d, k)`."""
        return np.stack([self._one(point) for point in theta])

    def _one(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        like = next(self.supernet.parameters())
        theta = torch.as_tensor(point, dtype=like.dtype, device=like.device).requires_grad_()
        value = loss(self.supernet.shape, self.supernet.at(self.batch[0], theta), self.batch[1])
        (gradient,) = torch.autograd.grad(value, theta)
        return gradient.double().cpu().numpy()
