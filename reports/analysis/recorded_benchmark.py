"""The architectures of a table of runs as a benchmark, which scores them and cannot be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nasbench.benchmarks.function_benchmark import ROUNDING, FunctionBenchmark, FunctionOracle
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

BASE = 100
"""Choices of a decision of the space that numbers recorded architectures."""


class RecordedSpace(Space):
    """The architectures that a table of runs names, numbered; each decision is a digit of the number.

    Args:
        name: of the space.
        names: of the architectures, each once; millions take little memory as an Arrow array.
    """

    def __init__(self, name: str, names: Sequence[str] | pa.Array) -> None:
        digits = max(1, len(str(len(names) - 1)) + 1 >> 1)
        choices = tuple(map(str, range(BASE)))
        super().__init__(name, tuple(map(str, range(digits))), (choices,) * digits)
        self.names = pa.array(names, pa.large_string())

    def to_string(self, architecture: Architectures) -> str:
        """Return what the table calls the architecture."""
        return str(self.names[int(self.index(architecture))])

    def from_string(self, text: str) -> Architectures:
        """Return the number of the architecture, digit by digit; raises NasbenchError for one that the table does not name."""
        return self.from_strings(pa.array([text]))[0]

    def from_strings(self, texts: pa.Array) -> Architectures:
        """Return the architectures of many names at once, `(n, d)`; raises NasbenchError as `from_string` does."""
        texts = texts.cast(pa.large_string())
        # Names that one method was the first to use lie next to each other, which spares a search for each.
        first = pc.index(self.names, texts[0]).as_py() if len(texts) else -1
        if first >= 0 and self.names.slice(first, len(texts)).equals(texts):
            return self.from_index(np.arange(first, first + len(texts)))
        found = pc.index_in(texts, value_set=self.names)
        if found.null_count:
            unknown = texts.filter(found.is_null())[0].as_py()
            raise NasbenchError(f"{unknown!r} is no architecture of {self.name}.")
        return self.from_index(found.to_numpy())


@dataclass(frozen=True)
class RecordedMeans:
    """Mean recorded value of each architecture as a function of it, minimised.

    Attributes:
        space: the architectures.
        means: in the order of their numbers, `(N,)`.
    """

    space: RecordedSpace
    means: Floats
    knows_optimum: ClassVar[bool] = True

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the means of architectures, `(..., d)` to `(...)`."""
        return self.means[self.space.index(architectures)]

    @property
    def optimum(self) -> float:
        """The smallest mean."""
        return float(self.means.min())

    @property
    def mean(self) -> float:
        """Mean over the architectures."""
        return float(self.means.mean())


class RecordedOracle(FunctionOracle):
    """The oracle of recorded means, all of which are known."""

    is_optimum_known = False
    ranked_among = "the recorded architectures"

    def __init__(self, benchmark: RecordedBenchmark, objective: str) -> None:
        super().__init__(benchmark.function, benchmark.views[objective], benchmark.unit)
        means = benchmark.function.means
        self._scores = np.where(means <= means.min() + ROUNDING, means.min(), means)
        self._ranked = np.sort(means)

    def row(self, architectures: Architectures) -> Ints:
        """Return the number of each architecture, `(..., d)` to `(...)`."""
        return np.asarray(self._function.space.index(architectures))

    def score(self, rows: Ints) -> Floats:
        """Return the means of the architectures of these rows, `(...)` to `(...)`; within `ROUNDING` of the best, it."""
        return np.asarray(self._scores[rows])

    @property
    def size(self) -> int:
        """Number of recorded architectures."""
        return len(self._ranked)

    def search_rank(self, count: int) -> float:
        """Return the `count`-th smallest mean, the largest where there are fewer."""
        return float(self._ranked[min(count, self.size) - 1])


@dataclass(frozen=True)
class RecordedBenchmark(FunctionBenchmark):
    """A benchmark on which runs were recorded."""

    function: RecordedMeans

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Raise NasbenchError, since recorded traces cannot be searched."""
        raise NasbenchError(f"{self.name} are recorded traces, which cannot be searched; give a benchmark.")

    def oracle(self, protocol: SearchProtocol) -> RecordedOracle:
        """Return the test side; for reports alone."""
        return RecordedOracle(self, protocol.objectives[0])
