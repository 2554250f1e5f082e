"""Tables in Markdown (GitHub flavour)."""

from __future__ import annotations

from nasbench.markup import markdown
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn, interval_text, letter_of, value_text


def to_markdown(table: ReportTable) -> str:
    """Return the table with its caption above and its notes below."""
    lines = [f"**{markdown(table.title)}.** {markdown(table.caption)}", ""]
    lines.append("| " + " | ".join(markdown(column.heading) for column in table.columns) + " |")
    lines.append("|" + "|".join(" ---: " if column.numeric else " :--- " for column in table.columns) + "|")
    for row in table.rows:
        cells = (_cell(table, column, cell) for column, cell in zip(table.columns, row, strict=True))
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"{sign}: {markdown(text)}" if sign else markdown(text) for sign, text in table.all_notes]
    return "\n".join(lines) + "\n" + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")


def _cell(table: ReportTable, column: TableColumn, cell: TableCell) -> str:
    text = markdown(value_text(column, cell))
    text = f"**{text}**" if cell.best else text
    letter = letter_of(table, cell)
    behind = cell.mark + (f"({letter})" if letter else "")
    return " ".join(part for part in (text + behind, interval_text(column, cell)) if part)
