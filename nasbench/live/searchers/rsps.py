"""RSPS (Li and Talwalkar, UAI 2019): random search with parameter sharing."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.searcher import Searcher
from nasbench.live.supernets.one_shot_evaluation import shared_losses
from nasbench.live.training.batches import Batch, DeviceSplit
from nasbench.ranges import count
from nasbench.spaces.space import Space


class Rsps(Searcher):
    """Train random architectures on shared weights; finally score many of them and keep the best.

    Args:
        candidates: architectures scored at the end.
        sampling: "uniform" trains one random architecture per step (RSPS); "fair" trains, in each step, as many as an edge has
            choices, each choice of an edge once, and adds their gradients (FairNAS, Chu et al., ICCV 2021, algorithm 1).
        options: see `Searcher`.
    """

    moves_theta = False
    trains_mixtures = False
    scores_paths = True

    def __init__(
        self,
        *args: Any,
        candidates: Annotated[int, count(100_000)] = 100,
        sampling: Literal["uniform", "fair"] = "uniform",
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.space = self.networks.make_space()
        self.candidates, self.sampling = candidates, sampling
        self.best: Architecture | None = None
        if sampling == "fair" and self.networks.space != "nas-bench-201":
            raise NasbenchError(
                f"Fair sampling takes every choice of every decision, which {self.networks.space!r} does not allow; use uniform."
            )

    def random(self, n: int) -> Architecture:
        """Return `n` uniform architectures, `(n, d)`."""
        return self.space.sample(torch.rand(n, self.space.d, generator=self.generator, dtype=torch.float64).numpy())

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Train the shared weights of one random architecture, or of a fair set of them."""
        paths = self.random(1) if self.sampling == "uniform" else fair_paths(self.space, self.generator)
        return self.update_weights(train, *(partial(self.networks.single_path, path) for path in paths))

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


def fair_paths(space: Space, generator: torch.Generator) -> Architecture:
    """Return architectures `(k, d)` of a space with k choices in each decision, in which every choice occurs once."""
    columns = [torch.randperm(int(choices), generator=generator).numpy() for choices in space.cardinalities]
    return np.stack(columns, axis=1).astype(np.int8)
