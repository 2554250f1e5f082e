"""Configuration shared by all clients of a federated search, and the arrays exchanged in each phase.

There are two phases. During the search (`supernet.epochs` rounds) theta and the supernet weights are exchanged; during
the final training (`recipe.epochs` rounds) the weights of the network found are, or in its first `finalist_rounds` those of a few
finalists, of which the best goes on. A round is one pass over each client's examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nasbench.errors import NasbenchError
from nasbench.live.federated.searcher import FederatedGaea, draw_finalists, is_weightless
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.loop import build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.live.training.standalone import initialize_network
from nasbench.ranges import COUNT, SIZE, OneOf, Range, check_ranges

Array = NDArray[Any]
TRAINING_WEIGHTS = ("examples", "equal")
RANGES: dict[str, Range | OneOf] = {
    **dict.fromkeys(("warmup_rounds", "finalist_rounds"), SIZE),
    "n_finalists": COUNT,
    "training_weights": OneOf(TRAINING_WEIGHTS),
}
THETA = "theta"
LOSSES = "losses"
"""Name of the array that comes back with the validation loss of each finalist."""


@dataclass(frozen=True, kw_only=True)
class FederatedConfig:
    """A federated search by exponentiated gradient (GAEA) on a shared supernet.

    Attributes:
        task, space: names.
        optimizer_params: parameters of GAEA that differ from its defaults.
        supernet: size and training of the supernet; its epochs are the rounds of the search.
        recipe: training of the network found; its epochs are the rounds of the final training.
        seed: seed of all randomness.
        warmup_rounds: first rounds of the search, in which only weights are trained; see `FederatedGaea`.
        n_finalists: architectures that are trained and compared; 1 takes the mode of theta unseen.
        finalist_rounds: first rounds of the final training, in which all finalists are trained, on the training examples.
        training_weights: weights of clients in the averages of the final training: their "examples", or "equal". A client makes
            one pass, so its update grows with its examples already; weighted by them besides, it grows with their square
            (objective inconsistency: Wang et al., NeurIPS 2020), and a class that a small client holds alone is not learnt.

    The defaults search by theta alone; `nasbench.live.federated.defaults.scaled_config` gives what a search should have.
    """

    task: str
    space: str = "nas-bench-201"
    optimizer_params: Mapping[str, Any] = field(default_factory=dict)
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    recipe: Recipe = SMALL
    seed: int = 0
    warmup_rounds: int = 0
    n_finalists: int = 1
    finalist_rounds: int = 0
    training_weights: str = "examples"

    def __post_init__(self) -> None:
        if self.recipe.ema_decay:
            raise NasbenchError("A recipe with a moving average does not federate; its ema_decay should be 0.")
        check_ranges("federated", self, RANGES)
        if self.warmup_rounds and self.warmup_rounds >= self.supernet.epochs:
            raise NasbenchError(
                f"There are {self.warmup_rounds} warm-up rounds and {self.supernet.epochs} rounds of the search; "
                "there should be fewer, since theta moves in the others."
            )
        if (self.n_finalists > 1) != (self.finalist_rounds > 0) or self.finalist_rounds >= self.recipe.epochs:
            raise NasbenchError(
                f"There are {self.n_finalists} finalists and {self.finalist_rounds} rounds for them of {self.recipe.epochs}; "
                "several need one or more of the rounds, a single one none, and the last round is the winner's."
            )

    @property
    def selection_rounds(self) -> int:
        """Number of rounds until the architecture is chosen."""
        return self.supernet.epochs + self.finalist_rounds

    @property
    def rounds(self) -> int:
        """Number of rounds of both phases."""
        return self.supernet.epochs + self.recipe.epochs

    def searching(self, number: int) -> bool:
        """Return whether round `number`, counted from 1, belongs to the search."""
        return number <= self.supernet.epochs

    def phase(self, number: int) -> str:
        """Return the phase of round `number`: search, finalists or train."""
        return "search" if self.searching(number) else "finalists" if number <= self.selection_rounds else "train"

    def scoring(self, number: int) -> bool:
        """Return whether clients score the finalists in round `number`, with the averaged weights that they are sent."""
        return self.finalist_rounds > 0 and number == self.selection_rounds

    def dumps(self) -> str:
        """Return the configuration as one line of JSON."""
        return json.dumps(
            asdict(replace(self, optimizer_params={})) | {"optimizer_params": dict(self.optimizer_params)},
            sort_keys=True,
        )

    @classmethod
    def loads(cls, text: str) -> FederatedConfig:
        """Read a configuration from one line of JSON, or raise NasbenchError."""
        try:
            plain = json.loads(text)
            supernet, recipe = SupernetConfig(**plain.pop("supernet")), Recipe.from_dict(plain.pop("recipe"))
            return cls(supernet=supernet, recipe=recipe, **plain)
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise NasbenchError(
                f"The server's job cannot be read ({fault}); both sides should run one version."
            ) from None

    def searcher(self, seed: int, device: torch.device) -> FederatedGaea:
        """Return GAEA on a supernet whose initial weights are those of `seed`."""
        _, partial_channels = get_searcher("gaea", self.optimizer_params)  # checks them under the name that users know
        make, _ = get_searcher(FederatedGaea, self.optimizer_params)
        supernet = replace(self.supernet, seed=seed)
        searcher = build_searcher(make, get_task(self.task), self.space, supernet, device, partial_channels)
        assert isinstance(searcher, FederatedGaea)
        return searcher

    def network(self, architecture: Architecture) -> nn.Module:
        """Return the network of an architecture with the initial weights given by the configuration's seed."""
        return initialize_network(get_task(self.task), self.space, architecture, replace(self.recipe, seed=self.seed))

    def search_state(self) -> dict[str, Array]:
        """Return the initial state of the search by name: theta `(n, k)` and the supernet weights."""
        searcher = self.searcher(self.seed, torch.device("cpu"))
        return {THETA: searcher.theta.numpy(), **get_weights(searcher.supernet)}

    def start(self, number: int, architecture: str) -> dict[str, Array]:
        """Return arrays with the names, shapes and types exchanged in round `number`, in order.

        Args:
            number: the round.
            architecture: the architecture named in its instructions, or the finalists, one a line; "" during the search.
        """
        if self.searching(number):
            return self.search_state()
        if self.phase(number) == "train":
            return self.train_state(architecture)
        return self.finalist_state(architecture.split("\n")) | self.losses(number)

    def losses(self, number: int) -> dict[str, Array]:
        """Return the array for the finalists' losses by name, for the round in which they are scored."""
        return {LOSSES: np.zeros(self.n_finalists, np.float32)} if self.scoring(number) else {}

    def train_state(self, architecture: str) -> dict[str, Array]:
        """Return the initial state of the final training by name: the weights of the network found."""
        return get_weights(self.network(self.parse(architecture)))

    def finalist_state(self, architectures: Sequence[str]) -> dict[str, Array]:
        """Return the initial weights of several networks by name, each name with the number of its network."""
        states = map(self.train_state, architectures)
        return {f"{number}.{name}": array for number, state in enumerate(states) for name, array in state.items()}

    def finalists(self, theta: Array) -> list[str]:
        """Return the architectures to train and compare; see `draw_finalists`."""
        seed = derive_seed(self.seed, self.supernet.epochs)
        return draw_finalists(get_cell_networks(self.space), theta, self.n_finalists, seed)

    def is_weightless(self, architecture: str) -> bool:
        """Return whether no operation of an architecture has weights."""
        return is_weightless(get_cell_networks(self.space), self.parse(architecture))

    def parse(self, architecture: str) -> Architecture:
        """Return the architecture of a string of the search space."""
        return get_cell_networks(self.space).make_space().from_string(architecture)

    def discretize(self, theta: Array) -> str:
        """Return the discretised architecture of theta as a string of the search space."""
        networks = get_cell_networks(self.space)
        return networks.make_space().to_string(networks.discretize(theta.astype(np.float64)))


def get_weights(module: nn.Module) -> dict[str, Array]:
    """Return copies of the floating-point entries of a module's state; batch counters are not exchanged."""
    state = module.state_dict()
    return {name: value.cpu().numpy().copy() for name, value in state.items() if value.is_floating_point()}


def load_weights(module: nn.Module, weights: Mapping[str, Array]) -> None:
    """Load the result of `get_weights` into a module."""
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    module.load_state_dict({**module.state_dict(), **tensors})


def derive_seed(seed: int, *numbers: int) -> int:
    """Return a seed derived from the configuration's seed and some integers, such as round and client."""
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1, np.uint32)[0])
