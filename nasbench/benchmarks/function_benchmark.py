"""Functions of the architecture as benchmarks: one objective, no noise, no test split, and one second a query unless told."""

from __future__ import annotations

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

VIEWS = {"error": AS_IT_IS, "accuracy": View("max", 100.0)}
"""Views of the objective by its possible names."""
ROUNDING = 1e-9
"""Tolerance in per cent within which an error equals the optimum; summation orders differ by far less."""
SAMPLED = 1_000
"""Random architectures that give the ranks, and the mean, of a space whose optimum is unknown."""


class FunctionEvaluator:
    """Evaluator of a function of the architecture; see `nasbench.search.evaluator.Evaluator`."""

    rows: int | None = None
    functions: Ints | None = None
    cheap: tuple[bool, ...] = (False,)

    def __init__(
        self,
        space: Space,
        function: Callable[[Architectures], Floats],
        seconds: Callable[[Architectures], Floats] | None = None,
    ) -> None:
        self.space = space
        self._function = function
        self._seconds = seconds

    def row(self, architectures: Architectures) -> Ints:
        """Return 0 for each architecture, since a function needs no rows; -1 for an infeasible one."""
        return np.where(self.space.is_feasible(architectures), 0, -1)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return values `(n, 1)`, and no training seeds."""
        return self._function(architectures)[:, None], np.full(len(rows), -1, dtype=np.int64)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return the seconds of each training, one unless the function says."""
        return np.ones(len(rows)) if self._seconds is None else self._seconds(architectures)

    def facts(self, architectures: Architectures) -> Floats:
        """Return no values, `(..., 0)`: nothing is known without a query."""
        return np.empty((*architectures.shape[:-1], 0))


class ClosedForm(Protocol):
    """A function over a space, minimised."""

    @property
    def space(self) -> Space:
        """The space."""

    @property
    def knows_optimum(self) -> bool:
        """Whether `optimum` can be computed."""

    @property
    def optimum(self) -> float:
        """Smallest value of the space; raises NasbenchError where it is unknown."""

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
        if self._known < len(self._numbering) or not self._values:
            self._values.append(self._function(self._numbering.architectures(self._known)))
            self._known = len(self._numbering)
            self._values = [np.concatenate(self._values)]
        return self._values[0]


class FunctionOracle:
    """The oracle of a closed form; see `nasbench.benchmarks.oracle.Oracle`. A row is the number of an evaluated
    architecture.

    Scores and search means are the error itself. Ranks other than the first are unknown; where the optimum is unknown too, the best
    evaluated architecture is the best known one, and ranks are those of random architectures.
    """

    score_split = ""
    epochs = 1

    def __init__(self, function: ClosedForm, view: View = AS_IT_IS, unit: str = "%") -> None:
        self._function = function
        self._met = EvaluatedArchitectures(function.space, self._rounded)
        self.views = (view,)
        self.units = (unit,)

    @property
    def size(self) -> int:
        """Number of architectures among which ranks are."""
        return self._function.space.size if self._function.knows_optimum else SAMPLED

    @property
    def is_optimum_known(self) -> bool:
        """Whether the function knows its optimum."""
        return self._function.knows_optimum

    @property
    def ranked_among(self) -> str:
        """Random architectures where the optimum is unknown."""
        return "" if self._function.knows_optimum else f"{SAMPLED:,} random architectures"

    @cached_property
    def _sampled(self) -> Floats:
        uniform = np.random.default_rng(0).random((SAMPLED, self._function.space.d))
        return np.sort(self._function(self._function.space.sample(uniform)))

    @property
    def best_score(self) -> float:
        """The exact optimum; the best of the evaluated and of random architectures where it is unknown."""
        if self._function.knows_optimum:
            return self._function.optimum
        return float(np.append(self._met.values, self._sampled[0]).min())

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
        if not self._function.knows_optimum:
            return errors
        return np.where(errors <= self.best_score + ROUNDING, self.best_score, errors)

    def search_mean(self, rows: Ints) -> Floats:
        """Return the same as `score`."""
        return self.score(rows)

    def search_rank(self, count: int) -> float | None:
        """Return the optimum for a count of 1, else None; where the optimum is unknown, the rank among random architectures."""
        if not self._function.knows_optimum:
            return float(self._sampled[min(count, SAMPLED) - 1])
        return self.best_score if count == 1 else None


@dataclass(frozen=True)
class FunctionBenchmark:
    """A function as a benchmark.

    Attributes:
        name: as in a study.
        function: what is minimised.
        views: names of the one objective, and how users see each.
        unit: of its values.
        seconds: seconds that the training of architectures takes, `(n, d)` to `(n,)`; one second each if None.
    """

    name: str
    function: ClosedForm
    views: Mapping[str, View] = field(default_factory=lambda: VIEWS)
    unit: str = "%"
    seconds: Callable[[Architectures], Floats] | None = None

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
        if protocol.constraints:
            raise NasbenchError(
                f"{self.name} has one value to minimise and no quantity for constraints; leave them out."
            )
        if len(protocol.objectives) > 1 or protocol.objectives[0] not in self.views or len(protocol.epochs) > 1:
            raise NasbenchError(
                f"{self.name} has one objective, {' or '.join(map(repr, self.views))}, at one fidelity; "
                f"not {', '.join(protocol.objectives)} at {len(protocol.epochs)}."
            )
        return Problem(FunctionEvaluator(self.space, self.function, self.seconds), protocol, seed, tuple(runs))

    def oracle(self, protocol: SearchProtocol) -> FunctionOracle:
        """Return the test side; for reports alone."""
        return FunctionOracle(self.function, self.views[protocol.objectives[0]], self.unit)
