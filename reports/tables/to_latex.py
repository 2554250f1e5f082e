"""Tables in LaTeX; the document needs the packages booktabs and graphicx, and UTF-8 input."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.markup import latex
from nasbench.reports.tables.table import (
    ReportTable,
    TableCell,
    TableColumn,
    group_starts,
    interval_text,
    letter_of,
    value_text,
)

ROWS_A_PAGE = 30


def to_latex(table: ReportTable) -> str:
    """Return `table` environments, several for many rows; a comment after each row has the hash of its runs."""
    parts = _parts(group_starts(table))
    return "\n".join(_environment(table, part, last=part.stop == len(table.rows)) for part in parts)


def _parts(starts: Sequence[bool]) -> list[range]:
    """Return the rows cut into pages, where a group begins if one does near the end of a page."""
    parts, begin = [], 0
    while len(starts) - begin > ROWS_A_PAGE:
        end = begin + ROWS_A_PAGE
        end = next((i for i in range(end, begin + ROWS_A_PAGE // 2, -1) if starts[i]), end)
        parts.append(range(begin, end))
        begin = end
    return [*parts, range(begin, len(starts))]


def _environment(table: ReportTable, part: range, last: bool) -> str:
    columns, starts = table.columns, group_starts(table)
    first = part.start == 0
    caption = (
        rf"\caption{{{latex(table.title)}{'' if first else ' (continued)'}. {latex(table.caption) if first else ''}}}"
    )
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\small",
        caption,
        *([rf"\label{{tab:{table.name}}}"] if first else []),
        # Shrunk only where it is wider than the page.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        r"\begin{tabular}{@{}" + "".join("r" if column.numeric else "l" for column in columns) + r"@{}}",
        r"\toprule",
        " & ".join(latex(column.heading) for column in columns) + r" \\",
        r"\midrule",
    ]
    for i in part:
        start = starts[i] or i == part.start
        if start and i > part.start:
            lines.append(r"\addlinespace")
        cells = [
            "" if column.group and not start else _cell(table, column, cell)
            for column, cell in zip(columns, table.rows[i], strict=True)
        ]
        hashes = ", ".join(dict.fromkeys(cell.runs for cell in table.rows[i] if cell.runs))
        lines.append(" & ".join(cells) + rf" \\ % runs {hashes}")
    lines += [r"\bottomrule", r"\end{tabular}}"]
    if last and (notes := table.all_notes):
        sentences = [f"$^{{{escaped_sign(sign)}}}$ {latex(text)}" if sign else latex(text) for sign, text in notes]
        lines += [r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize", r"\\".join(sentences), r"\end{minipage}"]
    return "\n".join([*lines, r"\end{table}", ""])


def escaped_sign(sign: str) -> str:
    """Return a mark for use in an exponent."""
    return {"†": r"\dagger", "‡": r"\ddagger", "≈": r"\approx", "*": "*"}.get(sign, rf"\mathrm{{{latex(sign)}}}")


def _cell(table: ReportTable, column: TableColumn, cell: TableCell) -> str:
    text = latex(value_text(column, cell))
    text = rf"\textbf{{{text}}}" if cell.best else text
    signs = [escaped_sign(cell.mark)] if cell.mark else []
    signs += [escaped_sign(letter) for letter in letter_of(table, cell).split(",") if letter]
    exponent = f"$^{{{','.join(signs)}}}$" if signs else ""
    interval = interval_text(column, cell)
    # Braces keep the bracket from being read as the argument of a preceding row end.
    return text + exponent + (rf" {{\footnotesize {latex(interval)}}}" if interval else "")
