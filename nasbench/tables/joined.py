"""Join tables of one space by architecture: accuracy from one source, hardware costs from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Ints, Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import Table
from nasbench.tables.writer import space_entry, write_table

SAME = 1e-4
"""Relative tolerance for agreement of two sources: single precision and rounding."""
NAMED = 5
"""Maximum number of architectures named in a note."""


@dataclass(frozen=True)
class Join:
    """Tables to join.

    Attributes:
        name: name of the joined table.
        tables: the tables; of duplicate columns the first is kept.
        borrowed: by data set, another one whose costs (columns without a split) are used if it has none.
    """

    name: str
    tables: tuple[Table, ...]
    borrowed: Mapping[str, str]


def write_joined(folder: Path, join: Join) -> tuple[str, ...]:
    """Write the joined table into an empty folder; return the architectures that are missing in some tables.

    Raises:
        NasbenchError: if the tables are of different spaces or have no architecture in common.
    """
    first = join.tables[0]
    space = first.base_space
    for table in join.tables[1:]:
        if space_entry(table.base_space) != space_entry(space):
            raise NasbenchError(
                f"Table {table.name!r} is of the space {table.base_space.name!r}, {first.name!r} of {space.name!r}; only tables of one space join."
            )
    indices = [np.asarray(table.row_index) for table in join.tables]
    common = reduce(np.intersect1d, indices)
    if len(common) == 0:
        raise NasbenchError(f"{_named(t.name for t in join.tables)} have no architecture in common.")
    lost = np.setdiff1d(reduce(np.union1d, indices), common)
    texts = [space.to_string(space.from_index(int(i))) for i in lost]
    notes = [f"{len(lost)} architectures are not in all of the tables, such as {_some(texts)}."] if texts else []
    rows = [np.searchsorted(index, common) for index in indices]
    columns: dict[str, tuple[Measured, str]] = {}
    for table, row in zip(join.tables, rows, strict=True):
        for measured in _columns(table, row, join.borrowed):
            key = measured.column.key
            if key not in columns:
                columns[key] = measured, table.name
            else:
                notes += _disagreement(key, columns[key], (measured, table.name), space, common)
    write_table(
        folder,
        name=join.name,
        space=space,
        columns=[measured for measured, _ in columns.values()],
        provenance="joined by architecture: " + "; ".join(f"{t.name}: {t.manifest['provenance']}" for t in join.tables),
        row_index=None if len(common) == space.product_size else common,
        notes=[*dict.fromkeys(note for table in join.tables for note in table.notes), *notes],
    )
    return tuple(texts)


def _columns(table: Table, row: Ints, borrowed: Mapping[str, str]) -> Iterable[Measured]:
    """Return the columns of a table at the common rows, and costs borrowed from other data sets."""
    for column in table.columns:
        measured = table.measured(column)
        values = np.asarray(measured.values)[row]
        missing = None if measured.missing is None else np.asarray(measured.missing)[row]
        yield Measured(column, values, missing)
        if column.split is not None or column.quantity == "train_time":
            continue
        for dataset, lender in borrowed.items():
            if lender == column.dataset and table.find(dataset, column.quantity, None, column.epochs) is None:
                note = f"{column.note}, measured with the network for {lender}".lstrip(", ")
                yield Measured(replace(column, dataset=dataset, note=note), values, missing)


def _disagreement(
    key: str, kept: tuple[Measured, str], other: tuple[Measured, str], space: Space, index: Ints
) -> list[str]:
    """Return a note on a column on which two tables disagree, if they do."""
    (mine, owner), (theirs, lender) = kept, other
    title = f"{owner} and {lender} both have {key}"
    if mine.column.unit != theirs.column.unit:
        return [f"{title}, in {mine.column.unit} and {theirs.column.unit}; that of {owner} is kept."]
    here, there = _by_seed(mine), _by_seed(theirs)
    seeds = [seed for seed in here if seed in there]
    if not seeds:
        return [f"{title}, of different training seeds; that of {owner} is kept."]
    differs = np.zeros(len(index), dtype=bool)
    for seed in seeds:
        a, b = here[seed], there[seed]
        with np.errstate(invalid="ignore"):
            differs |= np.abs(a - b) > SAME * np.maximum(np.abs(a), np.abs(b))
    if not differs.any():
        return []
    cells = [space.to_string(space.from_index(int(i))) for i in index[differs]]
    return [
        f"{title} and differ about {len(cells)} architectures, such as {_some(cells)}; the values of {owner} are kept."
    ]


def _by_seed(measured: Measured) -> dict[int | None, NDArray[np.float64]]:
    """Return the values of each seed, NaN where missing; for a curve, the final values."""
    values = np.asarray(measured.values, dtype=np.float64)
    values = values if measured.missing is None else np.where(measured.missing, np.nan, values)
    column: Column = measured.column
    if column.seeds is None:
        return {None: values}
    return {seed: values[:, at, -1] if column.curve else values[:, at] for at, seed in enumerate(column.seeds)}


def _some(texts: Sequence[str]) -> str:
    return _named(texts[:NAMED]) + (f" and {len(texts) - NAMED} more" if len(texts) > NAMED else "")


def _named(texts: Iterable[str]) -> str:
    return ", ".join(texts)
