"""Any table: a Parquet or CSV file with a description in TOML; see `nasbench.tables.description`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.files.documents import read_text
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Ints, Space
from nasbench.tables.column import Measured
from nasbench.tables.description import Described, Description, parse_description
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.sources.data_file import DATA_SUFFIXES, read_data
from nasbench.tables.sources.described_lines import columns_by_seed, read_architectures, read_numbers, refuse_repeats
from nasbench.tables.units import FRACTION
from nasbench.tables.writer import write_table

MIXED = 5.0
"""Two measurements of one thing that differ by less than this many points once one is multiplied by 100 are of mixed units."""


def table_name(source: Path) -> str:
    """Return the table name of a description."""
    return _read_description(source).name


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table of a description; see `nasbench.tables.importer`."""
    return write_described(folder, replace(_read_description(source), name=options.name), source.parent)


def write_described(folder: Path, description: Description, base: Path) -> ImportReport:
    """Write a described table into an empty folder.

    Args:
        folder: output folder.
        description: the description.
        base: folder that the data file's name is relative to.

    Raises:
        NasbenchError: if the file lacks a column, an architecture is not of the space or there twice, or a number is none, is
            missing without leave, or cannot be in the unit that is stated.
    """
    named = (description.architecture, *description.decisions, description.seed, *_sources(description))
    frame, first_line = read_data(base / description.data, [name for name in named if name])
    architectures = read_architectures(frame, description, first_line)
    index, row_of_line = np.unique(architectures, return_inverse=True)
    numbers = {name: read_numbers(frame, name, description.data, first_line) for name in _sources(description)}
    if description.seed:
        columns = columns_by_seed(frame, description, numbers, row_of_line, first_line)
    else:
        refuse_repeats(architectures, description, first_line)
        line_of_row = np.argsort(row_of_line, kind="stable")
        columns = [
            (described, np.stack([numbers[name][line_of_row] for name in described.sources], axis=1))
            for described in description.columns
        ]
    space = description.space
    if (of := _class_rows(space, index)) is not None:
        index, columns = np.arange(len(of)), [(described, values[of]) for described, values in columns]
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
    if source.suffix.lower() in DATA_SUFFIXES:
        raise NasbenchError(
            f"{source} holds the measurements; name the TOML file that describes it (`python -m pydoc nasbench.tables.description` shows one)."
        )
    return parse_description(read_text(source, f"description {source}"), str(source))


def _sources(description: Description) -> list[str]:
    return list(dict.fromkeys(name for described in description.columns for name in described.sources))


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
    """Raise if seeds of one architecture, or values of a column, appear to mix per cent and fractions."""
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
    everything = _classes(space) if isinstance(space, MixedSpace) else space.index(space.all)
    return np.setdiff1d(everything, index).tolist()


def _classes(space: MixedSpace) -> Ints:
    """Return the index of the canonical form of every combination, ascending and each once."""
    return np.unique(space.index(space.canonical(space.all)))


def _class_rows(space: Space, index: Ints) -> Ints | None:
    """Return the row of every combination of a space with conditions in a file that has all canonical forms; None elsewhere."""
    if not (isinstance(space, MixedSpace) and space.is_conditional and space.is_enumerable):
        return None
    if not np.array_equal(_classes(space), index):
        return None
    return np.searchsorted(index, space.index(space.canonical(space.all)))


def _notes(description: Description, columns: list[tuple[Described, NDArray[np.float64]]], absent: int) -> list[str]:
    notes = []
    if absent:
        space = description.space
        size = len(_classes(space)) if isinstance(space, MixedSpace) else space.size
        notes.append(f"{absent} of the {size} architectures of the space are not in the file.")
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
