"""What a report of a study consists of, before it is written in any format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.checklist import Item, checklist
from reports.comparison import compare
from reports.evaluation import evaluate
from reports.figures.anytime import anytime
from reports.figures.figure import Figure
from reports.methods import methods, settings_of
from reports.results import Results
from reports.summary import summary
from reports.tables.comparison import comparison_table
from reports.tables.table import ReportTable


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
        study: the study as TOML.
        environment: rows of (what, value).
        checklist: the NAS best practice checklist.
        runs: hash, data set, optimizer and files of the runs behind the numbers.
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


def build_report(results: Results) -> Report:
    """Compute everything that a report says; the same results give the same report."""
    rng = np.random.default_rng([results.study.seed, 1])
    evaluations = tuple(evaluate(results))
    comparisons = {e.benchmark: compare(e, rng) for e in evaluations}
    objective = results.study.objectives[0]
    return Report(
        title=results.study.name,
        description=results.study.description,
        summary=summary(results, evaluations, comparisons),
        tables=(comparison_table(evaluations, comparisons, objective),),
        figures=(anytime(evaluations, "queries"), anytime(evaluations, "train_seconds")),
        methods=methods(results, evaluations),
        settings=settings_of(results),
        study=results.study.to_toml(),
        environment=_environment(results.environment),
        checklist=checklist(results),
        runs=_runs(results),
    )


def _environment(environment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
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
            " ".join(path.relative_to(folder).as_posix() for path in results.files((benchmark, label))),
        )
        for benchmark in results.study.benchmarks
        for label in results.labels
    )
