"""Training recipes: closed forms over architecture and hyper-parameters, with numbers on log scales and conditional decisions.

`recipe/small` has 5,760 combinations, which tests enumerate, `recipe/large` 5.2e9. The error in per cent is a sum of terms of a few
decisions each, made up so that what is known of training is in it: a wider and deeper network errs less until it is too large for its
data; the best learning rate depends on optimizer and depth, and what counts with SGD is `learning_rate / (1 - momentum)`; the best weight
decay depends on the width. The seconds of a training grow with depth, width and operation, and have no noise.

Terms share `depth` and `width` alone: given these two, each is minimised by itself, which gives the optimum exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from nasbench.spaces.decisions import Decision, categorical, integer, real
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Architectures, Floats

SIZES = ("small", "large")
SHARED = ("depth", "width")
BASE = 4.0
"""Error in per cent of a recipe whose every term is 0."""
DIVERGED = 50.0
"""Most that a bad learning rate adds to it."""


def recipe_space(size: str) -> MixedSpace:
    """Return the space of one of `SIZES`."""
    large = size == "large"
    sgd, mbconv = {"optimizer": ["sgd"]}, {"operation": ["mbconv"]}
    decisions = [
        categorical("operation", ("conv3x3", "conv5x5", "mbconv") if large else ("conv3x3", "mbconv")),
        integer("expansion", 1, 6 if large else 3, when=mbconv),
        integer("depth", 1, 12 if large else 4),
        integer("width", 16, 256 if large else 64, levels=9 if large else 3, log=True),
        categorical("optimizer", ("sgd", "adam")),
        real("learning_rate", 1e-5 if large else 1e-4, 1.0, levels=21 if large else 5, log=True),
        real("momentum", 0.0, 0.99 if large else 0.9, levels=12 if large else 4, when=sgd),
        categorical("nesterov", ("no", "yes"), when={"momentum": _moving(large)}),
    ]
    if large:
        decisions += [
            categorical("schedule", ("constant", "cosine", "step")),
            integer("step_every", 10, 50, step=10, unit="epochs", when={"schedule": ["step"]}),
            real("weight_decay", 1e-6, 1e-1, levels=11, log=True),
            categorical("augmentation", ("none", "cutout")),
            integer("cutout_size", 2, 16, step=2, unit="pixels", when={"augmentation": ["cutout"]}),
        ]
    return MixedSpace(f"recipe-{size}", decisions)


def _moving(large: bool) -> list[float]:
    """Return the momentum of each level above 0."""
    return [round(at * (0.09 if large else 0.3), 2) for at in range(1, 12 if large else 4)]


class Choices:
    """The choices of architectures by the name of the decision, each `(...)`."""

    def __init__(self, space: MixedSpace, architectures: Architectures) -> None:
        self._space, self._architectures = space, architectures
        self._active = space.active(architectures)
        self._numbers = space.numbers(architectures)

    def number(self, name: str) -> Floats:
        """Return the values of a decision, 0 where it is inactive."""
        return np.nan_to_num(self._numbers[..., self._space.decisions.index(name)])

    def has(self, name: str, choice: str) -> np.ndarray:
        """Return where a decision is active and has that choice."""
        at = self._space.decisions.index(name)
        decision: Decision = self._space.definitions[at]
        if choice not in decision.choices:
            return np.zeros(self._active.shape[:-1], dtype=np.bool_)
        return self._active[..., at] & (self._architectures[..., at] == decision.choices.index(choice))


Term = Callable[[Choices], Floats]


def _network(c: Choices) -> Floats:
    """Return the term of the network: too small a one underfits, too large a one overfits."""
    capacity = np.log2(c.number("depth")) + np.log2(c.number("width") / 16) + _wideness(c)
    kind = 2.0 * c.has("operation", "conv3x3") + 1.4 * c.has("operation", "conv5x5")
    return kind + 0.7 * (capacity - 5.0) ** 2


def _wideness(c: Choices) -> Floats:
    """Return what the operation adds to the capacity: larger kernels some, an inverted bottleneck the more the more it expands."""
    return np.where(
        c.has("operation", "mbconv"),
        0.5 * np.log2(np.maximum(c.number("expansion"), 1.0)),
        0.4 * c.has("operation", "conv5x5"),
    )


def _optimization(c: Choices) -> Floats:
    """Return the term of the optimizer: squared distance to the best rate in decades, at most what a diverged training has."""
    sgd = c.has("optimizer", "sgd")
    depth = np.log2(c.number("depth"))
    effective = np.log10(c.number("learning_rate")) - np.where(sgd, np.log10(1.0 - c.number("momentum")), 0.0)
    best = np.where(sgd, -0.3, -2.6) - 0.25 * depth
    # Momentum makes a step better than a larger rate alone would, and Nesterov's a little more.
    gain = np.where(sgd, 1.2 * c.number("momentum") + 0.3 * c.has("nesterov", "yes") * c.number("momentum"), 0.9)
    return 1.5 - gain + np.minimum(6.0 * (effective - best) ** 2, DIVERGED)


def _schedule(c: Choices) -> Floats:
    """Return the term of the schedule: cosine is good, steps are better where they come at the right time."""
    stepped = 0.02 * np.abs(c.number("step_every") - 30.0) + 0.1
    return np.where(c.has("schedule", "step"), stepped, np.where(c.has("schedule", "cosine"), 0.25, 1.5))


def _regularisation(c: Choices) -> Floats:
    """Return the term of the weight decay, the best of which grows with the width."""
    best = -4.5 + 0.3 * np.log2(c.number("width") / 16)
    return 0.4 * (np.log10(c.number("weight_decay")) - best) ** 2


def _augmentation(c: Choices) -> Floats:
    """Return the term of the augmentation: cutout helps unless it removes too much."""
    return np.where(c.has("augmentation", "cutout"), 0.03 * (c.number("cutout_size") - 8.0) ** 2, 1.0)


SMALL: Mapping[Term, tuple[str, ...]] = {
    _network: ("operation", "expansion", "depth", "width"),
    _optimization: ("optimizer", "learning_rate", "momentum", "nesterov", "depth"),
}
LARGE: Mapping[Term, tuple[str, ...]] = {
    **SMALL,
    _schedule: ("schedule", "step_every"),
    _regularisation: ("weight_decay", "width"),
    _augmentation: ("augmentation", "cutout_size"),
}
"""The terms, and the decisions that each depends on."""


@dataclass(frozen=True)
class RecipeLandscape:
    """The error of a recipe in per cent.

    Attributes:
        space: the space.
        terms: whose sum and `BASE` is the error, with the decisions that each depends on.
    """

    space: MixedSpace
    terms: Mapping[Term, tuple[str, ...]] = field(compare=False)
    knows_optimum: ClassVar[bool] = True

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the error of architectures, `(..., d)` to `(...)`."""
        choices = Choices(self.space, architectures)
        return np.asarray(BASE + sum(term(choices) for term in self.terms))

    def seconds(self, architectures: Architectures) -> Floats:
        """Return the seconds of a training, `(..., d)` to `(...)`: in proportion to depth, width and the cost of the operation."""
        c = Choices(self.space, architectures)
        cost = np.where(
            c.has("operation", "mbconv"), 0.6 * c.number("expansion"), np.where(c.has("operation", "conv5x5"), 2.5, 1.0)
        )
        return 20.0 + 10.0 * c.number("depth") * c.number("width") / 16 * cost

    def _table(self, term: Term) -> Floats:
        """Return a term over the product of its decisions: an axis for each of `SHARED`, of length 1 where it does not matter, then the others."""
        own = self.terms[term]
        order = [self.space.decisions.index(name) for name in (*SHARED, *(name for name in own if name not in SHARED))]
        lengths = [int(self.space.cardinalities[at]) if self.space.decisions[at] in own else 1 for at in order]
        architectures = np.zeros((*lengths, self.space.d), dtype=np.int8)
        for axis, at in enumerate(order):
            grid = np.arange(lengths[axis], dtype=np.int8)
            architectures[..., at] = grid.reshape(-1, *(1,) * (len(order) - axis - 1))
        return term(Choices(self.space, architectures))

    @cached_property
    def optimum(self) -> float:
        """Smallest error of the space, exact."""
        best = sum(table.reshape(*table.shape[:2], -1).min(axis=-1) for table in map(self._table, self.terms))
        return float(BASE + np.min(best))

    @cached_property
    def mean(self) -> float:
        """Mean error over the combinations of the space, exact: the sum of the means of its terms."""
        return float(BASE + sum(self._table(term).mean() for term in self.terms))


def make_recipe(size: str) -> RecipeLandscape:
    """Return the closed form of one of `SIZES`."""
    return RecipeLandscape(recipe_space(size), LARGE if size == "large" else SMALL)
