"""Load results from a folder or a file, and write reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from nasbench.reports.analysis.results import Results


def load_results(folder: str | Path) -> Results:
    """Return the results of a finished study.

    Raises:
        NasbenchError: if it is not a results folder, part of the study is missing, or a file is damaged.

    Example:
        >>> import tempfile
        >>> from nasbench.api.search import search
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = search("random_search", "onemax/6x2", budget=5, out=folder)
        ...     load_results(folder).labels
        ('random_search',)
    """
    from nasbench.reports.analysis.results import Results

    return Results.open(Path(folder))


def read_traces(
    source: str | Path | pd.DataFrame | Sequence[str | Path | pd.DataFrame],
    *,
    objective: str = "",
    unit: str = "",
    direction: str = "",
    benchmark: str = "",
    columns: Mapping[str, str] | None = None,
    format: str = "",
) -> Results:
    """Return results from a table of runs of any origin, a CSV or Parquet file or a DataFrame, or from several that are compared.

    Files and folders that Optuna, IOHexperimenter, Syne Tune, CARP-S, NASLib or naszilla wrote are read as well.

    Reports of the results state which unit and direction were given and which were assumed.

    Args:
        source: one row per query, with the columns `method`, `run`, `query` (from 0 or 1 within the run) and the objective; the
            columns `problem`, `architecture` and `charged_seconds` are optional, as are `worker` (number of the machine) and `wall_seconds`
            (the clock when the result came back, by which queries are ordered) of runs on several machines. Where one of these is
            not there, a column `algorithm`, `dataset`, `seed`, `evaluation`, `configuration` or `cost` stands for it. Of several tables, a
            method that more than one has is named with its table.
        objective: the column that was optimised, which also names the objective in reports; default `value`.
        unit: the unit of the objective, such as "%"; default arbitrary units.
        direction: "min" or "max"; default "min".
        benchmark: the benchmark of the suite on which the runs were made. It defines the objective (`value` stands for its
            error), the unit and the direction, and scores the column `architecture` by its test split. Without it, the score
            of an architecture is the mean of its recorded values, and regret is relative to the best of these.
        columns: what columns are called in the table, such as `{"method": "tuner"}`.
        format: what wrote the files, by a name of `nasbench list converters`, or "table"; recognised by default.

    Raises:
        NasbenchError: if a column is missing, a value is not finite, or the methods have different numbers of runs.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"method": ["a", "a", "b", "b"], "run": 0, "query": [0, 1, 0, 1], "value": [3, 2, 4, 1]})
        >>> read_traces(frame).to_pandas()["regret"].tolist()
        [2.0, 1.0, 3.0, 0.0]
    """
    from nasbench.reports.analysis.recorded import read_recorded

    return read_recorded(source, objective, unit, direction, benchmark, columns, format)


def report(
    results: Results,
    out: str | Path,
    *,
    reference: str | None = None,
    include_json: Sequence[str | Path] = (),
    figures: str | None = None,
    style: str | Path | None = None,
    compact: bool = False,
    jobs: int | None = None,
    alpha: float | None = None,
    export: str | Sequence[str] = (),
    tidy: str | Path | None = None,
) -> Path:
    """Write a report (HTML, Markdown, LaTeX, tables and figures) into a folder; return the path of the page.

    The options are those of the command `nasbench report`, with its defaults.

    Args:
        results: from `search`, `load_results` or `read_traces`.
        out: output folder.
        reference: label of the baseline method for all comparisons; by default the first.
        include_json: files that `verify`, `hypotheses` or `reproduce` printed with `--json`, added as tables.
        figures: files of figures: "all" (SVG, PDF and PNG; the default), "png", "pdf", "svg", or "none", which is quickest.
        style: TOML file with the tables `names` and `figures`, as the command takes it.
        compact: whether to write main.tex too, the main result in LaTeX for the text of a paper.
        jobs: processes; by default 1.
        alpha: error rate of tests, and of confidence intervals one by one; by default 0.05.
        export: formats in which the runs are written too, each into a folder of its name, such as "ioh" or "coco".
        tidy: a Parquet file to which all runs are written too, a row per query.

    Raises:
        NasbenchError: if there is no method of that label or an option is not one, or a file cannot be written.

    Example:
        >>> import tempfile
        >>> from nasbench.api.search import search
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report(search("random_search", "onemax/6x2", budget=5, runs=5), folder).name
        'report.html'
    """
    from nasbench.reports.page.make import make_report
    from nasbench.reports.page.options import choose_options

    _, written = make_report(
        results,
        Path(out),
        reference=reference,
        include_json=tuple(map(Path, include_json)),
        export=(export,) if isinstance(export, str) else export,
        tidy=None if tidy is None else Path(tidy),
        options=choose_options(
            None if style is None else Path(style), figures=figures, compact=compact, alpha=alpha, jobs=jobs
        ),
    )
    return written.page
