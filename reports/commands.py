"""`nasbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="results folder that `nasbench run` wrote")],
    out: Annotated[Path | None, typer.Option(help="where to write; default DIR/report")] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="label that times to targets are compared with; default the study's first optimizer"),
    ] = None,
    include: Annotated[
        list[Path] | None, typer.Option(help="JSON that verify, claims or reproduce printed, to be shown as a table")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn a results folder into an HTML page, Markdown, LaTeX, tables and figures."""
    from nasbench.console import print_json, progress_bar
    from reports.page import write_report
    from reports.report import build_report
    from reports.results import Results

    with progress_bar("report") as progress:
        progress(0, 2)
        built = build_report(Results.open(folder), reference, include or ())
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
