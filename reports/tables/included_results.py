"""Tables of what other commands judged: theory verdicts, hypotheses, reproduced papers; from the JSON that those commands print."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.renamed import JUDGEMENT, stored_with_new_names
from nasbench.reports.hypotheses.tables import hypotheses_table, parts_table
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn
from nasbench.reports.tables.theory_verdicts import theory_tables

KEYS = {"verify": "verdicts", "hypotheses": "hypotheses", "claims": "claims", "reproduce": "rows"}
"""Command to the key of its results; `claims` is what `hypotheses` was called before version 1.0."""

TITLES = {
    "verify": "Theory against traces",
    "hypotheses": "Hypotheses",
    "claims": "Hypotheses",
    "reproduce": "Published beside reproduced",
}
_JUDGED = ("hypothesis", "statement", "verdict", "evidence", "change")
NEEDED = {"verify": ("claim", "verdict"), "hypotheses": _JUDGED, "claims": _JUDGED}
"""Keys that each row of a command's results must have."""

HIDDEN = ("interval", "low", "high", "seconds", "mutant", "fault", "passed")
"""Keys that are no columns: bounds, which stand beside the statistic, and what is of no use in print."""


def read_judgements(path: Path) -> tuple[ReportTable, ...]:
    """Build the tables of a file that `nasbench verify --json`, `hypotheses --json` or `reproduce --json` printed.

    Raises:
        NasbenchError: if the file is not such an object.
    """
    try:
        raw = path.read_bytes()
        document = json.loads(raw)
    except (OSError, ValueError):
        raise NasbenchError(
            f"{path} is not JSON; give a file that `nasbench verify --json` (or hypotheses, reproduce) printed."
        ) from None
    command = document.get("command") if isinstance(document, dict) else None
    rows = document.get(KEYS.get(str(command), "")) if isinstance(document, dict) else None
    if command not in KEYS or not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise NasbenchError(
            f"{path} holds no results of {', '.join(KEYS)}; give a file that one of these commands printed with --json."
        )
    runs = hashlib.sha256(raw).hexdigest()[:12]
    parts = document.get("parts") or ()
    if command in ("hypotheses", "claims"):
        rows, parts = (
            [stored_with_new_names(row, JUDGEMENT) for row in several if isinstance(row, dict)]
            for several in (rows, parts)
        )
    if lacking := [key for row in rows for key in NEEDED.get(str(command), ()) if key not in row]:
        raise NasbenchError(
            f"{path} holds a row without {lacking[0]!r}; print it anew with `nasbench {command} --json`."
        )
    if command in ("hypotheses", "claims"):
        tables = (hypotheses_table(rows, str(document.get("registration"))), parts_table(parts))
        return tuple(replace(table, name=f"{table.name}-{runs}") for table in tables if table is not None)
    if command == "verify" and not any("optimizer" in row for row in rows):
        return theory_tables(rows, runs, path.name)
    return (judgement_table(str(command), rows, runs, path.name),)


def judgement_table(command: str, rows: Sequence[Mapping[str, Any]], runs: str, source: str) -> ReportTable:
    """Build the table from flat rows.

    Args:
        command: "verify", "hypotheses" or "reproduce".
        rows: one flat object a verdict, all with the same keys; a null number is undefined.
        runs: hash of what the rows come from.
        source: name of the file, for the caption.
    """
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in HIDDEN]
    numeric = {key: _is_numeric([row.get(key) for row in rows]) for key in keys}
    columns = tuple(
        TableColumn(
            key=key,
            heading=key.replace("_", " "),
            kind=("p_value" if key == "p_value" else "count" if key == "n" else "general") if numeric[key] else "text",
            digits=4,
        )
        for key in keys
    )
    body = tuple(tuple(_cell(row, key, numeric[key], runs) for key in keys) for row in rows)
    return ReportTable(
        name=f"judgements-{command}-{runs}",
        title=TITLES[command],
        caption=f"What nasbench {command} found, as printed into {source}.",
        columns=columns,
        rows=body,
        notes=(f"The hash of that file starts with {runs}.",),
    )


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _cell(row: Mapping[str, Any], key: str, numeric: bool, runs: str) -> TableCell:
    value = row.get(key)
    if value is None or value == "":
        return TableCell(Undefined("there is none" if key in row else "it was not given"), runs=runs)
    if not numeric:
        return TableCell(value if isinstance(value, str) else json.dumps(value))
    low, high = row.get("interval") or (row.get("low"), row.get("high"))
    if key != "statistic" or low is None or high is None:
        return TableCell(value, runs=runs)
    return TableCell(value, Interval(float(low), float(high), 0.95), runs=runs)
