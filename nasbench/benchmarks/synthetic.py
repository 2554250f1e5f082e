"""Benchmarks in closed form, of spaces too large for a table: NK landscapes, and OneMax for tests.

They have one objective, `error` in per cent, no noise, no splits (a study may name any), and charge one second per
query. Names: `nk/10x6-k2` (10 decisions of 6 choices, K = 2, landscape number 0), `nk/10x6-k2-3` (number 3),
`onemax/20x2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.views import AS_IT_IS, View
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.numbering import Numbering
from nasbench.spaces.space import Architectures, Floats, Ints, Space

FAMILIES = ("nk", "onemax")
EXAMPLES = ("nk/10x6-k2", "nk/10x6-k4", "onemax/20x4")
"""Names to list; the families are unlimited."""

VIEWS = {"error": AS_IT_IS, "accuracy": View("max", 100.0)}
"""Views of the objective by its possible names."""
ROUNDING = 1e-9
"""Tolerance in per cent within which an error equals the optimum; summation orders differ by far less."""

_NK_SEED = 201


@dataclass(frozen=True)
class OneMax:
    """OneMax: the error is the percentage of decisions that differ from their last choice; the optimum is 0.

    Attributes:
        space: the space.
    """

    space: Space

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

    @cached_property
    def optimum(self) -> float:
        """Smallest error of the space, exact, by dynamic programming around the ring.

        Memory is `k^(2 K)`: for every choice of the first K decisions the best sum for every choice of the last K.
        """
        d, k, window = self.space.d, int(self.space.cardinalities[0]), self.interactions
        states = k**window
        if d < 2 * window + 1 or states**2 * k > 2**25:
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


class FunctionEvaluator:
    """Evaluator of a function of the architecture; see `nasbench.search.evaluator.Evaluator`."""

    rows: int | None = None
    functions: Ints | None = None
    cheap: tuple[bool, ...] = (False,)

    def __init__(self, space: Space, function: Callable[[Architectures], Floats]) -> None:
        self.space = space
        self._function = function

    def row(self, architectures: Architectures) -> Ints:
        """Return 0 for each architecture, since a function needs no rows; -1 for an infeasible one."""
        return np.where(self.space.is_feasible(architectures), 0, -1)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return values `(n, 1)`, and no training seeds."""
        return self._function(architectures)[:, None], np.full(len(rows), -1, dtype=np.int64)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return one second per query."""
        return np.ones(len(rows))

    def facts(self, architectures: Architectures) -> Floats:
        """Return no values, `(..., 0)`: nothing is known without a query."""
        return np.empty((*architectures.shape[:-1], 0))


class ClosedForm(Protocol):
    """A function over a space, minimised, whose optimum and mean are known."""

    @property
    def space(self) -> Space:
        """The space."""

    @property
    def optimum(self) -> float:
        """Smallest value of the space."""

    @property
    def mean(self) -> float:
        """Mean value over the space."""

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the values of architectures, `(..., d)` to `(...)`."""


