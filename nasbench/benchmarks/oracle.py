"""The oracle of a benchmark: true scores for reports, never accessible to optimizers."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

from nasbench.benchmarks.objectives import Objective, find_longest, find_objective, find_quantity
from nasbench.benchmarks.views import View
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints
from nasbench.tables.table import Table


class Oracle(Protocol):
    """Interface of an oracle for reports: values of given rows, since a space may be too large for a whole column.

    A row is a row of the table or, without a table, the number that the oracle assigned to an architecture on first
    use.
    """

    @property
    def score_split(self) -> str:
        """Split used for scoring; empty if scores are exact values of a closed form."""

    @property
    def epochs(self) -> int:
        """Epochs of the training used for scoring."""

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each objective."""

    @property
    def views(self) -> tuple[View, ...]:
        """Conversion of each objective to the values shown to users."""

    @property
    def size(self) -> int:
        """Number of architectures with a search mean."""

    @property
    def is_optimum_known(self) -> bool:
        """Whether `best_score` is the smallest of all, and not only of those that were looked at."""

    @property
    def ranked_among(self) -> str:
        """The architectures that `search_rank` and `mean_score` are of, in words; empty where they are of all."""

    @property
    def best_score(self) -> float:
        """Smallest score of all; where that is not known, of the best known architecture and all that the oracle met."""

    @property
    def mean_score(self) -> float:
        """Mean score of all: the expected score of a uniformly random architecture."""

    @property
    def objectives(self) -> Floats:
        """True objectives by row, `(N, M)`; raises `NasbenchError` where the rows cannot be listed."""

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(..., d)` to `(...)`; -1 for one without."""

    def score(self, rows: Ints) -> Floats:
        """Score of each row, `(...)` to `(...)`; minimised."""

    def search_mean(self, rows: Ints) -> Floats:
        """Return the noise-free search value of each row, `(...)` to `(...)`; minimised."""

    def search_rank(self, count: int) -> float | None:
        """Return the `count`-th smallest search mean (the largest where there are fewer); None where it is not known."""


class TableOracle:
    """True values of one data set: seed means of the longest training.

    Attributes:
        epochs: epochs of the training used for scoring, the longest of each split.
        score_split: "test" if the table has a test split, else the search split; reports state which.
    """

    is_optimum_known = True
    ranked_among = ""

    def __init__(self, table: Table, dataset: str, protocol: SearchProtocol) -> None:
        self.name = f"{table.name}/{dataset}"
        self._table = table
        self._dataset = dataset
        self._protocol = protocol
        quantity = find_quantity(table, dataset, protocol.objectives[0])
        self.score_split = (
            "test"
            if any(c.dataset == dataset and c.quantity == quantity and c.split == "test" for c in table.columns)
            else protocol.split
        )
        timed = table.epochs(dataset, quantity, self.score_split)
        self.epochs = timed[-1] if timed else protocol.epochs[-1]

    @property
    def has_test(self) -> bool:
        """Whether the table has a test split; otherwise scores are validation means, which reports must state."""
        return self.score_split == "test"

    @cached_property
    def scores(self) -> Floats:
        """Seed mean of the first objective on `score_split`, by row, `(N,)`; minimised."""
        return find_objective(
            self._table, self._dataset, self._protocol.objectives[0], self.score_split, self.epochs
        ).mean()

    @cached_property
    def search_means(self) -> Floats:
        """Seed mean of the first objective on the search split after the longest training, by row, `(N,)`."""
        first, split = self._protocol.objectives[0], self._protocol.split
        return find_longest(self._table, self._dataset, first, split).mean()

    @cached_property
    def objectives(self) -> Floats:
        """Seed means of all objectives of the protocol on the search split at its last fidelity, by row, `(N, M)`."""
        return np.stack([objective.mean() for objective in self._found()], axis=-1)

    def _found(self) -> list[Objective]:
        names, split, epochs = self._protocol.objectives, self._protocol.split, self._protocol.epochs[-1]
        return [find_objective(self._table, self._dataset, name, split, epochs) for name in names]

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each objective of the protocol, on the search split at its last fidelity."""
        return tuple(objective.unit for objective in self._found())

    @property
    def views(self) -> tuple[View, ...]:
        """Conversion of each objective of the protocol to the values shown to users."""
        return tuple(objective.view for objective in self._found())

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(..., d)` to `(...)`; -1 for one that the table lacks."""
        return self._table.rows(architectures)

    def score(self, rows: Ints) -> Floats:
        """Return `scores` of rows, `(...)` to `(...)`."""
        return self.scores[rows]

    def search_mean(self, rows: Ints) -> Floats:
        """Return `search_means` of rows, `(...)` to `(...)`."""
        return self.search_means[rows]

    @cached_property
    def _ranked(self) -> Floats:
        return np.sort(self.search_means[np.isfinite(self.search_means)])

    @property
    def size(self) -> int:
        """Number of architectures with a search mean."""
        return len(self._ranked)

    def search_rank(self, count: int) -> float:
        """Return the `count`-th smallest search mean, the largest where there are fewer."""
        return float(self._ranked[min(count, self.size) - 1])

    @property
    def best_score(self) -> float:
        """Smallest score of the table: the optimum quoted in reports."""
        return float(np.nanmin(self.scores))

    @property
    def mean_score(self) -> float:
        """Mean score over the table: the expected score of a uniformly random architecture."""
        return float(np.nanmean(self.scores))
