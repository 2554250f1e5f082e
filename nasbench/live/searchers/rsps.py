"""RSPS (Li and Talwalkar, UAI 2019): random search with parameter sharing."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.searcher import Searcher
from nasbench.live.supernets.one_shot_evaluation import shared_losses
from nasbench.live.training.batches import Batch, DeviceSplit
from nasbench.ranges import count


class Rsps(Searcher):
    """Train one random architecture per step on shared weights; finally score many of them and keep the best.

    Args:
        candidates: architectures scored at the end.
        options: see `Searcher`.
    """

    def __init__(self, *args: Any, candidates: Annotated[int, count(100_000)] = 100, **options: Any) -> None:
        super().__init__(*args, **options)
        self.space = self.networks.make_space()
        self.candidates = candidates
        self.best: Architecture | None = None

    def random(self, n: int) -> Architecture:
        """Return `n` uniform architectures, `(n, d)`."""
        return self.space.sample(torch.rand(n, self.space.d, generator=self.generator, dtype=torch.float64).numpy())

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Train the shared weights of one random architecture."""
        return self.update_weights(train, partial(self.networks.single_path, self.random(1)[0]))

    def finish(self, search: DeviceSplit) -> None:
        """Score the candidates on the search split with the shared weights and keep the best."""
        candidates = self.random(self.candidates)
        self.best = candidates[int(np.argmin(shared_losses(self.supernet, candidates, search)))]

    def architecture_probabilities(self) -> Tensor:
        """Return the uniform point: RSPS has no preference while it trains."""
        return self.mask.float() / self.mask.sum(dim=1, keepdim=True)

    def discretize(self) -> Architecture:
        """Return the best candidate, or a random architecture before `finish`."""
        return self.random(1)[0] if self.best is None else self.best
