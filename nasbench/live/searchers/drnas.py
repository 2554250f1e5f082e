"""DrNAS (Chen et al., ICLR 2021): the mixture is drawn from a Dirichlet distribution on each simplex, whose concentration is learned."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.distributions import Dirichlet

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.searcher import LogitSearcher
from nasbench.live.training.batches import Batch


class DrNas(LogitSearcher):
    """First-order search with pathwise gradients through the samples (sections 3.2 and 3.3); the point is the mean of the distribution.

    The concentration is elu(alpha) + 1, and alpha decays towards a flat distribution (`arch_weight_decay`, the authors' `reg_type` l2).
    Progressive learning, partial channels that grow, is left out.

    Args:
        options: see `LogitSearcher`.
    """

    samples_itself = True

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Draw a mixture and move alpha down the search loss; draw another and move the weights down the training loss."""
        (gradient,) = self.gradients([self.alpha], search, partial(self.draw, self.seed()))
        self.update_alpha(gradient)
        return self.update_weights(train, partial(self.draw, self.seed()))

    def seed(self) -> int:
        """Return the seed of the next draw, from the searcher's stream."""
        return int(torch.randint(2**62, (), generator=self.generator))

    def concentration(self) -> Tensor:
        """Return the concentration of each choice, positive, `(n, k)`."""
        return nn.functional.elu(self.alpha) + 1.0

    def draw(self, seed: int) -> OperationWeights:
        """Return a mixture drawn with that seed, differentiable in alpha."""
        with torch.random.fork_rng(devices=[]):  # the distribution takes no generator
            torch.manual_seed(seed)
            sample = Dirichlet(self.concentration().cpu()).rsample().to(self.device)
        # A part of a Dirichlet vector, normalised, is a Dirichlet vector of that part.
        existing = sample * self.mask
        return OperationWeights(weights=self.networks.relaxation(existing / existing.sum(dim=1, keepdim=True)))

    def architecture_probabilities(self) -> Tensor:
        """Return the mean of the distribution, detached."""
        existing = (self.concentration() * self.mask).detach()
        return existing / existing.sum(dim=1, keepdim=True)
