"""GAEA (Li, Khodak, Balcan and Talwalkar, ICLR 2021): exponentiated gradient on the simplices themselves."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.searcher import Rate, Searcher
from nasbench.live.training.batches import Batch


class Gaea(Searcher):
    """Block-stochastic mirror descent, which needs no softmax and makes sparse points.

    The authors' code (liamcli/gaea_release) differs on NAS-Bench-201: it leaves `none` out of the search, has 24 channels and 25
    epochs, lets no entry fall below 1e-5, and its single level moves the architecture first, on another batch of the same data.

    Args:
        arch_learning_rate: of the exponentiated gradient (the authors': 0.1).
        levels: 1 moves weights and architecture on the same training batch (the paper's "ERM"), 2 moves the
            architecture on the search batch.
        options: see `Searcher`.
    """

    def __init__(self, *args: Any, arch_learning_rate: Rate = 0.1, levels: Literal[1, 2] = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rate, self.levels = arch_learning_rate, levels
        self.theta = self.mask.float() / self.mask.sum(dim=1, keepdim=True)

    def architecture_probabilities(self) -> Tensor:
        """Return theta."""
        return self.theta

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Move the weights by SGD and theta by exponentiated gradient."""
        theta = self.theta.clone().requires_grad_()

        def mixture() -> OperationWeights:
            theta.grad = None  # of an attempt that ran out of memory
            return OperationWeights(weights=self.networks.relaxation(theta))

        if self.levels == 1:
            value = self.update_weights(train, mixture)
            gradient = theta.grad
            assert gradient is not None
        else:
            (gradient,) = self.gradients([theta], search, mixture)
            value = self.update_weights(train, self.mixture)
        self.theta = exponentiated_gradient(self.theta, gradient, self.rate)
        return value

    def state(self) -> dict[str, Any]:
        """Return theta."""
        return {"theta": self.theta}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.theta = state["theta"].to(self.device)


def exponentiated_gradient(theta: Tensor, gradient: Tensor, rate: float) -> Tensor:
    """Return `theta exp(-rate gradient)`, normalised row by row; entries of zero stay zero."""
    logits = torch.log(theta) - rate * gradient
    return torch.softmax(logits, dim=1)