class EvaluatedArchitectures:
    """Cache of evaluated architectures; rows are numbered in order of first use.

    Args:
        space: their space, of any size.
        function: of architectures, `(n, d)` to `(n, ...)`.
    """

    def __init__(self, space: Space, function: Callable[[Architectures], Floats]) -> None:
        self._numbering = Numbering(space)
        self._function = function
        self._values: list[Floats] = []
        self._known = 0

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(..., d)` to `(...)`."""
        return self._numbering.numbers(architectures)

    @property
    def values(self) -> Floats:
        """Value of each row so far, `(rows, ...)`."""
        if self._known < len(self._numbering):
            self._values.append(self._function(self._numbering.architectures(self._known)))
            self._known = len(self._numbering)
            self._values = [np.concatenate(self._values)]
        return self._values[0]


class FunctionOracle:
    """The oracle of a closed form; see `nasbench.benchmarks.oracle.Oracle`. A row is the number of an evaluated
    architecture.

    Scores and search means are the error itself. Ranks other than the first are unknown.
    """

    score_split = ""
    epochs = 1
    is_optimum_known = True
    ranked_among = ""

    def __init__(self, function: ClosedForm, view: View = AS_IT_IS, unit: str = "%") -> None:
        self._function = function
        self._met = EvaluatedArchitectures(function.space, self._rounded)
        self.views = (view,)
        self.units = (unit,)

    @property
    def size(self) -> int:
        """Number of architectures."""
        return self._function.space.size

    @property
    def best_score(self) -> float:
        """The exact optimum."""
        return self._function.optimum

    @property
    def mean_score(self) -> float:
        """Mean error over the space, exact."""
        return self._function.mean

    @property
    def objectives(self) -> Floats:
        """Refused: there is one objective, and so no front.

        Raises:
            NasbenchError: always.
        """
        raise NasbenchError("A synthetic benchmark has one objective; a front needs a benchmark of a table.")

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(..., d)` to `(...)`."""
        return self._met.row(architectures)

    def score(self, rows: Ints) -> Floats:
        """Return the error of the architectures of these rows, `(...)` to `(...)`; within `ROUNDING` of the optimum, it."""
        return self._met.values[rows]

    def _rounded(self, architectures: Architectures) -> Floats:
        errors = self._function(architectures)
        return np.where(errors <= self.best_score + ROUNDING, self.best_score, errors)

    def search_mean(self, rows: Ints) -> Floats:
        """Return the same as `score`."""
        return self.score(rows)

    def search_rank(self, count: int) -> float | None:
        """Return the optimum for a count of 1, else None."""
        return self.best_score if count == 1 else None


@dataclass(frozen=True)
class FunctionBenchmark:
    """A function as a benchmark.

    Attributes:
        name: as in a study.
        function: what is minimised.
        views: names of the one objective, and how users see each.
        unit: of its values.
    """

    name: str
    function: ClosedForm
    views: Mapping[str, View] = field(default_factory=lambda: VIEWS)
    unit: str = "%"

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return self.function.space

    @property
    def checksum(self) -> str:
        """The name, which identifies a closed form, followed by the source hash of a registered function."""
        source = getattr(self.function, "checksum", "")
        return f"{self.name} {source}" if source else self.name

    @property
    def optimum(self) -> float:
        """Smallest error of the space."""
        return self.function.optimum

    def values(self, architecture: Architectures) -> dict[str, tuple[float, str]]:
        """Return the value of an architecture `(d,)` as each name of the objective shows it, with its unit."""
        value = float(np.asarray(self.function(architecture[None]))[0])
        return {name: (view(value), self.unit) for name, view in self.views.items()}

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return 1, since nothing is trained."""
        return 1

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Return the search side for runs of these numbers.

        Raises:
            NasbenchError: if the protocol asks for anything but `error`.
        """
        if len(protocol.objectives) > 1 or protocol.objectives[0] not in self.views or len(protocol.epochs) > 1:
            raise NasbenchError(
                f"{self.name} has one objective, {' or '.join(map(repr, self.views))}, at one fidelity; "
                f"not {', '.join(protocol.objectives)} at {len(protocol.epochs)}."
            )
        return Problem(FunctionEvaluator(self.space, self.function), protocol, seed, tuple(runs))

    def oracle(self, protocol: SearchProtocol) -> FunctionOracle:
        """Return the test side; for reports alone."""
        return FunctionOracle(self.function, self.views[protocol.objectives[0]], self.unit)


def is_synthetic(name: str) -> bool:
    """Return whether a name of a benchmark belongs to a family of this module."""
    return name.partition("/")[0] in FAMILIES


def synthetic_benchmark(name: str) -> FunctionBenchmark:
    """Return the benchmark of a name such as `nk/10x6-k2`, `nk/10x6-k4-3` or `onemax/20x2`.

    Raises:
        NasbenchError: if the name has another form.
    """
    found = re.fullmatch(r"(nk|onemax)/(\d{1,3})x(\d{1,3})(?:-k(\d{1,2})(?:-(\d{1,9}))?)?", name)
    if found is None or (found[1] == "nk") != (found[4] is not None):
        raise NasbenchError(
            f"Benchmark {name!r} is unknown; synthetic ones read 'nk/10x6-k2', 'nk/10x6-k2-1' or 'onemax/20x2'."
        )
    d, k = int(found[2]), int(found[3])
    space = Space(f"{d}x{k}", tuple(map(str, range(d))), (tuple(map(str, range(k))),) * d)
    if found[1] == "onemax":
        return FunctionBenchmark(name, OneMax(space))
    return FunctionBenchmark(name, NKLandscape(space, int(found[4]), int(found[5] or 0)))
