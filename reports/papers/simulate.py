"""Run a method as a paper ran it: the simulated search, and what it would have reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.reports.papers.paper import TABLE, Protocol, Search
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Floats, Ints
from nasbench.tables.table import Table

SEARCHED = "validation"
"""Split that answers the searches of every paper here."""


@dataclass(frozen=True)
class Searched:
    """The end of `R` searches.

    Attributes:
        incumbents: row of the table, `(R,)`.
        queries: queries that counted, repeats included, `(R,)`.
        first: unique queries up to the first of each row of the table, that one included, `(R, N)`; 0 where it was never queried. Kept only
            where a paper measures queries, else `(R, 0)`.
    """

    incumbents: Ints
    queries: Ints
    first: Ints

    def to_best(self, values: Floats) -> Floats:
        """Return the unique queries until the row with the highest value, `(R,)`; NaN where a run never queried it."""
        reached = self.first[:, int(np.argmax(values))]
        return np.where(reached > 0, reached, np.nan)

    @classmethod
    def joined(cls, parts: Sequence[Searched]) -> Searched:
        """The runs of several calls, in order."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


def accuracy(table: Table, dataset: str, split: str, epochs: int) -> Floats:
    """Seed mean of the accuracy by row, `(N,)`.

    Raises:
        NasbenchError: if the table has no such column, saying what to import.
    """
    column = table.find(dataset, "accuracy", split, epochs)
    if column is None:
        raise NasbenchError(
            f"Table {table.name!r} has no {split} accuracy on {dataset} after {epochs} epochs, which the published protocol needs; "
            f"{TABLE} has, and so do tables imported from the official files."
        )
    return np.asarray(table.measured(column).mean())


def run_searches(
    how: Search, protocol: Protocol, benchmark: TabularBenchmark, runs: Sequence[int], seed: int
) -> Searched:
    """Search `runs` times; run r depends on the seed and its number alone.

    Raises:
        NasbenchError: if the table cannot answer the protocol.
    """
    table, dataset = benchmark.table, benchmark.dataset
    search_protocol = SearchProtocol(
        objectives=("error",),
        split=SEARCHED,
        epochs=(protocol.epochs,),
        training_seed="mean",
        repeat_policy=protocol.repeat_policy,
        budget=Budget(protocol.budgets[dataset]),
    )
    problem = benchmark.problem(search_protocol, seed, runs)
    batches, _ = search(problem, _optimizer(how.optimizer).create(problem, Streams(seed, runs), how.settings))

    def stacked(name: str) -> Any:
        return np.concatenate([getattr(batch, name) for batch in batches], axis=1)

    counts = stacked("answered")
    if not protocol.crossing_counts:
        counts = counts & _within(stacked("charged_seconds"), protocol.budgets[dataset])
    observed = np.where(counts, np.nan_to_num(stacked("objectives")[..., 0]), np.inf)
    rows = table.rows(np.where(counts[..., None], stacked("architectures"), np.int8(0)))
    unique = np.cumsum(stacked("is_new_architecture"), axis=1)
    first = np.zeros((len(rows), len(table) if protocol.measure != "accuracy" else 0), dtype=np.int64)
    if first.size:
        run, query = np.nonzero(counts & stacked("is_new_architecture"))
        first[run, rows[run, query]] = unique[run, query]
    return Searched(
        incumbents=rows[np.arange(len(rows)), observed.argmin(axis=1)], queries=counts.sum(axis=1), first=first
    )


def _within(cost: Floats, limits: Mapping[str, float]) -> np.ndarray:
    """Queries that ended within the budget of simulated seconds, `(R, B)`."""
    return np.asarray(np.cumsum(cost, axis=1) <= limits["train_seconds"])


def _optimizer(place: str) -> Lockstep | PerRun:
    module, _, attribute = place.partition(":")
    optimizer: Lockstep | PerRun = getattr(import_module(module), attribute)
    return optimizer
