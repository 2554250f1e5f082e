"""Training recipe: all settings of a training, stored with its result."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.views import Views
from nasbench.ranges import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    SINCE_0_2,
    SIZE,
    SWITCH,
    OneOf,
    Range,
    check_ranges,
)
from nasbench.renamed import RECIPE, stored_with_new_names

SCHEDULES = ("cosine", "one-cycle")
PRECISIONS = ("float32", "bfloat16")
RANGES: dict[str, Range | OneOf] = {
    **dict.fromkeys(("epochs", "batch_size", "channels", "cells"), COUNT),
    **dict.fromkeys(("learning_rate", "bias_scale"), POSITIVE),
    **dict.fromkeys(("lookahead", "test_time_shift"), SIZE),
    **dict.fromkeys(("warmup", "momentum", "label_smoothing", "ema_decay", "lookahead_decay", "drop_path"), FRACTION),
    **dict.fromkeys(("weight_decay", "gradient_clip", "auxiliary_weight"), NOT_NEGATIVE),
    **dict.fromkeys(("nesterov", "decoupled_decay", "channels_last", "compile", "test_time_flip"), SWITCH),
    "seed": SEED,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained from scratch; a setting outside its range (`RANGES`) raises NasbenchError.

    Attributes:
        epochs, batch_size: passes over the training split; examples a step.
        learning_rate: maximum learning rate; `schedule` "cosine" decays to zero from the start, "one-cycle" rises for a
            fraction `warmup` of the steps and then decays linearly to zero.
        momentum, nesterov, weight_decay: parameters of SGD; normalisation and biases do not decay.
        decoupled_decay: `weight_decay` is divided by the largest learning rate, so that another rate leaves the decay of
            a weight in a step as it is (cf. Loshchilov and Hutter, ICLR 2019); normalisation and biases decay alike.
        bias_scale: factor on the learning rate of the biases of normalisation; their decay is that of the others.
        gradient_clip: maximum gradient norm, 0 for none.
        label_smoothing: probability mass distributed from the target class to all classes.
        augmentation: augmentation of images, None for that of the task.
        ema_decay: decay of the exponential moving average that is evaluated, 0 for none.
        lookahead, lookahead_decay: steps between two updates of Lookahead, 0 for none, and the decay that its slow
            weights reach at the end; see `nasbench.live.training.moving_average.Lookahead`.
        drop_path: rate at the last epoch, rising linearly from zero (DARTS space).
        auxiliary_weight: weight of the auxiliary loss, 0 for no auxiliary head (DARTS space).
        channels, cells: width and depth of the network.
        precision, channels_last, compile: float32 or bfloat16 arithmetic; memory layout; torch.compile.
        test_time_flip, test_time_shift: average over an image and its mirror, and over shifts by that many pixels, when
            scoring; declared in every report.
        seed: seed of initial weights, order and augmentation.
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 0.1
    schedule: str = "one-cycle"
    warmup: float = 0.2
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    decoupled_decay: bool = field(default=False, metadata=SINCE_0_2)
    bias_scale: float = field(default=1.0, metadata=SINCE_0_2)
    gradient_clip: float = 5.0
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = None
    ema_decay: float = 0.0
    lookahead: int = field(default=0, metadata=SINCE_0_2)
    lookahead_decay: float = field(default=0.75, metadata=SINCE_0_2)
    drop_path: float = 0.0
    auxiliary_weight: float = 0.0
    channels: int = 8
    cells: int = 1
    precision: str = "float32"
    channels_last: bool = False
    compile: bool = False
    test_time_flip: bool = False
    test_time_shift: int = field(default=0, metadata=SINCE_0_2)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise unknown_name("schedule", self.schedule, SCHEDULES)
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        check_ranges("recipe", self, RANGES)
        if self.nesterov and not self.momentum:
            raise NasbenchError(
                "The recipe has nesterov with a momentum of 0; nesterov should be false or momentum positive."
            )
        if self.lookahead and self.ema_decay:
            raise NasbenchError("The recipe has both ema_decay and lookahead; one of them should be 0.")

    def rate(self, progress: float) -> float:
        """Return the learning rate after a fraction `progress` in [0, 1) of all steps."""
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        if progress < self.warmup:
            return self.learning_rate * (0.05 + 0.95 * progress / self.warmup)
        return self.learning_rate * (1 - progress) / (1 - self.warmup)

    @property
    def views(self) -> Views:
        """Test-time views of an image."""
        return Views(flip=self.test_time_flip, shift=self.test_time_shift)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings by name as JSON-compatible data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Recipe:
        """Return the recipe of stored settings, including first-edition ones; NasbenchError for an unknown setting."""
        settings = stored_with_new_names(settings, RECIPE)
        known = {each.name for each in fields(cls)}
        for name in settings:
            if name not in known:
                raise unknown_name("recipe setting", name, known)
        augmentation = settings.get("augmentation")
        return cls(**{**settings, "augmentation": Augmentation(**augmentation) if augmentation else None})

    @property
    def digest(self) -> str:
        """SHA-256 of all settings: results are only comparable if it is equal."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


SMALL = Recipe(epochs=12, batch_size=64, learning_rate=0.1, channels=8, cells=1)
"""For `digits` and other small tasks on a CPU."""

NAS_BENCH_201_RECIPE = Recipe(
    epochs=200,
    batch_size=256,
    learning_rate=0.1,
    schedule="cosine",
    gradient_clip=0.0,
    channels=16,
    cells=5,
    augmentation=Augmentation(flip=True, translate=4),
)
"""The recipe of the tables (Dong and Yang, ICLR 2020, table 3)."""

CIFAR10_GPU = Recipe(
    epochs=80,
    batch_size=512,
    learning_rate=0.4,
    warmup=0.2,
    gradient_clip=0.0,
    label_smoothing=0.1,
    ema_decay=0.998,
    channels=48,
    cells=4,
    precision="bfloat16",
    channels_last=True,
    compile=True,
    test_time_flip=True,
    augmentation=Augmentation(flip=True, translate=4, cutout=12),
)
"""For 96.2% on CIFAR-10 within minutes on one H100-class GPU."""

FEDERATED = Recipe(epochs=20, batch_size=32, learning_rate=0.1, channels=8, cells=1)
"""For clients with a few hundred examples of a small task each."""

RECIPES = {"small": SMALL, "federated": FEDERATED, "nas-bench-201": NAS_BENCH_201_RECIPE, "cifar10-gpu": CIFAR10_GPU}


def get_recipe(name: str) -> Recipe:
    """Return a recipe by name, or raise NasbenchError with the nearest match."""
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    return RECIPES[name]
