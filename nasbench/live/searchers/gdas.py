"""GDAS (Dong and Yang, CVPR 2019).

One operation per edge is sampled by a hard Gumbel softmax with decreasing temperature.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.concrete import gumbel
from nasbench.live.searchers.searcher import LogitSearcher
from nasbench.live.training.batches import Batch
from nasbench.ranges import positive

Temperature = Annotated[float, positive(1_000_000)]


class Gdas(LogitSearcher):
    """Differentiable sampling: forward through the sampled operations only, backward to the probabilities of all.

    Args:
        warm, cold: the temperature falls linearly from the first to the second (10 and 0.1 in AutoDL-Projects,
            `scripts-search/algos/GDAS.sh`).
        options: see `LogitSearcher`.
    """

    samples_itself = True
    trains_mixtures = False

    def __init__(self, *args: Any, warm: Temperature = 10.0, cold: Temperature = 0.1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.warm, self.cold = warm, cold

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Sample and move the weights down the training loss; sample again and move the logits down the search loss."""
        value = self.update_weights(train, partial(self.sample, self.noise()))
        (gradient,) = self.gradients([self.alpha], search, partial(self.sample, self.noise()))
        self.update_alpha(gradient)
        return value

    def noise(self) -> Tensor:
        """Return the next Gumbel variables of the searcher's stream, of the shape of the logits `(n, k)`."""
        return gumbel(self.mask.shape, self.generator).to(self.device)

    def sample(self, gumbel: Tensor) -> OperationWeights:
        """Return the mixture sampled by `gumbel`, whose weights carry the gradient of the soft sample (straight through)."""
        temperature = self.warm + (self.cold - self.warm) * self.progress
        logits = torch.log_softmax(self.alpha.masked_fill(~self.mask, -torch.inf), dim=1)
        soft = torch.softmax((logits + gumbel) / temperature, dim=1)
        hard = nn.functional.one_hot(soft.argmax(dim=1), soft.shape[1]).to(soft)
        weights = self.networks.relaxation(hard + soft - soft.detach())
        chosen = self.networks.relaxation(hard)
        active = torch.where(chosen.sum(dim=1) > 0, chosen.argmax(dim=1), torch.zeros_like(chosen.argmax(dim=1)))
        return OperationWeights(weights=weights, active=active.tolist())
