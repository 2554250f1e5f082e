"""Any table: a Parquet or CSV file with a description in TOML; see `nasbench.tables.description`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_text
from nasbench.spaces.space import Ints
from nasbench.tables.column import Measured
from nasbench.tables.description import Described, Description, parse_description
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.sources.data_file import read_data
from nasbench.tables.units import FRACTION
from nasbench.tables.writer import write_table

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SEED = 2**53
"""Numbers of a file are read as floating-point numbers, which tell whole numbers apart up to here."""
MIXED = 5.0
"""Two measurements of one thing that differ by less than this many points once one is multiplied by 100 are of mixed units."""


def table_name(source: Path) -> str:
    """Return the name that a description gives its table."""
    return _read_description(source).name


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table of a description; see `nasbench.tables.importer`."""
    return write_described(folder, replace(_read_description(source), name=options.name), source.parent)


def write_described(folder: Path, description: Description, base: Path) -> ImportReport:
    """Write a described table into an empty folder.

    Args:
        folder: where to.
        description: the description.
        base: folder that the data file's name is relative to.

    Raises:
        NasbenchError: if the file lacks a column, an architecture is not of the space or there twice, or a number is none, is
            missing without leave, or cannot be in the unit that is stated.
    """
    named = (description.architecture, *description.decisions, description.seed, *_sources(description))
    frame, first_line = read_data(base / description.data, [name for name in named if name])
    architectures = _architectures(frame, description, first_line)
    index, row_of_line = np.unique(architectures, return_inverse=True)
    numbers = {name: _numbers(frame, name, description.data, first_line) for name in _sources(description)}
    if description.seed:
        columns = _by_seed(frame, description, numbers, row_of_line, first_line)
    else:
        _refuse_twice(architectures, description, first_line)
        line_of_row = np.argsort(row_of_line, kind="stable")
        columns = [
            (described, np.stack([numbers[name][line_of_row] for name in described.sources], axis=1))
            for described in description.columns
        ]
    space = description.space
    measured = [_measured(described, values, description, index) for described, values in columns]
    complete = len(index) == space.product_size
    absent = [space.to_string(space.from_index(i)) for i in _absent(description, index)]
    notes = _notes(description, columns, len(absent))
    write_table(
        folder,
        name=description.name,
        space=space,
        columns=measured,
        provenance=description.provenance,
        row_index=None if complete else index,
        notes=notes,
    )
    return ImportReport(tuple(absent), tuple(notes))


def _read_description(source: Path) -> Description:
    return parse_description(read_text(source, f"description {source}"), str(source))


def _sources(description: Description) -> list[str]:
    return list(dict.fromkeys(name for described in description.columns for name in described.sources))


def _architectures(frame: pd.DataFrame, description: Description, first_line: int) -> Ints:
    """Return the space index of the architecture of every line."""
    space = description.space
    lines = len(frame)
    if lines == 0:
        raise NasbenchError(f"{description.data} has no rows; a table needs at least two architectures.")
    rows = np.zeros((lines, space.d), dtype=np.int8)
    if description.architecture:
        for line, text in enumerate(frame[description.architecture]):
            try:
                rows[line] = space.from_string(str(text))
            except NasbenchError as fault:
                raise NasbenchError(f"{description.data}, row {line + first_line}: {fault}") from None
    for position, name in enumerate(description.decisions):
        known = {choice: number for number, choice in enumerate(space.choices[position])}
        texts = frame[name].astype(str)
        numbers = texts.map(known).to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.flatnonzero(np.isnan(numbers))
        if len(wrong):
            raise NasbenchError(
                f"{description.data}, row {wrong[0] + first_line}: {texts.iloc[wrong[0]][:80]!r} is no choice of {name!r}, which has {', '.join(known)}."
            )
        rows[:, position] = numbers
    infeasible = np.flatnonzero(~space.is_feasible(rows))
    if len(infeasible):
        raise NasbenchError(
            f"{description.data}, row {infeasible[0] + first_line}: {space.to_string(rows[infeasible[0]])} is infeasible in {space.name!r}."
        )
    return space.index(rows)


def _refuse_twice(index: Ints, description: Description, first_line: int) -> None:
    order = np.argsort(index, kind="stable")
    twice = np.flatnonzero(np.diff(index[order]) == 0)
    if len(twice):
        lines = order[twice[0]] + first_line, order[twice[0] + 1] + first_line
        text = description.space.to_string(description.space.from_index(int(index[order[twice[0]]])))
        raise NasbenchError(
            f"{description.data}, rows {lines[0]} and {lines[1]}: {text} is there twice, and {len(twice)} rows in all repeat one; "
            "keep one of them, or name the column that tells trainings apart as seed."
        )


