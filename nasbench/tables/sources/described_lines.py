"""Lines of a described data file: their architectures, seeds and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Ints
from nasbench.tables.description import Described, Description

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SEED = 2**53
"""Numbers of a file are read as floating-point numbers, which tell whole numbers apart below this."""


def read_architectures(frame: pd.DataFrame, description: Description, first_line: int) -> Ints:
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
    if isinstance(space, MixedSpace):
        return space.index(_read_mixed(frame, description, space, first_line))
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


def _read_mixed(frame: pd.DataFrame, description: Description, space: MixedSpace, first_line: int) -> NDArray[np.int8]:
    """Return the architecture of every line in its canonical form, `(lines, d)`; inactive decisions are not read."""
    rows = np.zeros((len(frame), space.d), dtype=np.int8)
    for position in space.parents_first:
        name, decision = description.decisions[position], space.definitions[position]
        texts = frame[name]
        codes, distinct = texts.factorize()  # an empty cell has the code -1
        found = [decision.find(one) for one in distinct]
        choices = np.array([*(-1 if one is None else one for one in found), -1], dtype=np.int64)[codes]
        active = space.active(rows)[:, position]
        wrong = np.flatnonzero(active & (choices < 0))
        if len(wrong):
            raise NasbenchError(
                f"{description.data}, row {wrong[0] + first_line}: {str(texts.iloc[wrong[0]])[:80]!r} is no choice of {name!r}, "
                f"which has {', '.join(decision.choices)}."
            )
        rows[:, position] = np.where(active, choices, 0)
    return rows


def refuse_repeats(index: Ints, description: Description, first_line: int) -> None:
    """Raise NasbenchError if two lines are of one architecture, given the space index of each line."""
    order = np.argsort(index, kind="stable")
    twice = np.flatnonzero(np.diff(index[order]) == 0)
    if len(twice):
        lines = order[twice[0]] + first_line, order[twice[0] + 1] + first_line
        text = description.space.to_string(description.space.from_index(int(index[order[twice[0]]])))
        raise NasbenchError(
            f"{description.data}, rows {lines[0]} and {lines[1]}: {text} is there twice, and {len(twice)} rows in all repeat one; "
            "keep one of them, or name the column that tells trainings apart as seed."
        )


def read_numbers(frame: pd.DataFrame, name: str, data: str, first_line: int) -> NDArray[np.float64]:
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


def columns_by_seed(
    frame: pd.DataFrame, description: Description, numbers: dict[str, NDArray[Any]], row: Ints, first_line: int
) -> list[tuple[Described, NDArray[np.float64]]]:
    """Return columns `(N, S)` from lines that are one training each."""
    seed = read_numbers(frame, description.seed, description.data, first_line)
    if not (np.isfinite(seed).all() and (seed == np.round(seed)).all() and (np.abs(seed) < LARGEST_SEED).all()):
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
