"""Training times of a table in seconds."""

from __future__ import annotations

from nasbench.spaces.space import Floats
from nasbench.tables.table import Table
from nasbench.tables.units import factor


def training_seconds(table: Table, dataset: str, epochs: int | None) -> Floats | None:
    """Return the seconds of each row's training of exactly that length, mean over seeds, `(N,)`; None if no such
    training was timed.

    Raises:
        MissingDataError: if an architecture has no time.
    """
    column = table.find(dataset, "train_time", None, epochs)
    return None if column is None else table.measured(column).mean() * factor(column.unit, "s")


def charged_seconds(table: Table, dataset: str, epochs: int) -> Floats | None:
    """Return the seconds charged for a training of any length, `(N,)`; None if the table has no times.

    If only trainings of other lengths were timed, times are scaled in proportion to epochs, preferably from the next
    longer one; a time without epochs applies to all.
    """
    timed = table.epochs(dataset, "train_time", None)
    if not timed:
        return training_seconds(table, dataset, None)
    nearest = epochs if epochs in timed else next((t for t in timed if t > epochs), timed[-1])
    found = training_seconds(table, dataset, nearest)
    return None if found is None else found * (epochs / nearest)
