"""Tables as HTML: row headers, machine-readable values to sort by, the hash of the runs in each number's tooltip."""

from __future__ import annotations

from html import escape as escaped

from nasbench.markup import printable
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import (
    ReportTable,
    TableCell,
    TableColumn,
    group_starts,
    interval_text,
    letter_of,
    value_text,
)

LONG, NAME = 24, 40
"""Characters from which on a sentence, and a name without spaces, may break over lines."""


def to_html(table: ReportTable) -> str:
    """Return the caption, a `<table>` in a container that scrolls sideways on a narrow screen, and the notes."""
    heads = "".join(
        f'<th scope="col"{_class(column)}><button type="button">{_escape(column.heading)}</button></th>'
        for column in table.columns
    )
    body = "".join(
        f"<tr{' class=start' if start else ''}>"
        + "".join(
            _cell(table, column, cell, i == 0) for i, (column, cell) in enumerate(zip(table.columns, row, strict=True))
        )
        + "</tr>\n"
        for row, start in zip(table.rows, group_starts(table), strict=True)
    )
    notes = "".join(
        f"<li>{f'<sup>{_escape(sign)}</sup> ' if sign else ''}{_escape(text)}</li>" for sign, text in table.all_notes
    )
    return (
        f'<p class="caption" id="caption-{_escape(table.name)}">{_escape(table.caption)}</p>\n'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_escape(table.title)}, table">\n'
        f'<table id="table-{_escape(table.name)}" aria-label="{_escape(table.title)}" aria-describedby="caption-{_escape(table.name)}">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
    )


def _cell(table: ReportTable, column: TableColumn, cell: TableCell, header: bool) -> str:
    text = _escape(value_text(column, cell))
    if not column.numeric:
        text = text.replace("_", "_<wbr>")  # where a name may break on a narrow screen
    text = f"<b>{text}</b>" if cell.best else text
    signs = ",".join(part for part in (cell.mark, letter_of(table, cell)) if part)
    text += f"<sup>{_escape(signs)}</sup>" if signs else ""
    interval = interval_text(column, cell)
    text += f' <span class="interval">{_escape(interval)}</span>' if interval else ""
    value = "" if isinstance(cell.value, Undefined) else str(cell.value)
    title = f' title="runs {_escape(cell.runs)}"' if cell.runs else ""
    tag = 'th scope="row"' if header else "td"
    kind = ' class="long"' if not column.numeric and _is_long(str(cell.value)) else _class(column)
    return f'<{tag}{kind} data-value="{_escape(value)}"{title}>{text}</{tag.split()[0]}>'


def _is_long(text: str) -> bool:
    return len(text) > (LONG if " " in text else NAME)


def _class(column: TableColumn) -> str:
    return ' class="number"' if column.numeric else ""


def _escape(text: str) -> str:
    return escaped(printable(text))
