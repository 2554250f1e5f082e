"""Make a report and what goes with it: exports of the runs, and all runs as one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nasbench.reports.analysis.results import Results
from nasbench.reports.exports.catalogue import check_exports, export_runs
from nasbench.reports.page.options import DEFAULTS, ReportOptions
from nasbench.reports.page.report import Report, build_report
from nasbench.reports.page.writer import ReportFiles, write_report

STEPS, BUILT = 100, 30
"""Of the progress, and how many of them are done when the figures are still to be drawn."""


def make_report(
    results: Results,
    folder: Path,
    *,
    reference: str | None = None,
    include_json: Sequence[Path] = (),
    export: Sequence[str] = (),
    tidy: Path | None = None,
    options: ReportOptions = DEFAULTS,
    progress: Callable[[float, int], None] = lambda done, total: None,
) -> tuple[Report, ReportFiles]:
    """Return the report of results and its files, written into a folder.

    Args:
        results: what it is about.
        folder: made if it is not there.
        reference: label of the baseline method for all comparisons; the first if None.
        include_json: files of judgements, shown as tables.
        export: formats in which the runs are written too, each into a folder of its name.
        tidy: a Parquet file of all runs to write too.
        options: names, figures, error rate and processes.
        progress: called with the steps done and their number.

    Raises:
        NasbenchError: if a format or label is unknown, or a file cannot be written.
    """
    check_exports(export)
    progress(0, STEPS)
    for name in export:
        export_runs(results, name, folder / name)
    if tidy is not None:
        results.to_parquet(tidy)

    def advance(share: float) -> None:
        progress(BUILT * share, STEPS)

    def draw(share: float) -> None:
        progress(BUILT + (STEPS - BUILT) * share, STEPS)

    built = build_report(results, reference, include_json, options=options, progress=advance)
    draw(0.0)
    written = write_report(built, folder, options, progress=draw)
    progress(STEPS, STEPS)
    return built, written
