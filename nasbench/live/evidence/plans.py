"""Plans of the evidence, each with all deciding settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe

NetworkKind = Literal["found", "resnet18", "random"]
NETWORKS: tuple[NetworkKind, ...] = ("found", "resnet18", "random")
"""Kinds of trained networks: the hypothesis concerns the first, the others are references."""
TARGET = 96.2
"""Test accuracy in % of the hypothesis."""


@dataclass(frozen=True)
class EvidenceConfig:
    """A registered plan.

    Attributes:
        name: name of the plan, its evidence file and its registration.
        device: "cuda" or "cpu", for which it is designed.
        space: search space with its cap on multiply-accumulates.
        queries: number of trainings of the search by the registered `hybrid`.
        search_epochs: epochs of each training of the search, with the recipe's other settings.
        search_seed: seed of the search.
        examples: training and search examples of the search, None for all; final trainings use all non-test examples.
        recipe: recipe of all trainings, with the seed of each.
        seeds: seeds of the network found, all of which decide.
        further_seeds: further seeds of the network found, trained last, which are not part of the test.
        reference_channels: width of ResNet-18.
        equal_macs: relative tolerance on the multiply-accumulates of random members, compared with the network found.
        target: test accuracy in % that the lower bound must reach.
    """

    name: str
    device: str
    space: str
    queries: int
    search_epochs: int
    search_seed: int
    examples: tuple[int | None, int | None]
    recipe: Recipe
    seeds: tuple[int, ...] = (0, 1, 2)
    further_seeds: tuple[int, ...] = ()
    reference_channels: int = 64
    equal_macs: float = 0.05
    target: float = TARGET

    @property
    def reference_recipe(self) -> Recipe:
        """Recipe of ResNet-18: scaled biases are for networks whose normalisations have no scale and whose outputs are scaled down."""
        return replace(self.recipe, bias_scale=1.0)

    @property
    def search_recipe(self) -> Recipe:
        """Recipe of trainings in the search, which are too short for compilation to pay off."""
        return replace(self.recipe, epochs=self.search_epochs, compile=False)

    def order(self) -> Iterator[tuple[NetworkKind, int]]:
        """Yield the trainings after the search in order."""
        yield from (("found", seed) for seed in self.seeds)
        for seed in self.seeds:
            yield "resnet18", seed
            yield "random", seed
        yield from (("found", seed) for seed in self.further_seeds)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as JSON- and TOML-compatible data; None is "all"."""
        plain = asdict(self)
        plain["examples"] = ["all" if n is None else n for n in self.examples]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


RECIPE = Recipe(
    epochs=100,
    batch_size=1024,
    # airbench96 (KellerJordan/cifar10-airbench): a rate of 9 for 1,024 examples and a momentum of .85 in units in which
    # losses are summed and a step is divided by 1 + 1 / (1 - momentum) = 7.67, which is 1.17 here; likewise a decay of .012.
    # A somewhat lower rate for twice the epochs.
    learning_rate=1.0,
    schedule="one-cycle",
    warmup=0.1,
    momentum=0.85,
    nesterov=True,
    weight_decay=0.012 / 7.67,
    decoupled_decay=True,
    bias_scale=64.0,
    gradient_clip=0.0,
    label_smoothing=0.2,
    augmentation=Augmentation(flip=True, alternate=True, translate=4, padding="reflect", cutout=14),
    lookahead=5,
    lookahead_decay=0.95**5,
    channels=128,
    cells=1,
    precision="bfloat16",
    channels_last=True,
    compile=True,
    test_time_flip=True,
    test_time_shift=1,
)
"""The recipe of airbench96 for longer trainings: alternating mirrors, shifts with reflected borders, cutout, Lookahead, six views.

Its square of 12 lies inside the image; one of 14 that may leave it covers as much.
"""

GPU = EvidenceConfig(
    name="cifar10-gpu",
    device="cuda",
    space="convnet:128:580",
    queries=30,
    search_epochs=4,
    search_seed=0,
    examples=(None, None),
    recipe=RECIPE,
    further_seeds=(3, 4, 5, 6),
)
"""One H200 for some ten minutes."""

CPU = EvidenceConfig(
    name="cifar10-cpu",
    device="cpu",
    space="convnet:128:460",
    queries=20,
    search_epochs=4,
    search_seed=0,
    examples=(20_000, None),
    # Compilation does not pay off on a CPU: two cores took as long with it as without.
    recipe=replace(RECIPE, epochs=66, compile=False),
    # One seed more than on a GPU: trainings are half as long, so the expected margin over 96.2 is smaller.
    seeds=(0, 1, 2, 3),
)
"""Two cores for three hours of search and some seven hours a seed."""

REHEARSAL = EvidenceConfig(
    name="rehearsal",
    device="cpu",
    space="convnet:4:1.6",
    queries=5,
    search_epochs=1,
    search_seed=0,
    examples=(256, 128),
    recipe=replace(RECIPE, epochs=2, batch_size=64, learning_rate=0.2, bias_scale=4.0, channels=4),
    seeds=(0, 1),
    reference_channels=4,
)
"""A rehearsal at tiny size, with the arithmetic, layout and compiler of a GPU; not evidence."""

PLANS = {"cuda": GPU, "cpu": CPU}
"""The plan for each kind of device."""
