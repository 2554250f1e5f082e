"""`nasbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="results folder written by `nasbench run`")],
    out: Annotated[Path | None, typer.Option(help="output folder; default: DIR/report")] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="baseline method (label) for all comparisons; default: the first method of the study"),
    ] = None,
    include_json: Annotated[
        list[Path] | None,
        typer.Option(
            help="output of verify, hypotheses or reproduce --json, added to the report as a table (repeatable)"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a report of a results folder as HTML, Markdown and LaTeX, with its tables and figures."""
    from nasbench.cli.console import print_json
    from nasbench.cli.progress import progress_bar
    from nasbench.reports.analysis.results import Results
    from nasbench.reports.page.report import build_report
    from nasbench.reports.page.writer import write_report

    with progress_bar("report") as progress:
        progress(0, 2)
        built = build_report(Results.open(folder), reference, include_json or ())
        progress(1, 2)
        written = write_report(built, out or folder / "report")
        progress(2, 2)
    if json:
        rows = [
            {"study": built.title, "page": str(written.page), "tables": len(built.tables), "figures": len(built.figures),
             "files": len(written.files), "summary": " ".join(built.summary)}
        ]  # fmt: skip
        print_json("report", reports=rows)
        return
    print(written.page)
