"""`nasbench report`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer


def report(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR|FILE...",
            help="results folder written by `nasbench run`; or tables of runs to compare, FILE.csv or FILE.parquet, one row per query, with the columns "
            "method, run, query (within a run, from 0 or 1) and value, and optionally problem, architecture and charged_seconds; "
            "or files or folders of another library (nasbench list converters)",
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="output folder; default: DIR/report or FILE-report")] = None,
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
    objective: Annotated[str, typer.Option(help="FILE: column of what was optimised; default: value")] = "",
    unit: Annotated[str, typer.Option(help="FILE: unit of that column, such as %; default: arbitrary units")] = "",
    direction: Annotated[str, typer.Option(help="FILE: min or max, which values are better; default: min")] = "",
    benchmark: Annotated[
        str, typer.Option(help="FILE: benchmark to score its architectures by; default: their mean recorded value")
    ] = "",
    figures: Annotated[
        str | None,
        typer.Option(
            help="files of figures: all (SVG, PDF and PNG; the default), png, pdf, svg, or none, which is quickest"
        ),
    ] = None,
    style: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with tables `names` (how optimizers and problems are called) and `figures` (formats; font, sans or serif; width in inches; "
            "show, the names of those wanted; compact)"
        ),
    ] = None,
    compact: Annotated[
        bool, typer.Option("--compact", help="Write main.tex too: the main result in LaTeX, for the text of a paper.")
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(help="FILE: what a column is called there, such as method=tuner or run=seed (repeatable)"),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="processes; default: 1")] = None,
    alpha: Annotated[
        float | None, typer.Option(help="error rate of tests, and of confidence intervals one by one; default: 0.05")
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            help="FILE: what wrote it, a format of `nasbench list converters`, or `table`; recognised if not given"
        ),
    ] = "",
    export: Annotated[
        list[str] | None,
        typer.Option(
            help="write the runs in this format too, into a folder of its name: ioh (IOHanalyzer) or coco (repeatable)"
        ),
    ] = None,
    tidy: Annotated[Path | None, typer.Option(help="write all runs as one Parquet file too, a row per query")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a report of a results folder, a table of runs or the logs of another library as HTML, Markdown and LaTeX, with its tables and figures."""
    from nasbench.api.reporting import load_results, read_traces
    from nasbench.cli.console import print_json
    from nasbench.cli.progress import progress_bar
    from nasbench.errors import NasbenchError
    from nasbench.reports.exports.catalogue import check_exports
    from nasbench.reports.page.make import make_report
    from nasbench.reports.page.options import choose_options

    check_exports(export or ())
    options = choose_options(style, figures=figures, compact=compact, alpha=alpha, jobs=jobs)
    with progress_bar("report") as progress:
        source = sources[0]
        if not format and is_results_folder(sources):
            if len(sources) > 1:
                raise NasbenchError(
                    "A results folder is reported by itself; compare tables of runs, or add methods to its study."
                )
            if objective or unit or direction or benchmark or column:
                raise NasbenchError(
                    f"{source} is a results folder, which says its objective and benchmark itself; leave them out."
                )
            results = load_results(source)
        else:
            results = read_traces(
                sources,
                objective=objective,
                unit=unit,
                direction=direction,
                benchmark=benchmark,
                columns=_columns(column or ()),
                format=format,
            )
        folder = out or (source / "report" if source.is_dir() else source.with_name(f"{source.stem}-report"))
        if tidy is not None and any(tidy.resolve() == one.resolve() for one in (*sources, *(include_json or ()))):
            raise NasbenchError(f"--tidy {tidy} would overwrite what is reported; name another file.")
        built, written = make_report(
            results,
            folder,
            reference=reference,
            include_json=include_json or (),
            export=export or (),
            tidy=tidy,
            options=options,
            progress=progress,
        )
    if json:
        rows = [
            {"study": built.title, "page": str(written.page), "tables": len(built.tables), "figures": len(built.figures),
             "files": len(written.files), "summary": " ".join(built.summary)}
        ]  # fmt: skip
        print_json("report", reports=rows)
        return
    print(written.page)


def is_results_folder(sources: Sequence[Path]) -> bool:
    """Return whether one of the sources is a results folder of the suite, or what is no file and no folder of another library."""
    from nasbench.reports.converters.catalogue import find_converter

    folders = [one for one in sources if one.is_dir() or not one.suffix]
    return any((one / "study.toml").exists() or not one.exists() or find_converter(one) is None for one in folders)


def _columns(given: Iterable[str]) -> dict[str, str]:
    """Return `--column NAME=OWN` options as a mapping."""
    from nasbench.errors import NasbenchError

    pairs = [text.partition("=") for text in given]
    wrong = next(("".join(pair) for pair in pairs if not pair[0] or not pair[2]), None)
    if wrong is not None:
        raise NasbenchError(f"--column {wrong} is not NAME=COLUMN; write for instance --column method=tuner.")
    return {name: column for name, _, column in pairs}
