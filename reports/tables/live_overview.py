"""Live tasks at a glance: a row for each task, and the tasks that were not run."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.reports.analysis.live_tasks import TRIVIAL, LiveRuns, LiveTasks
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn
from nasbench.reports.wording import pluralize
from nasbench.ties import lowest

UNITS = {"error": "error (%)", "mse": "squared error"}
NOT_THERE = Undefined("the study has no such reference model on this task")


def live_overview_table(live: LiveTasks) -> ReportTable:
    """Return the table with a row for each task: trivial baseline, best reference model, mean of every method."""
    columns = (
        TableColumn(key="task", heading="task", kind="text"),
        TableColumn(key="metric", heading="test score", kind="text"),
        TableColumn(key="trivial", heading="trivial baseline", kind="general", digits=3),
        TableColumn(key="reference", heading="best reference model", kind="text"),
        TableColumn(key="reference_score", heading="its score", kind="general", digits=3),
        *(TableColumn(key=f"mean_{label}", heading=label, kind="general", digits=3) for label in live.labels),
    )
    return ReportTable(
        name="tasks",
        title="Overview of live tasks",
        caption=(
            f"Mean test score over {pluralize(len(live.seeds), 'seed')}, lower is better: the classification error in %, or the mean "
            "squared error of values standardised by the training split. The best method of each task is in bold."
        ),
        columns=columns,
        rows=tuple(_overview_row(live, task) for task in live.tasks),
        notes=("Seeds are not data sets: each row describes a single data set.",),
    )


def _overview_row(live: LiveTasks, task: str) -> tuple[TableCell, ...]:
    searched = [live.runs(task, label) for label in live.labels]
    references = [live.runs(task, name) for name in live.references(task)]
    means = [float(runs.scores.mean()) for runs in searched]
    trivial = [runs for runs in references if runs.label in TRIVIAL]
    reference = min(references, key=lambda runs: float(runs.scores.mean()), default=None)
    return (
        TableCell(task),
        TableCell(UNITS[searched[0].metric]),
        _mean_cell(trivial[0]) if trivial else TableCell(NOT_THERE),
        TableCell(reference.label) if reference else TableCell(NOT_THERE),
        _mean_cell(reference) if reference else TableCell(NOT_THERE),
        *(
            TableCell(value, best=bool(best), runs=runs.digest)
            for value, best, runs in zip(means, lowest(means), searched, strict=True)
        ),
    )


def _mean_cell(runs: LiveRuns) -> TableCell:
    return TableCell(float(runs.scores.mean()), runs=runs.digest)


def skipped_table(skipped: Sequence[tuple[str, str]]) -> ReportTable | None:
    """Return the table of tasks that were not run; None where all were."""
    if not skipped:
        return None
    columns = (
        TableColumn(key="task", heading="task", kind="text"),
        TableColumn(key="reason", heading="reason", kind="text"),
    )
    return ReportTable(
        name="skipped",
        title="Tasks that were not run",
        caption="Tasks of the study whose data were not available; run the study again once they are.",
        columns=columns,
        rows=tuple((TableCell(task), TableCell(reason)) for task, reason in skipped),
    )
