"""The architectures of a table of runs as a benchmark, which scores them and cannot be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionBenchmark, FunctionOracle
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Space

BASE = 100
"""Choices of a decision of the space that numbers recorded architectures."""


class RecordedSpace(Space):
    """The architectures that a table of runs names, numbered; each decision is a digit of the number."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        digits = max(1, len(str(len(names) - 1)) + 1 >> 1)
        choices = tuple(map(str, range(BASE)))
        super().__init__(name, tuple(map(str, range(digits))), (choices,) * digits)
        self.names = tuple(names)
        self._numbers = {one: number for number, one in enumerate(names)}

    def to_string(self, architecture: Architectures) -> str:
        """Return what the table calls the architecture."""
        return self.names[int(self.index(architecture))]

    def from_string(self, text: str) -> Architectures:
        """Return the number of the architecture, digit by digit; raises NasbenchError for one that the table does not name."""
        if text not in self._numbers:
            raise NasbenchError(f"{text!r} is no architecture of {self.name}.")
        return self.from_index(self._numbers[text])


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
        self._ranked = np.sort(benchmark.function.means)

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
