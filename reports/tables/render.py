"""Write a table in every format."""

from __future__ import annotations

from pathlib import Path

from nasbench.reports.tables.table import ReportTable
from nasbench.reports.tables.to_csv import to_csv
from nasbench.reports.tables.to_html import to_html
from nasbench.reports.tables.to_latex import to_latex
from nasbench.reports.tables.to_markdown import to_markdown

FORMATS = {"md": to_markdown, "tex": to_latex, "html": to_html, "csv": to_csv}


def write_table_files(table: ReportTable, folder: Path) -> list[Path]:
    """Write `NAME.md`, `.tex`, `.html` and `.csv` into an existing folder; return the paths."""
    paths = [folder / f"{table.name}.{ending}" for ending in FORMATS]
    for path, render in zip(paths, FORMATS.values(), strict=True):
        path.write_text(render(table), encoding="utf-8")
    return paths