def _numbers(frame: pd.DataFrame, name: str, data: str, first_line: int) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it is empty."""
    import pandas as pd

    text = frame[name]
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    empty = text.isna() | text.astype(str).str.strip().str.lower().isin(["", "nan", "na", "none", "null"])
    wrong = np.flatnonzero(np.isnan(values) & ~empty.to_numpy())
    if len(wrong):
        raise NasbenchError(
            f"{data}, row {wrong[0] + first_line}: {name} is {str(text.iloc[wrong[0]])[:80]!r}; it should be a number."
        )
    return values


def _by_seed(
    frame: pd.DataFrame, description: Description, numbers: dict[str, NDArray[Any]], row: Ints, first_line: int
) -> list[tuple[Described, NDArray[np.float64]]]:
    """Return columns `(N, S)` from lines that are one training each."""
    seed = _numbers(frame, description.seed, description.data, first_line)
    if not (np.isfinite(seed).all() and (seed == np.round(seed)).all() and (np.abs(seed) <= LARGEST_SEED).all()):
        raise NasbenchError(f"{description.data}: the column {description.seed!r} should hold whole numbers only.")
    seeds, position = np.unique(seed.astype(np.int64), return_inverse=True)
    slot = row * len(seeds) + position
    twice = np.flatnonzero(np.bincount(slot) > 1)
    if len(twice):
        lines = np.flatnonzero(slot == twice[0])[:2] + first_line
        raise NasbenchError(
            f"{description.data}, rows {lines[0]} and {lines[1]} are one architecture with one seed; keep one of them."
        )
    columns = []
    for described in description.columns:
        if described.column.seeds is not None:
            raise NasbenchError(
                f"{description.data}: with a seed column, {described.column.key} should name a column, no seeds."
            )
        values = np.full((int(row.max()) + 1, len(seeds)), np.nan)
        values[row, position] = numbers[described.sources[0]]
        named = replace(described.column, seeds=tuple(map(int, seeds)))
        columns.append((replace(described, column=named, missing=True), values))
    return columns


def _measured(described: Described, values: NDArray[np.float64], description: Description, index: Ints) -> Measured:
    """Return a column in the unit of the table, checked; `values` are `(N, sources)` with NaN where empty."""
    column, names = described.column, " and ".join(described.sources)
    missing = ~np.isfinite(values)
    if missing.any() and not described.missing:
        first = description.space.from_index(index[np.argwhere(missing)[0, 0]])
        raise NasbenchError(
            f"{description.data}: {names} is empty or not finite {int(missing.sum())} times, first for {description.space.to_string(first)}; "
            f"fill it, or say missing = true for {column.key} to have it masked."
        )
    present = values[~missing]
    if described.factor == 100 and present.size and present.max() > 1:
        raise NasbenchError(
            f'{description.data}: {names} is called a {FRACTION} but reaches {present.max():g}; say unit = "%" if all of it is in per cent.'
        )
    if column.unit == "%" and described.factor == 1:
        _refuse_mixed(values, names, description.data)
    values = np.where(
        missing, 0.0, (100.0 - values * described.factor) if described.wrong else values * described.factor
    )
    if column.seeds is None:
        values, missing = values[:, 0], missing[:, 0]
    return Measured(column, values, missing)


def _refuse_mixed(values: NDArray[np.float64], names: str, data: str) -> None:
    """Raise if seeds of one architecture, or single values of a column, look like per cent in part and fractions in part."""
    small = (values > 0) & (values <= 1)
    large = np.where(values > 1, values, np.nan)
    if not small.any() or np.isnan(large).all():
        return
    seeds = values.shape[1] > 1
    middle = (
        np.nanmedian(large, axis=1, keepdims=True)
        if seeds and not np.isnan(large).all(axis=1).any()
        else np.nanmedian(large)
    )
    mixed = small & (np.abs(100 * values - middle) < MIXED)
    if mixed.sum() > 1 or (seeds and mixed.any()):
        row = int(np.argwhere(mixed)[0, 0])
        raise NasbenchError(
            f"{data}: {names} mixes per cent and fractions: {int(mixed.sum())} values, such as {values[row][mixed[row]][0]:g}, "
            "would be usual if multiplied by 100; use one unit."
        )


def _absent(description: Description, index: Ints) -> Sequence[int]:
    space = description.space
    if not space.is_enumerable:
        return ()
    everything = space.index(space.all)
    return np.setdiff1d(everything, index).tolist()


def _notes(description: Description, columns: list[tuple[Described, NDArray[np.float64]]], absent: int) -> list[str]:
    notes = []
    if absent:
        notes.append(f"{absent} of the {description.space.size} architectures of the space are not in the file.")
    scored = [
        (d.column.dataset, d.column.split) for d, _ in columns if d.column.quantity in ("accuracy", "score", "loss")
    ]
    for dataset in dict.fromkeys(dataset for dataset, _ in scored):
        splits = {split for of, split in scored if of == dataset}
        if "test" not in splits:
            notes.append(f"{dataset} has no test split: results on it are scored by validation, and reports say so.")
        if "validation" not in splits:
            notes.append(f"{dataset} has no validation split: a study must name the split that it searches on.")
    for described, values in columns:
        empty = int((~np.isfinite(values)).sum())
        if empty:
            notes.append(f"{described.column.key} has {empty} values missing, which are masked.")
    return notes
