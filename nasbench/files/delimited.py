"""Check that delimited text is a table, before a library reads it that mends what is damaged without a word.

pandas fills rows that are too short with missing values, takes the first column of rows that are too long for their names, renames
columns that share a name, and drops null bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from nasbench.errors import NasbenchError, quoted


def check_table(path: Path, separator: str = ",") -> None:
    """Check a CSV file as `check_rows` does.

    Raises:
        NasbenchError: as there.
        OSError: if it cannot be read.
        UnicodeDecodeError: if it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        check_rows(lines, str(path), separator)


def check_rows(lines: Iterable[str], what: str, separator: str = ",") -> None:
    """Check that every row has the fields of the header, blank lines aside.

    Args:
        lines: the text; its first row names the columns.
        what: description for errors, such as the path.
        separator: of the fields.

    Raises:
        NasbenchError: for a row with fewer or more fields, a null byte, or two columns of one name.
    """
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    header: list[str] = []
    try:
        for row in rows:
            if len(row) < 2 and not "".join(row).strip():
                continue
            if "\0" in "".join(row):
                raise NasbenchError(f"The line {rows.line_num} of {what} has a null byte; the file is damaged.")
            if not header:
                header = [name.strip() for name in row]
                if twice := next((name for name in header if name and header.count(name) > 1), None):
                    raise NasbenchError(f"{what} has two columns named {quoted(twice)}; rename one.")
            elif len(row) != len(header):
                raise NasbenchError(
                    f"{what} cannot be read as a table: line {rows.line_num} has {len(row)} fields and the header {len(header)}; "
                    "every row should have the columns of the header."
                )
    except csv.Error as fault:
        raise NasbenchError(f"{what} cannot be read as a table (line {rows.line_num}: {fault}).") from None
