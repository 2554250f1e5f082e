"""What a run cost, in every account, and how much of the space it saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, OptimizerResult
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn

UNTIMED = Undefined("no training times are recorded")
UNKNOWN = Undefined("a table of runs does not say")


def cost_table(evaluations: Sequence[BenchmarkEvaluation]) -> ReportTable:
    """Build the table of the accounts."""
    clocked = any("wall_seconds" in evaluation.accounts for evaluation in evaluations)
    clock = (TableColumn(key="wall_hours", heading="simulated wall-clock hours", digits=1),) if clocked else ()
    columns = (
        DATA_SET,
        OPTIMIZER,
        TableColumn(key="queries", heading="queries", kind="count"),
        TableColumn(key="unique_queries", heading="unique", kind="count"),
        TableColumn(key="unique_isomorphic_queries", heading="unique up to isomorphism", kind="count"),
        TableColumn(key="epochs", heading="epochs", kind="count"),
        TableColumn(key="train_hours", heading="simulated hours of training", digits=1),
        *clock,
        TableColumn(key="optimizer_seconds", heading="optimizer overhead (s)", digits=4),
    )
    rows = []
    for evaluation in evaluations:
        for label, outcome in evaluation.outcomes.items():
            cells = (TableCell(value, runs=outcome.digest) for value in _means(evaluation, outcome, clocked))
            rows.append((TableCell(evaluation.short), TableCell(label), *cells))
    return ReportTable(
        name="cost",
        title="Cost per run",
        caption="Mean cost per run under each cost measure.",
        columns=columns,
        rows=tuple(rows),
        notes=() if evaluations[0].recorded else (
            "Simulated hours are what the benchmark records for the trainings that were charged. Optimizer overhead: computing time of the optimizer itself, "
            "measured where the study ran and divided evenly among runs that advance in lockstep.",
        ),
    )  # fmt: skip


def _means(evaluation: BenchmarkEvaluation, outcome: OptimizerResult, clocked: bool) -> list[float | Undefined]:
    """Return the mean of each account over runs, in the order of the columns; undefined what is not recorded."""
    means = {account: float(np.mean(spent)) for account, spent in outcome.spent.items()}
    hours = means["train_seconds"] / 3600.0 if "train_seconds" in evaluation.accounts else UNTIMED
    clock = [means["wall_seconds"] / 3600.0] if clocked else []
    queries = [means["queries"], means["unique_queries"]]
    if evaluation.recorded:
        return [*queries, UNKNOWN, UNKNOWN, hours, *clock, UNKNOWN]
    return [*queries, means["unique_isomorphic_queries"], means["epochs"], hours, *clock, outcome.optimizer_seconds]
