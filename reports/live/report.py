"""The report of a live study, in the same form as that of a study of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nasbench.reports.live.checklist import checklist
from nasbench.reports.live.figures import score_against_seconds, search_curves, skips
from nasbench.reports.live.results import LiveResults
from nasbench.reports.live.tables import cost_table, overview_table, pairs_table, score_table, skipped_table
from nasbench.reports.live.words import methods, settings, summary
from nasbench.reports.page.report import Report, environment_rows
from nasbench.reports.tables.included_results import read_judgements


def build_live_report(results: LiveResults, judgements: Sequence[Path] = ()) -> Report:
    """Compute everything that the report of a live study says; the same results give the same report.

    Args:
        results: the study.
        judgements: files that `nasbench verify`, `hypotheses` or `reproduce` printed with `--json`, to be shown as tables.

    Raises:
        NasbenchError: if a file of judgements is none.
    """
    rng = np.random.default_rng([*results.seeds, 1])
    tables = (
        overview_table(results),
        score_table(results, rng),
        pairs_table(results, rng),
        cost_table(results),
        skipped_table(list(results.skipped.items())),
        *(table for path in judgements for table in read_judgements(path)),
    )
    return Report(
        title=results.study.name,
        description=results.study.description,
        summary=summary(results),
        tables=tuple(table for table in tables if table is not None),
        figures=(search_curves(results), score_against_seconds(results), skips(results)),
        methods=methods(results),
        settings=settings(results),
        study=results.study.to_toml(),
        environment=environment_rows(results.store.environment),
        checklist=checklist(results),
        runs=_runs(results),
    )


def _runs(results: LiveResults) -> tuple[tuple[str, str, str, str], ...]:
    folder = results.store.folder
    return tuple(
        (
            runs.digest,
            runs.task,
            runs.label,
            " ".join(path.relative_to(folder).as_posix() for path in results.files(runs.task, runs.label)),
        )
        for task in results.tasks
        for runs in results.of_task(task)
    )
