"""What a report of a study consists of, before it is written in any format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.figure import Figure
from nasbench.reports.page.checklist import Item, checklist
from nasbench.reports.page.methods import settings_of
from nasbench.reports.page.options import DEFAULTS, ReportOptions
from nasbench.reports.page.parts import ReportPart, report_benchmarks, report_live_tasks
from nasbench.reports.page.sections import Section, arrange
from nasbench.reports.tables.included_results import read_judgements
from nasbench.reports.tables.table import ReportTable


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: name of the study.
        description: what the study is for.
        headline: who wins, by how much, how sure, in one sentence; empty where the study has live tasks alone.
        summary: plain sentences.
        tables: in the order of reading.
        figures: in the order of reading.
        methods: paragraphs.
        settings: by label of the optimizer.
        study: the study as TOML; empty where the suite did not run it.
        environment: rows of (what, value), none where the suite did not run the study.
        checklist: the NAS best practice checklist.
        runs: hash, data set, optimizer and files of the runs behind the numbers.
        hashed: what is hashed.
    """

    title: str
    description: str
    headline: str
    summary: tuple[str, ...]
    tables: tuple[ReportTable, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    settings: Mapping[str, str]
    study: str
    environment: tuple[tuple[str, str], ...]
    checklist: tuple[Item, ...]
    runs: tuple[tuple[str, str, str, str], ...]
    hashed: str = "the trace files in this order (cat FILES | sha256sum)"

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections of results, in the order of reading."""
        return arrange(self.tables, self.figures)


def build_report(
    results: Results,
    reference: str | None = None,
    judgements: Sequence[Path] = (),
    *,
    options: ReportOptions = DEFAULTS,
    progress: Callable[[float], None] = lambda share: None,
) -> Report:
    """Return everything that a report says; the same results give the same report.

    Args:
        results: the study, on benchmarks, live tasks, or both.
        reference: label of the baseline method that times to target are compared with; the study's first if None.
        judgements: files that `nasbench verify`, `hypotheses` or `reproduce` printed with `--json`, to be shown as tables.
        options: names, and which figures are drawn; to draw them takes most of the time.
        progress: called with the share of the benchmarks that are evaluated.

    Raises:
        NasbenchError: if the reference is no label of the study or has no times to be compared with, or a file of judgements is none.
    """
    if reference is not None and reference not in results.labels:
        raise unknown_name("optimizer in this study", reference, results.labels)
    if reference is not None and not results.benchmarks:
        raise NasbenchError("A report of live tasks has no times to targets; leave --reference out.")
    if results.live.tasks and options.alpha != DEFAULTS.alpha:
        raise NasbenchError("Reports of live tasks have tests at 0.05 and intervals of 95%; leave --alpha out.")
    names = options.names.over(results.study.names, results.labels, results.benchmarks)
    names.check(results.labels, results.benchmarks)
    judged = [table for path in judgements for table in read_judgements(path)]
    queried = (
        report_benchmarks(
            results, reference or results.labels[0], names, options.are_drawn, options.alpha, options.jobs, progress
        )
        if results.benchmarks
        else ReportPart()
    )
    live = replace(results.live, names=names)
    trained = report_live_tasks(live, options.are_drawn)
    return Report(
        title=results.study.name,
        description=results.study.description,
        headline=names.in_text(queried.headline or trained.headline),
        summary=tuple(map(names.in_text, (*queried.summary, *trained.summary))),
        tables=(*queried.tables, *trained.tables, *judged),
        figures=_chosen((*queried.figures, *trained.figures), options),
        methods=tuple(map(names.in_text, (*queried.methods, *trained.methods))),
        settings=settings_of(results, names),
        study="" if results.recorded else results.study.to_toml(),
        environment=() if results.recorded else environment_rows(results.environment),
        checklist=checklist(results, queried.scorings),
        runs=(*_runs(results), *_live_runs(live)),
        **({"hashed": "the runs as they were read"} if results.recorded else {}),
    )


def _chosen(figures: Sequence[Figure], options: ReportOptions) -> tuple[Figure, ...]:
    """Return the figures that are wanted, in the font and width that are wanted."""
    names = options.figures if options.are_drawn else ()
    known = [figure.name for figure in figures]
    for name in names:
        if name not in known:
            raise unknown_name("figure in this report", name, known)
    return tuple(figure.styled(options.font, options.width) for figure in figures if not names or figure.name in names)


def environment_rows(environment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the rows of (what, value) from an `environment.json`."""
    rows = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            rows += [(f"{key}: {name}", "not installed" if v is None else str(v)) for name, v in value.items()]
        else:
            rows.append(
                (key, "not recorded" if value is None else value if isinstance(value, str) else json.dumps(value))
            )
    return tuple(rows)


def _runs(results: Results) -> tuple[tuple[str, str, str, str], ...]:
    folder = results.store.folder
    return tuple(
        (
            results.digest((benchmark, label)),
            benchmark,
            label,
            results.recorded.source
            if results.recorded
            else " ".join(path.relative_to(folder).as_posix() for path in results.files((benchmark, label))),
        )
        for benchmark in results.benchmarks
        for label in results.labels
    )


def _live_runs(live: LiveTasks) -> tuple[tuple[str, str, str, str], ...]:
    folder = live.store.folder
    return tuple(
        (
            runs.digest,
            runs.task,
            runs.label,
            " ".join(path.relative_to(folder).as_posix() for path in live.files(runs.task, runs.label)),
        )
        for task in live.tasks
        for runs in live.of_task(task)
    )
