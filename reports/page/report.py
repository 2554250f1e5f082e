"""What a report of a study consists of, before it is written in any format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.figure import Figure
from nasbench.reports.page.checklist import Item, checklist
from nasbench.reports.page.methods import settings_of
from nasbench.reports.page.parts import ReportPart, report_benchmarks, report_live_tasks
from nasbench.reports.tables.included_results import read_judgements
from nasbench.reports.tables.table import ReportTable


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: name of the study.
        description: what the study is for.
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
    def sections(self) -> tuple[tuple[str, Sequence[ReportTable], Sequence[Figure]], ...]:
        """Heading, tables and figures of each section of results: the main result first, then all else."""
        parts: tuple[tuple[str, Sequence[ReportTable], Sequence[Figure]], ...] = (
            ("Main result", self.tables[:1], self.figures[:1]),
            ("Tables", self.tables[1:], ()),
            ("Figures", (), self.figures[1:]),
        )
        return tuple(part for part in parts if part[1] or part[2])


def build_report(
    results: Results, reference: str | None = None, judgements: Sequence[Path] = (), *, figures: bool = True
) -> Report:
    """Return everything that a report says; the same results give the same report.

    Args:
        results: the study, on benchmarks, live tasks, or both.
        reference: label of the baseline method that times to target are compared with; the study's first if None.
        judgements: files that `nasbench verify`, `hypotheses` or `reproduce` printed with `--json`, to be shown as tables.
        figures: whether figures are drawn, which takes most of the time.

    Raises:
        NasbenchError: if the reference is no label of the study or has no times to be compared with, or a file of judgements is none.
    """
    if reference is not None and reference not in results.labels:
        raise unknown_name("optimizer in this study", reference, results.labels)
    if reference is not None and not results.benchmarks:
        raise NasbenchError("A report of live tasks has no times to targets; leave --reference out.")
    judged = [table for path in judgements for table in read_judgements(path)]
    queried = (
        report_benchmarks(results, reference or results.labels[0], figures) if results.benchmarks else ReportPart()
    )
    trained = report_live_tasks(results.live, figures)
    return Report(
        title=results.study.name,
        description=results.study.description,
        summary=(*queried.summary, *trained.summary),
        tables=(*queried.tables, *trained.tables, *judged),
        figures=(*queried.figures, *trained.figures),
        methods=(*queried.methods, *trained.methods),
        settings=settings_of(results),
        study="" if results.recorded else results.study.to_toml(),
        environment=() if results.recorded else environment_rows(results.environment),
        checklist=checklist(results, queried.scorings),
        runs=(*_runs(results), *_live_runs(results.live)),
        **({"hashed": "the runs as they were read"} if results.recorded else {}),
    )


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
