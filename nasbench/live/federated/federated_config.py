"""What all clients of a federated search are told: the task, the supernet, the recipe; and what travels in each phase.

A job has two phases. In the first, `supernet.epochs` rounds, clients search: theta and the weights of the supernet travel. In the
second, `recipe.epochs` rounds, they train the network that was found: its weights travel. One round is one pass over a client's
examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.gaea import Gaea
from nasbench.live.searchers.loop import build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.live.training.standalone import initialize_network

Array = NDArray[Any]
THETA = "theta"


@dataclass(frozen=True, kw_only=True)
class FederatedConfig:
    """A federated search by exponentiated gradient (GAEA) on a shared supernet.

    Attributes:
        task, space: names.
        optimizer_params: of GAEA, where they differ from its defaults.
        supernet: its size and training; its epochs are the rounds of the search.
        recipe: of the network that is found; its epochs are the rounds of its training.
        seed: of everything random.
    """

    task: str
    space: str = "nas-bench-201"
    optimizer_params: Mapping[str, Any] = field(default_factory=dict)
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    recipe: Recipe = SMALL
    seed: int = 0

    def __post_init__(self) -> None:
        if self.recipe.ema_decay:
            raise NasbenchError("A recipe with a moving average does not federate; its ema_decay should be 0.")

    @property
    def rounds(self) -> int:
        """Rounds of both phases together."""
        return self.supernet.epochs + self.recipe.epochs

    def searching(self, number: int) -> bool:
        """Return whether round `number`, counted from 1, belongs to the search."""
        return number <= self.supernet.epochs

    def dumps(self) -> str:
        """Return the job as a line of JSON."""
        return json.dumps(
            asdict(replace(self, optimizer_params={})) | {"optimizer_params": dict(self.optimizer_params)},
            sort_keys=True,
        )

    @classmethod
    def loads(cls, text: str) -> FederatedConfig:
        """Return the job of a line of JSON, or raise NasbenchError."""
        try:
            plain = json.loads(text)
            supernet, recipe = SupernetConfig(**plain.pop("supernet")), Recipe.from_dict(plain.pop("recipe"))
            return cls(supernet=supernet, recipe=recipe, **plain)
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise NasbenchError(
                f"The server's job cannot be read ({fault}); both sides should run one version."
            ) from None

    def searcher(self, seed: int, device: torch.device) -> Gaea:
        """Return GAEA on a supernet whose initial weights are those of `seed`."""
        make, partial_channels = get_searcher("gaea", self.optimizer_params)
        supernet = replace(self.supernet, seed=seed)
        searcher = build_searcher(make, get_task(self.task), self.space, supernet, device, partial_channels)
        assert isinstance(searcher, Gaea)
        return searcher

    def network(self, architecture: Architecture) -> nn.Module:
        """Return the network of an architecture with the initial weights of the job's seed."""
        return initialize_network(get_task(self.task), self.space, architecture, replace(self.recipe, seed=self.seed))

    def search_state(self) -> dict[str, Array]:
        """Return what the search starts from: theta `(n, k)` and the weights of the supernet, by name."""
        searcher = self.searcher(self.seed, torch.device("cpu"))
        return {THETA: searcher.theta.numpy(), **get_weights(searcher.supernet)}

    def start(self, number: int, architecture: str) -> dict[str, Array]:
        """Return arrays of the names, shapes and types that travel in round `number`, in order."""
        return self.search_state() if self.searching(number) else self.train_state(architecture)

    def train_state(self, architecture: str) -> dict[str, Array]:
        """Return what the training starts from: the weights of the network found, by name."""
        return get_weights(self.network(self.parse(architecture)))

    def parse(self, architecture: str) -> Architecture:
        """Return the architecture that a text names in the job's space."""
        return get_cell_networks(self.space).make_space().from_string(architecture)

    def discretize(self, theta: Array) -> str:
        """Return the architecture that the search reads off theta, as the space writes it."""
        networks = get_cell_networks(self.space)
        return networks.make_space().to_string(networks.discretize(theta.astype(np.float64)))


def get_weights(module: nn.Module) -> dict[str, Array]:
    """Return copies of the floating-point entries of a module's state: counters of batches do not travel."""
    state = module.state_dict()
    return {name: value.cpu().numpy().copy() for name, value in state.items() if value.is_floating_point()}


def load_weights(module: nn.Module, weights: Mapping[str, Array]) -> None:
    """Put what `get_weights` returned back into a module."""
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    module.load_state_dict({**module.state_dict(), **tensors})


def derive_seed(seed: int, *numbers: int) -> int:
    """Return a seed for one purpose: a function of the job's seed and some numbers, such as round and client."""
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1, np.uint32)[0])
