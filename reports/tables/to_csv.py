"""Tables as CSV: full precision, and beside each number its bounds, mark and runs where the column has any.

Text that a spreadsheet would read as a formula is led by an apostrophe; numbers are as they are.
"""

from __future__ import annotations

import csv
import io

from nasbench.markup import spreadsheet
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import ReportTable, TableCell


def to_csv(table: ReportTable) -> str:
    """Return the table as CSV; undefined values are empty, with the reason in the column `... undefined`."""
    extras = [_extras([row[i] for row in table.rows]) for i in range(len(table.columns))]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        [_safe(name) for column, extra in zip(table.columns, extras, strict=True) for name in _names(column.key, extra)]
    )
    for row in table.rows:
        writer.writerow(
            [_safe(field) for cell, extra in zip(row, extras, strict=True) for field in _fields(cell, extra)]
        )
    return stream.getvalue()


def _extras(column_cells: list[TableCell]) -> tuple[str, ...]:
    undefined = any(isinstance(part, Undefined) for cell in column_cells for part in (cell.value, cell.interval))
    present = {
        "lower": any(isinstance(cell.interval, Interval) for cell in column_cells),
        "upper": any(isinstance(cell.interval, Interval) for cell in column_cells),
        "mark": any(cell.mark for cell in column_cells),
        "undefined": undefined,
        "runs": any(cell.runs for cell in column_cells),
    }
    return tuple(name for name, there in present.items() if there)


def _names(key: str, extra: tuple[str, ...]) -> list[str]:
    return [key, *(f"{key} {name}" for name in extra)]


def _fields(cell: TableCell, extra: tuple[str, ...]) -> list[str | float | int]:
    interval = cell.interval if isinstance(cell.interval, Interval) else None
    reasons = [part.reason for part in (cell.value, cell.interval) if isinstance(part, Undefined)]
    values: dict[str, str | float | int] = {
        "lower": "" if interval is None else interval.lower,
        "upper": "" if interval is None else interval.upper,
        "mark": cell.mark,
        "undefined": "; ".join(dict.fromkeys(reasons)),
        "runs": cell.runs,
    }
    return ["" if isinstance(cell.value, Undefined) else cell.value, *(values[name] for name in extra)]


def _safe(field: str | float | int) -> str | float | int:
    return spreadsheet(field) if isinstance(field, str) else field
