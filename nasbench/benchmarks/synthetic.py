"""Benchmarks in closed form: NK landscapes, training recipes of numbers and conditions, and OneMax for tests.

They have one objective, `error` in per cent, no noise, no splits (a study may name any), and charge one second per query but for
recipes, whose trainings take as long as they say. Names: `nk/10x6-k2` (10 decisions of 6 choices, K = 2, landscape number 0),
`nk/10x6-k2-3` (number 3), `onemax/20x2`, `recipe/small` and `recipe/large` (see `nasbench.benchmarks.recipe`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.recipe import SIZES, make_recipe
from nasbench.errors import NasbenchError
from nasbench.spaces.space import Architectures, Floats, Space

FAMILIES = ("nk", "onemax", "recipe")
EXAMPLES = ("nk/10x6-k2", "nk/10x6-k4", "onemax/20x4", "recipe/small", "recipe/large")
"""Names to list; the families are unlimited."""
RECIPES = tuple(f"recipe/{size}" for size in SIZES)

_NK_SEED = 201


@dataclass(frozen=True)
class OneMax:
    """OneMax: the error is the percentage of decisions that differ from their last choice; the optimum is 0.

    Attributes:
        space: the space.
    """

    space: Space
    knows_optimum: ClassVar[bool] = True

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the error of architectures, `(..., d)` to `(...)`."""
        return 100.0 * (architectures != self.space.cardinalities - 1).mean(axis=-1)

    @property
    def optimum(self) -> float:
        """Smallest error of the space."""
        return 0.0

    @property
    def mean(self) -> float:
        """Mean error over the space."""
        return float(100.0 * (1.0 - 1.0 / self.space.cardinalities).mean())


@dataclass(frozen=True)
class NKLandscape:
    """Kauffman's NK model (Kauffman and Weinberger 1989) with adjacent neighbours on a ring, errors in per cent.

    Decision `i` contributes a uniform random number that depends on the choices of `i, i + 1, ..., i + K`; the error is 100 times
    the mean contribution. K = 0 is additive, K = d - 1 has no structure.

    Attributes:
        space: `d` decisions of `k` choices each.
        interactions: K, below `d`.
        number: which random landscape.
    """

    space: Space
    interactions: int
    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.interactions < self.space.d:
            raise NasbenchError(
                f"An NK landscape of {self.space.d} decisions has K = {self.interactions}; it should be 0 to {self.space.d - 1}."
            )

    @cached_property
    def _contributions(self) -> Floats:
        """`(d, k^(K + 1))`, in units of the error."""
        k = int(self.space.cardinalities[0])
        rng = np.random.default_rng([_NK_SEED, self.space.d, k, self.interactions, self.number])
        return 100.0 / self.space.d * rng.random((self.space.d, k ** (self.interactions + 1)))

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the error of architectures, `(..., d)` to `(...)`."""
        k = int(self.space.cardinalities[0])
        code = np.zeros(architectures.shape, dtype=np.int64)
        for step in range(self.interactions + 1):
            code = code * k + np.roll(architectures, -step, axis=-1)
        return self._contributions[np.arange(self.space.d), code].sum(axis=-1)

    @property
    def _is_too_wide(self) -> bool:
        """Whether interactions are too wide for dynamic programming."""
        states = int(self.space.cardinalities[0]) ** self.interactions
        return self.space.d < 2 * self.interactions + 1 or states**2 * int(self.space.cardinalities[0]) > 2**25

    @property
    def knows_optimum(self) -> bool:
        """Whether the optimum can be computed: by dynamic programming, or in a space that can be listed."""
        return not self._is_too_wide or self.space.is_enumerable

    @cached_property
    def optimum(self) -> float:
        """Smallest error of the space, exact, by dynamic programming around the ring.

        Memory is `k^(2 K)`: for every choice of the first K decisions the best sum for every choice of the last K.
        """
        d, k, window = self.space.d, int(self.space.cardinalities[0]), self.interactions
        states = k**window
        if self._is_too_wide:
            everything = self(self.space.all)
            return float(everything.min())
        tables = self._contributions.reshape(d, states, k)
        # best[first, last]: choices of decisions 0..K-1, and of the K decisions before the one added next.
        best = np.where(np.eye(states, dtype=bool), 0.0, np.inf)
        for position in range(d - window):
            # Adding decision position + K completes the contribution of decision `position`.
            grown = (best[:, :, None] + tables[position]).reshape(states, k, states)
            best = grown.min(axis=1)
        for wrapped in range(window):
            # The contribution of decision d - K + wrapped sees the last K decisions and the first wrapped + 1.
            first = np.arange(states)[:, None] // k ** (window - 1 - wrapped)
            last = np.arange(states)[None] % k ** (window - wrapped)
            best = best + self._contributions[d - window + wrapped][last * k ** (wrapped + 1) + first]
        return float(best.min())

    @property
    def mean(self) -> float:
        """Mean error over the space: each contribution sees each combination of its K + 1 decisions equally often."""
        return float(self._contributions.mean(axis=1).sum())


def is_synthetic(name: str) -> bool:
    """Return whether a name of a benchmark belongs to a family of this module."""
    return name.partition("/")[0] in FAMILIES


def synthetic_benchmark(name: str) -> FunctionBenchmark:
    """Return the benchmark of a name such as `nk/10x6-k2`, `nk/10x6-k4-3`, `onemax/20x2` or `recipe/small`.

    Raises:
        NasbenchError: if the name has another form.
    """
    if name in RECIPES:
        recipe = make_recipe(name.partition("/")[2])
        return FunctionBenchmark(name, recipe, seconds=recipe.seconds)
    found = re.fullmatch(r"(nk|onemax)/(\d{1,3})x(\d{1,3})(?:-k(\d{1,2})(?:-(\d{1,9}))?)?", name)
    if found is None or (found[1] == "nk") != (found[4] is not None):
        raise NasbenchError(
            f"Benchmark {name!r} is unknown; synthetic ones read 'nk/10x6-k2', 'nk/10x6-k2-1', 'onemax/20x2', {' or '.join(map(repr, RECIPES))}."
        )
    d, k = int(found[2]), int(found[3])
    space = Space(f"{d}x{k}", tuple(map(str, range(d))), (tuple(map(str, range(k))),) * d)
    if found[1] == "onemax":
        return FunctionBenchmark(name, OneMax(space))
    return FunctionBenchmark(name, NKLandscape(space, int(found[4]), int(found[5] or 0)))
