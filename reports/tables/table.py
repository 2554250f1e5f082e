"""The description of a table; the modules `to_markdown`, `to_latex`, `to_html` and `to_csv` render it.

A number is a value with its interval, its mark and the hash of the runs that it rests on. What the data do not determine is an
`Undefined`, shown as a dash with the reason in a footnote. A cell that is simply not there is a mistake, and the table is not built.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.result import Estimate, Interval, Undefined

Kind = Literal["text", "number", "count", "percent", "p_value", "general"]
DASH = "–"
MINUS = "−"


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column.

    Attributes:
        key: name in CSV and JSON.
        heading: what a reader sees, unit included.
        kind: how values are written; a percentage is kept as a fraction and written without its sign, which the heading has.
        digits: decimals of a number or percentage; significant digits of "general", for numbers of all magnitudes.
        group: whether equal values in consecutive rows belong together; printed tables show them once.
    """

    key: str
    heading: str
    kind: Kind = "number"
    digits: int = 2
    group: bool = False

    @property
    def numeric(self) -> bool:
        """Whether values are numbers, which are set to the right and sort as numbers."""
        return self.kind != "text"


DATA_SET = TableColumn(key="benchmark", heading="data set", kind="text", group=True)
OPTIMIZER = TableColumn(key="optimizer", heading="optimizer", kind="text")
TASK = TableColumn(key="task", heading="task", kind="text", group=True)


@dataclass(frozen=True)
class TableCell:
    """What stands in one place.

    Attributes:
        value: the value, or why there is none.
        interval: bounds that belong to it, why there are none, or None where none are due.
        mark: a sign behind the value; the table explains it.
        best: whether it is set in bold.
        runs: hash of the runs it rests on (`Results.digest`), or of the table of the benchmark for a fact about that.
    """

    value: str | float | int | Undefined
    interval: Interval | Undefined | None = None
    mark: str = ""
    best: bool = False
    runs: str = ""


def estimated(estimate: Estimate | Undefined, runs: str, *, mark: str = "", best: bool = False) -> TableCell:
    """Return a cell from an estimate with its interval."""
    return TableCell(estimate.value, estimate.interval, mark, best, runs)


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table.

    Attributes:
        name: file name without ending, and anchor.
        title: short heading.
        caption: what the numbers are, with units, direction and n.
        columns: the columns.
        rows: one tuple of cells a row, in the order of the columns.
        marks: what each mark means.
        notes: further sentences under the table.

    Raises:
        NasbenchError: if a cell is missing: a row of another length, NaN or infinity, an empty text, a number without the hash of
            its runs, or a mark that is not explained.
    """

    name: str
    title: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    marks: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.rows:
            raise NasbenchError(f"Table {self.name!r} has no rows; leave it out instead.")
        for i, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise NasbenchError(
                    f"Table {self.name!r}, row {i + 1} has {len(row)} cells for {len(self.columns)} columns; a cell is missing."
                )
            for column, cell in zip(self.columns, row, strict=True):
                if fault := _fault(column, cell, self.marks):
                    raise NasbenchError(f"Table {self.name!r}, row {i + 1}, column {column.heading!r}: {fault}.")

    @cached_property
    def footnotes(self) -> dict[str, str]:
        """Note to letter, for everything that is undefined, in the order of appearance; one reason may make two notes."""
        notes: dict[str, str] = {}
        for row in self.rows:
            for cell in row:
                for note in lacking(cell):
                    notes.setdefault(note, letters(len(notes)))
        return notes

    @property
    def all_notes(self) -> list[tuple[str, str]]:
        """Sign and sentence of every note: marks that occur, reasons of what is undefined, and further notes without a sign."""
        used = {cell.mark for row in self.rows for cell in row}
        marks = [(mark, meaning) for mark, meaning in self.marks.items() if mark in used]
        reasons = [(letter, note) for note, letter in self.footnotes.items()]
        return [*marks, *reasons, *(("", note) for note in self.notes)]


def _fault(column: TableColumn, cell: TableCell, marks: Mapping[str, str]) -> str:
    value = cell.value
    if cell.mark and cell.mark not in marks:
        return f"the mark {cell.mark!r} is not explained"
    if isinstance(value, Undefined):
        return "" if value.reason else "it is undefined without a reason"
    if column.kind == "text":
        return "" if isinstance(value, str) and value else "the text is missing"
    if isinstance(value, str) or value is None or not math.isfinite(value):
        return f"the number is missing (found {value!r})"
    return "" if cell.runs else "the number does not say what runs it rests on"


def letters(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for 0, 1, ..."""
    text = chr(ord("a") + number % 26)
    return text if number < 26 else letters(number // 26 - 1) + text


def value_text(column: TableColumn, cell: TableCell) -> str:
    """Return the value alone, as a reader sees it."""
    return DASH if isinstance(cell.value, Undefined) else _written(column, cell.value)


def interval_text(column: TableColumn, cell: TableCell) -> str:
    """Return the interval alone, empty where there is none."""
    if not isinstance(cell.interval, Interval):
        return ""
    return f"[{_written(column, cell.interval.lower)}, {_written(column, cell.interval.upper)}]"


def lacking(cell: TableCell) -> tuple[str, ...]:
    """Return what a cell lacks and why: its value, or a value's interval."""
    if isinstance(cell.value, Undefined):
        return (f"no value: {cell.value.reason}",)
    return (f"no interval: {cell.interval.reason}",) if isinstance(cell.interval, Undefined) else ()


def letter_of(table: ReportTable, cell: TableCell) -> str:
    """Return the letters of a cell's footnotes, joined by commas."""
    notes = table.footnotes
    return ",".join(notes[note] for note in lacking(cell))


def group_starts(table: ReportTable) -> Sequence[bool]:
    """Return for each row whether it differs from the row before in a grouping column."""
    groups = [i for i, column in enumerate(table.columns) if column.group]
    keys = [tuple(row[i].value for i in groups) for row in table.rows]
    return [i == 0 or key != keys[i - 1] for i, key in enumerate(keys)]


def _written(column: TableColumn, value: str | float | int) -> str:
    if isinstance(value, str):
        return value
    if column.kind == "count":
        text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    elif column.kind == "percent":
        text = f"{100.0 * value:.{column.digits}f}"
    elif column.kind == "p_value":
        text = "<0.001" if value < 0.001 else f"{value:.3f}"
    elif column.kind == "general":
        text = f"{value:,.0f}" if 10**column.digits <= abs(value) < 1e12 else f"{value:.{column.digits}g}"
    else:
        text = f"{value:,.{column.digits}f}"
    if text.startswith("-"):
        text = MINUS + text[1:] if text.strip("-0.,") else text[1:]
    return text
