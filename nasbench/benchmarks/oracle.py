"""The oracle of a benchmark: true scores for reports, never accessible to optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.objectives import Objective, find_longest, find_objective, find_quantity
from nasbench.benchmarks.views import View
from nasbench.errors import NasbenchError
from nasbench.search.constraints import Limits, join
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


class ConstrainedOracle(Oracle, Protocol):
    """Interface of an oracle under constraints. Ranks, means, optimum, front and objectives are those of feasible architectures; scores and
    search means of the others are NaN.

    A row is -1 where there is none. Scores count the constraints as they truly hold, on the test split where a quantity has one; search
    means and objectives count them on the search split, where they are.
    """

    @property
    def worst_score(self) -> float:
        """Largest score of a feasible architecture: what a run without one is given."""

    @property
    def feasible_share(self) -> float:
        """Share of the architectures, before any constraint, that satisfy all constraints; of random ones where they cannot be listed."""

    @property
    def constraint_views(self) -> Mapping[str, View]:
        """How users see each quantity that is constrained, by name."""

    def is_feasible(self, rows: Ints) -> NDArray[np.bool_]:
        """Return which rows truly satisfy all constraints, `(...)` to `(...)`."""


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


class ConstrainedTableOracle(TableOracle):
    """True values of one data set under the constraints of the protocol; see `ConstrainedOracle`."""

    @cached_property
    def _feasible(self) -> NDArray[np.bool_]:
        """Which rows satisfy all constraints, on the test split where a quantity has one, `(N,)`."""
        return self._satisfied(self._final_split)

    @cached_property
    def _feasible_in_search(self) -> NDArray[np.bool_]:
        return self._satisfied(lambda quantity: self._protocol.split)

    def _final_split(self, quantity: str) -> str:
        measured = find_quantity(self._table, self._dataset, quantity)
        held = {c.split for c in self._table.columns if (c.dataset, c.quantity) == (self._dataset, measured)}
        return "test" if "test" in held else self._protocol.split

    def _found_quantities(self, split_of: Callable[[str], str]) -> dict[str, Objective]:
        quantities = dict.fromkeys(one.quantity for one in self._protocol.constraints)
        return {name: find_longest(self._table, self._dataset, name, split_of(name)) for name in quantities}

    def _satisfied(self, split_of: Callable[[str], str]) -> NDArray[np.bool_]:
        constraints, found = self._protocol.constraints, self._found_quantities(split_of)
        limits = Limits.of(constraints, {name: one.view for name, one in found.items()}, [False] * len(found))
        means = np.stack([one.mean() for one in found.values()], axis=-1)
        satisfied = limits.violation(limits.values(means)) == 0.0
        if not satisfied.any():
            raise NasbenchError(f"No architecture of {self.name} satisfies {join(constraints)}; loosen that.")
        return satisfied

    @property
    def constraint_views(self) -> Mapping[str, View]:
        """See `ConstrainedOracle`."""
        return {name: one.view for name, one in self._found_quantities(self._final_split).items()}

    @cached_property
    def scores(self) -> Floats:
        """See `TableOracle`; NaN for infeasible architectures."""
        return np.where(self._feasible, super().scores, np.nan)

    @cached_property
    def search_means(self) -> Floats:
        """See `TableOracle`; NaN for infeasible architectures."""
        return np.where(self._feasible_in_search, super().search_means, np.nan)

    @cached_property
    def objectives(self) -> Floats:
        """See `TableOracle`; NaN for infeasible architectures."""
        return np.where(self._feasible_in_search[:, None], super().objectives, np.nan)

    def is_feasible(self, rows: Ints) -> NDArray[np.bool_]:
        """See `ConstrainedOracle`."""
        return np.where(rows >= 0, self._feasible[rows], False)

    def score(self, rows: Ints) -> Floats:
        """Return the scores of rows, `(...)` to `(...)`; NaN where infeasible or -1."""
        return np.where(rows >= 0, self.scores[rows], np.nan)

    @property
    def worst_score(self) -> float:
        """Largest score of a feasible architecture."""
        return float(np.nanmax(self.scores))

    @property
    def feasible_share(self) -> float:
        """Share of the architectures of the table that satisfy all constraints."""
        return float(self._feasible.mean())
