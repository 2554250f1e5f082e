"""Relative improvement over random sampling (Yang, Esperanca and Carlucci, "NAS evaluation is frustratingly hard", ICLR 2020).

RI = 100 (Acc_m - Acc_r) / Acc_r, where Acc_m is the accuracy of a method and Acc_r that of the average architecture of the space, which is not
that of random search. On a table the average is known exactly, so the only uncertainty is that of the method's runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name
from nasbench.spaces.space import Floats

SEED = 2020


def relative_improvement(errors: Floats, average: float) -> Floats:
    """Return the relative improvement (%) of errors (%), of any shape, over an average error (%) below 100."""
    return 100.0 * (average - errors) / (100.0 - average)


def relative_improvement_table(evaluations: Sequence[BenchmarkEvaluation]) -> ReportTable | None:
    """Build the table, or None where scores are no percentages or the average architecture is not known."""
    measured = [
        e for e in evaluations if e.unit == "%" and np.isfinite(e.average) and e.average < 100.0 and not e.recorded
    ]
    if len(measured) < len(evaluations):
        return None
    ci = interval_name(evaluations[0].alpha)
    columns = (
        DATA_SET,
        OPTIMIZER,
        TableColumn(key="accuracy", heading="accuracy (%)", digits=2),
        TableColumn(key="average", heading="average architecture (%)", digits=2),
        TableColumn(key="improvement", heading=f"relative improvement (%) [{ci}]", digits=2),
        TableColumn(key="n", heading="n", kind="count"),
    )
    rng = np.random.default_rng(SEED)
    return ReportTable(
        name="relative-improvement",
        title="Relative improvement over the average architecture",
        caption=(
            "100 (Acc - Acc_r) / Acc_r, where Acc is the accuracy of the final incumbent and Acc_r that of the average architecture of the space "
            "(Yang et al. 2020)."
        ),
        columns=columns,
        rows=tuple(row for evaluation in evaluations for row in _rows(evaluation, rng)),
    )


def _rows(evaluation: BenchmarkEvaluation, rng: np.random.Generator) -> list[tuple[TableCell, ...]]:
    return [
        (
            TableCell(evaluation.short),
            TableCell(label),
            TableCell(100.0 - float(outcome.score.mean()), runs=outcome.digest),
            TableCell(100.0 - evaluation.average, runs=evaluation.checksum),
            estimated(
                studentised_mean(relative_improvement(outcome.score, evaluation.average), rng, level=evaluation.level),
                outcome.digest,
            ),
            TableCell(len(outcome.score), runs=outcome.digest),
        )
        for label, outcome in evaluation.outcomes.items()
    ]
