"""PC-DARTS (Xu et al., ICLR 2020): operations process a part of the channels, and edges are normalised."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.searcher import LogitSearcher, need_edges
from nasbench.live.training.batches import Batch
from nasbench.ranges import Probability


class PcDarts(LogitSearcher):
    """First-order search on a supernet with partial channels and edge normalisation.

    A quarter of the channels, the warm-up of 15 in 50 epochs and Adam's learning rate of 6e-4 are the authors'
    (`train_search.py`, `model_search.py`); their batches of 256 and learning rate of 0.1 of the weights are not the defaults
    of `SupernetConfig`.

    Args:
        warmup: fraction of the search in which only the weights are trained.
        partial_channels (4): one in this many channels goes through the operations. An option of the supernet, hence an
        argument of `build` instead of the constructor.
        options: see `LogitSearcher`.
    """

    partial_channels = 4

    def __init__(self, *args: Any, warmup: Probability = 0.3, **options: Any) -> None:
        super().__init__(*args, **{"arch_learning_rate": 6e-4, **options})
        need_edges(self.networks, "PC-DARTS")
        self.warmup = warmup
        start = 1e-3 * torch.randn(self.networks.edges, generator=self.generator)
        self.beta = start.to(self.device).requires_grad_()
        self.arch_optimizer.add_param_group({"params": [self.beta]})

    def scale(self) -> Tensor:
        """Return the weight of each edge: a softmax of beta over the edges into one node, `(E,)`."""
        groups = self.networks.targets
        parts = torch.cat([torch.softmax(self.beta[list(group)], dim=0) for group in groups])
        return parts[torch.argsort(torch.tensor([e for group in groups for e in group]))]

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Move alpha and beta down the search loss (after the warm-up), then the weights down the training loss."""
        if self.progress >= self.warmup:
            mix = partial(self._mix, self.noise_of_mixture())
            gradient, self.beta.grad = self.gradients([self.alpha, self.beta], search, mix)
            self.update_alpha(gradient)
        return self.update_weights(train, partial(self._detached, self.noise_of_mixture()))

    def _mix(self, noise: Tensor | None) -> OperationWeights:
        return OperationWeights(weights=self.soften_with(noise), scale=self.scale())

    def _detached(self, noise: Tensor | None) -> OperationWeights:
        return OperationWeights(weights=self.soften_with(noise).detach(), scale=self.scale().detach())

    def mixture(self) -> OperationWeights:
        """Return the present mixture with its edge weights, without noise."""
        return self._detached(None)

    def discretize(self) -> Any:
        """Discretise the product of operation and edge weights, as the authors do."""
        product = self.architecture_probabilities() * self.scale().detach()[:, None]
        return self.networks.discretize(product.double().cpu().numpy())

    def state(self) -> dict[str, Any]:
        """Return the logits of operations and of edges and Adam's moments."""
        return {**super().state(), "beta": self.beta.detach()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        super().restore(state)
        with torch.no_grad():
            self.beta.copy_(state["beta"])
