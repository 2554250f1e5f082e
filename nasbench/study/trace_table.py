"""The trace of a search, one row per query, as arrays and as the table described in `nasbench.study.store`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.search.constraints import FEASIBLE, Constraint
from nasbench.search.observations import Observations
from nasbench.search.workers import Completion
from nasbench.spaces.space import Space

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, NDArray[Any]]
"""Columns by name, in order, `(n,)`; `architecture` is `(n, d)`."""
SECONDS = "charged_seconds"
"""Column of charged seconds."""
WALL_SECONDS = "wall_seconds"
"""Column of the simulated clock when a result came back, in studies with workers or batches."""
WHOLE = ("run", "query", "epochs", "training_seed", "worker")
"""Integer columns, stored in 32 bits."""


def trace_columns(
    batches: Sequence[Observations],
    runs: Sequence[int],
    objectives: Sequence[str],
    constraints: Sequence[Constraint] = (),
) -> Columns:
    """Return the observations of ask-tell runs, sorted by run and query.

    Under constraints the objectives are those that were observed, not what the optimizer was told of infeasible architectures.

    Raises:
        NasbenchError: if nothing was queried.
    """
    if not batches:
        raise NasbenchError("The optimizer proposed nothing at all; it should propose at least one architecture.")
    kept = np.concatenate([batch.answered for batch in batches], axis=1)
    lengths = kept.sum(axis=1)

    def column(field: str) -> np.ndarray:
        return np.concatenate([getattr(batch, field) for batch in batches], axis=1)[kept]

    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    values = column("unpenalised" if constraints else "objectives")
    operators = _operators(batches)
    return {
        "run": np.repeat(np.asarray(runs, dtype=np.int32), lengths),
        "query": np.arange(len(starts)) - starts,
        "architecture": column("architectures"),
        "epochs": column("epochs"),
        "training_seed": column("training_seed"),
        **{name: np.ascontiguousarray(values[:, m]) for m, name in enumerate(objectives)},
        SECONDS: column("charged_seconds"),
        "is_new_architecture": column("is_new_architecture"),
        "is_new_isomorphism_class": column("is_new_isomorphism_class"),
        **(_constraint_columns(column, constraints, objectives) if constraints else {}),
        **({} if operators is None else {"operator": operators[kept]}),
    }


def _constraint_columns(
    column: Callable[[str], np.ndarray], constraints: Sequence[Constraint], objectives: Sequence[str]
) -> Columns:
    """Return the quantities of constraints that are no objectives, minimised, and which queries are feasible."""
    values = column("constraint_values")
    quantities = {one.quantity: np.ascontiguousarray(values[:, k]) for k, one in enumerate(constraints)}
    further = {name: quantity for name, quantity in quantities.items() if name not in objectives}
    return {**further, FEASIBLE: column("feasible")}


def completion_columns(
    completions: Sequence[Completion], run: int, objectives: Sequence[str], constraints: Sequence[Constraint] = ()
) -> Columns:
    """Return the results of a run with several machines, in the order in which they came back, with `worker` and `wall_seconds`.

    Raises:
        NasbenchError: if nothing was queried.
    """
    columns = trace_columns([completion.observations for completion in completions], (run,), objectives, constraints)
    return {
        **columns,
        "worker": np.array([completion.worker for completion in completions]),
        WALL_SECONDS: np.array([completion.seconds for completion in completions]),
    }


def stack_columns(runs: Sequence[Columns]) -> Columns:
    """Return the columns of several runs as one, in their order; those alone that all runs have."""
    shared = [name for name in runs[0] if all(name in columns for columns in runs)]
    return {name: np.concatenate([columns[name] for columns in runs]) for name in shared}


def trace_table(columns: Columns, space: Space) -> pa.Table:
    """Return the table of a trace, with architectures as strings of the space."""
    import pyarrow as pa

    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        if name == "architecture":
            arrays[name] = _strings(values, space)
        elif name == "operator":
            arrays[name] = pa.array(values).dictionary_encode()
        else:
            arrays[name] = pa.array(values.astype(np.int32) if name in WHOLE else values)
    return pa.table(arrays)


def without_seconds(table: pa.Table) -> tuple[pa.Table, list[float]]:
    """Return a trace without its seconds, and the seconds: measured times are stored separately from reproducible
    results.
    """
    import pyarrow as pa

    seconds: list[float] = table[SECONDS].to_pylist()
    return with_seconds(table, pa.nulls(table.num_rows, pa.float64())), seconds


def with_seconds(table: pa.Table, seconds: Sequence[float] | pa.Array) -> pa.Table:
    """Return a trace with these seconds; raises ValueError if there is not one for each query."""
    return table.set_column(table.column_names.index(SECONDS), SECONDS, [seconds])


def _operators(batches: Sequence[Observations]) -> np.ndarray | None:
    """Return the operator that proposed each query, `(R, B)`; None unless the optimizer said it of every batch."""
    named = [batch.operators for batch in batches if batch.operators is not None]
    if len(named) < len(batches):
        return None
    return np.repeat(np.array(named).T, [batch.answered.shape[1] for batch in batches], axis=1)


def _strings(architectures: np.ndarray, space: Space) -> pa.DictionaryArray:
    """Return official strings as a dictionary of the distinct ones in the order of their bytes."""
    import pyarrow as pa

    rows = np.ascontiguousarray(architectures).view(np.dtype((np.void, architectures.shape[1]))).ravel()
    _, position, inverse = np.unique(rows, return_index=True, return_inverse=True)
    dictionary = [space.to_string(architectures[p]) for p in position]
    return pa.DictionaryArray.from_arrays(pa.array(inverse.astype(np.int32)), pa.array(dictionary))
