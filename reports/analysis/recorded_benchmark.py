"""The architectures of a table of runs as a benchmark, which scores them and cannot be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasbench.benchmarks.views import View
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

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
class RecordedBenchmark:
    """A benchmark and its own oracle: the score of an architecture is the mean of its recorded values.

    Attributes:
        name: of the problem.
        space: its architectures.
        means: of the values of each architecture, minimised, `(N,)`.
        unit: of the values.
        view: how users see them.
    """

    name: str
    space: RecordedSpace
    means: Floats
    unit: str
    view: View

    score_split = ""
    epochs = 1
    is_optimum_known = False
    ranked_among = "the recorded architectures"

    @property
    def checksum(self) -> str:
        """The name, which says everything within one program."""
        return self.name

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return 1: nothing is known of trainings."""
        return 1

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Refuse: what was recorded cannot be searched anew."""
        raise NasbenchError(f"{self.name} are recorded traces, which cannot be searched; give a benchmark.")

    def oracle(self, protocol: SearchProtocol) -> RecordedBenchmark:
        """Return itself; see `nasbench.benchmarks.oracle.Oracle`."""
        return self

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of the one objective."""
        return (self.unit,)

    @property
    def views(self) -> tuple[View, ...]:
        """How users see the one objective."""
        return (self.view,)

    @property
    def size(self) -> int:
        """Number of recorded architectures."""
        return len(self.means)

    @property
    def best_score(self) -> float:
        """The smallest mean of all that was recorded."""
        return float(self.means.min())

    @property
    def mean_score(self) -> float:
        """Mean over the recorded architectures."""
        return float(self.means.mean())

    @property
    def objectives(self) -> Floats:
        """The means, `(N, 1)`."""
        return self.means[:, None]

    def row(self, architectures: Architectures) -> Ints:
        """Return the number of each architecture."""
        return self.space.index(architectures)

    def score(self, rows: Ints) -> Floats:
        """Return the mean of each row."""
        return self.means[rows]

    def search_mean(self, rows: Ints) -> Floats:
        """Return the same as `score`."""
        return self.means[rows]

    @cached_property
    def _ranked(self) -> Floats:
        return np.sort(self.means)

    def search_rank(self, count: int) -> float:
        """Return the `count`-th smallest mean, the largest where there are fewer."""
        return float(self._ranked[min(count, self.size) - 1])
