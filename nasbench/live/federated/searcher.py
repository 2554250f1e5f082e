"""The searcher of a federated search: GAEA whose weights learn along random paths before theta moves.

An operation without weights is of use from the first step, one with weights only once it has learnt. A theta that moves from
the start therefore runs to pools and identities (the collapse of DARTS: Liang et al. 2019; Zela et al., ICLR 2020), and the
more so the fewer steps a client takes between two averages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.live.networks.operations import Style
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.searchers.gaea import Gaea
from nasbench.live.training.batches import Batch
from nasbench.spaces.space import Space

DRAWS = 20
"""Draws from theta for each finalist, before uniform ones take over."""


class FederatedGaea(Gaea):
    """GAEA with a warm-up of the weights along single paths.

    Attributes:
        warming_up: whether theta stays where it is and steps are along paths; set before each round.
    """

    warming_up = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.paths = fair_paths(self.networks.make_space(), self.generator)

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Move the weights along a path, or weights and theta by a step of GAEA."""
        if self.warming_up:
            return self.update_weights(train, partial(self.networks.single_path, next(self.paths)))
        return super().step(train, search)


def fair_paths(space: Space, generator: torch.Generator) -> Iterator[Architecture]:
    """Yield architectures without end such that each choice of a decision comes once before any comes again (strict
    fairness: Chu, Zhang and Xu, ICCV 2021, "FairNAS", section 3.2); infeasible ones are left out.
    """
    longest = int(space.cardinalities.max())
    while True:
        columns = [
            torch.randperm(int(k), generator=generator).repeat(-(-longest // int(k))) for k in space.cardinalities
        ]
        paths = torch.stack([column[:longest] for column in columns], dim=1).numpy().astype(np.int8)
        yield from paths[space.is_feasible(paths)]


def draw_finalists(networks: SpaceNetworks, theta: NDArray[Any], n: int, seed: int) -> list[str]:
    """Return `n` architectures to train and compare: the mode of theta, then draws from it.

    An architecture without weights is left out, the mode as well: after a few steps it is ahead of those that can learn more,
    and theta and validation both fall for it. Where a collapsed theta draws hardly anything else, uniform draws take their place.

    Args:
        networks: the space.
        theta: `(n, k)`, padded with zeros.
        n: number of architectures.
        seed: seed of the draws.
    """
    space, rng = networks.make_space(), np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        logits = np.log(theta.astype(np.float64))

    def drawn() -> Iterator[Architecture]:
        yield networks.discretize(theta.astype(np.float64))
        for _ in range(DRAWS * n):
            gumbel = logits + rng.gumbel(size=logits.shape)
            yield networks.discretize(np.exp(gumbel - gumbel.max(axis=1, keepdims=True)))
        while True:
            uniform = space.sample(rng.random((1, space.d)))
            yield from uniform[space.is_feasible(uniform)]

    names: dict[str, None] = {}
    for architecture in drawn():
        if len(names) == n:
            break
        if not is_weightless(networks, architecture):
            names[space.to_string(space.canonical(architecture))] = None
    return list(names)


def is_weightless(networks: SpaceNetworks, architecture: Architecture) -> bool:
    """Return whether no operation on a path from the input to the output has weights, as after a collapse."""
    style, builders = Style(), list(networks.table.values())
    connected = networks.make_space().canonical(architecture)
    used = [builders[choice] for choice in set(networks.choices(connected))]
    return not any(build is not None and any(True for _ in build(style, 4, 1).parameters()) for build in used)
