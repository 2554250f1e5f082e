"""Traces of one optimizer on one benchmark as arrays `(runs, queries)`, and what is read off them: incumbents and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.search.constraints import FEASIBLE
from nasbench.search.ledger import ACCOUNTS, INFEASIBLE
from nasbench.spaces.space import Floats, Ints
from nasbench.ties import snapped

TRACED = tuple(account for account in ACCOUNTS if account != "optimizer_seconds")
"""Accounts that a trace can be drawn against; the optimizer's own seconds are known a run, not a query."""


@dataclass(frozen=True)
class Traces:
    """`R` runs of at most `Q` queries. A run that ended sooner is padded: it learns nothing more and spends nothing more.

    Attributes:
        runs: number of each run, `(R,)`.
        lengths: queries of each run, `(R,)`.
        rows: row of each queried architecture, as the oracle numbers them, `(R, Q)`; padding repeats the run's last.
        observed: objectives as the optimizer saw them, `(R, Q, M)`; padding is infinite.
        epochs: fidelity, `(R, Q)`.
        charged_seconds: seconds charged, `(R, Q)`; padding is 0.
        is_new_architecture, is_new_isomorphism_class: first query of the architecture, of its function, `(R, Q)`; padding is False.
        repeat_policy: the study's policy for repeated queries, which says what epochs were charged.
        longest: epochs of the study's longest training.
        wall_seconds: simulated clock when the result came back, `(R, Q)`, padding repeats the run's last; None where one training followed the
            other, so that the clock shows the charged seconds.
        operator: the part of the optimizer that proposed each query, `(R, Q)`, padding is empty; None where it was not recorded.
        feasible: whether each query was seen to satisfy the constraints of the study, `(R, Q)`, padding is False; None where there are none.
    """

    runs: Ints
    lengths: Ints
    rows: Ints
    observed: Floats
    epochs: Ints
    charged_seconds: Floats
    is_new_architecture: NDArray[np.bool_]
    is_new_isomorphism_class: NDArray[np.bool_]
    repeat_policy: str
    longest: int
    wall_seconds: Floats | None = None
    operator: NDArray[np.str_] | None = None
    feasible: NDArray[np.bool_] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(R, Q)."""
        return self.rows.shape[0], self.rows.shape[1]

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """Which entries are queries and no padding, `(R, Q)`."""
        return np.arange(self.shape[1]) < self.lengths[:, None]

    @cached_property
    def incumbent_at(self) -> Ints:
        """Position of the query that gave the incumbent after each query, `(R, Q)`.

        The incumbent is the best observed first objective so far, the earlier of two that are equal up to rounding; where a study has several
        fidelities, the best at the highest fidelity reached so far, since observations of different training compare unfairly. Under
        constraints only feasible queries count; before the first there is no incumbent, and the position is 0.
        """
        merit = snapped(self.observed[:, :, 0])
        if np.unique(self.epochs[self.answered]).size > 1:
            merit = np.where(self.answered, _joint_rank(-self.epochs, merit), np.inf)
        if self.feasible is not None:
            merit = np.where(self.feasible, merit, np.inf)
        best = np.minimum.accumulate(merit, axis=1)
        improved = np.ones(self.shape, dtype=bool)
        improved[:, 1:] = merit[:, 1:] < best[:, :-1]
        return np.maximum.accumulate(np.where(improved, np.arange(self.shape[1]), 0), axis=1)

    @cached_property
    def incumbents(self) -> Ints:
        """Row of the incumbent after every query, `(R, Q)`; -1 where there is none, under constraints alone."""
        rows = np.take_along_axis(self.rows, self.incumbent_at, axis=1)
        return rows if self.feasible is None else np.where(np.logical_or.accumulate(self.feasible, axis=1), rows, -1)

    def spent(self, account: str) -> Floats:
        """Return what each run has spent of an account after every query, `(R, Q)`.

        Raises:
            NasbenchError: if there is no such account, or it is not known a query.
        """
        if account == INFEASIBLE:
            violated = np.zeros(self.shape) if self.feasible is None else self.answered & ~self.feasible
            return np.cumsum(violated, axis=1, dtype=float)
        if account not in ACCOUNTS:
            raise unknown_name("account", account, TRACED)
        if account not in TRACED:
            raise NasbenchError(f"Traces do not record {account} a query; choose one of {', '.join(TRACED)}.")
        if account == "wall_seconds" and self.wall_seconds is not None:
            return self.wall_seconds
        charged = {
            "retrain": self.answered,
            "cache": self.is_new_architecture,
            "cache_isomorphic": self.is_new_isomorphism_class,
        }[self.repeat_policy]
        amounts = {
            "queries": self.answered,
            "unique_queries": self.is_new_architecture,
            "unique_isomorphic_queries": self.is_new_isomorphism_class,
            "epochs": np.where(charged, self.epochs, 0),
            "train_seconds": self.charged_seconds,
            "wall_seconds": self.charged_seconds,
        }[account]
        return np.cumsum(amounts, axis=1, dtype=float)


def stack_runs(
    columns: Mapping[str, Any], rows: Ints, objectives: tuple[str, ...], repeat_policy: str, longest: int
) -> Traces:
    """Arrange the rows of trace files, sorted by run and query, as `Traces`.

    Args:
        columns: columns of the files, as `nasbench.study.store` describes them.
        rows: row of each query, as the oracle numbers them.
        objectives: names of the objective columns.
        repeat_policy: the study's policy for repeated queries.
        longest: epochs of the study's longest training.

    Raises:
        NasbenchError: if rows are not sorted by run and query.
    """
    run = np.asarray(columns["run"])
    starts = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    lengths = np.diff(np.append(starts, len(run)))
    position = np.arange(len(run)) - np.repeat(starts, lengths)
    if (np.diff(run[starts]) <= 0).any() or not np.array_equal(position, columns["query"]):
        raise NasbenchError("The rows of a trace are not sorted by run and query; run the study again to make it anew.")
    size, width = len(starts), int(lengths.max())
    at = np.minimum(np.arange(width), lengths[:, None] - 1) + starts[:, None]
    padding = np.arange(width) >= lengths[:, None]

    def stacked(values: ArrayLike, fill: float | str | None) -> NDArray[Any]:
        array = np.asarray(values)
        whole = array.reshape(size, width) if not padding.any() else array[at]
        if fill is not None and padding.any():
            whole[padding] = fill
        return whole

    return Traces(
        runs=run[starts].astype(np.int64),
        lengths=lengths,
        rows=stacked(rows, None),
        observed=np.stack([stacked(columns[name], np.inf) for name in objectives], axis=-1),
        epochs=stacked(columns["epochs"], None),
        charged_seconds=stacked(columns["charged_seconds"], 0.0),
        is_new_architecture=stacked(columns["is_new_architecture"], False),
        is_new_isomorphism_class=stacked(columns["is_new_isomorphism_class"], False),
        repeat_policy=repeat_policy,
        longest=longest,
        wall_seconds=stacked(columns["wall_seconds"], None) if "wall_seconds" in columns else None,
        operator=stacked(np.asarray(columns["operator"], dtype=str), "") if "operator" in columns else None,
        feasible=stacked(columns[FEASIBLE], False) if FEASIBLE in columns else None,
    )


def at_budgets(values: Floats, spent: Floats, budgets: ArrayLike) -> Floats:
    """Return the values of step functions at budgets, `(R, B)`: those after the last query that a run had paid by then.

    Args:
        values: value after every query, `(R, Q)`.
        spent: ascending, `(R, Q)`.
        budgets: ascending, `(B,)`.

    Returns:
        NaN where a run had no query answered yet.
    """
    grid = np.asarray(budgets, dtype=float)
    found = np.empty((len(values), len(grid)))
    for run, (value, cost) in enumerate(zip(values, spent, strict=True)):
        position = np.searchsorted(cost, grid, side="right") - 1
        found[run] = np.where(position >= 0, value[position], np.nan)
    return found


def _joint_rank(major: NDArray[Any], minor: NDArray[Any]) -> Floats:
    """Rank of each pair in the order of `major`, then `minor`; equal pairs have equal ranks."""
    first, second = major.ravel(), minor.ravel()
    order = np.lexsort((second, first))
    new = np.concatenate([[False], (np.diff(first[order]) != 0) | (second[order][1:] != second[order][:-1])])
    rank = np.empty(first.size)
    rank[order] = np.cumsum(new)
    return rank.reshape(major.shape)
