"""The table of a paper: mean and standard deviation of the final score, a row an optimizer and a column a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.reports.analysis.comparison import Comparison, OptimizerSummary, digits_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture
from nasbench.reports.statistics.result import Undefined, if_defined
from nasbench.reports.tables.comparison import MARKS, MEANINGS
from nasbench.reports.tables.table import MINUS, OPTIMIZER, ReportTable, TableCell, TableColumn

MOST = 10
"""Data sets that fit beside each other."""


def overview_table(
    evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison], objective: str
) -> ReportTable | None:
    """Build the table, or None for more than `MOST` data sets; arguments as in `nasbench.reports.tables.comparison.comparison_table`."""
    if len(evaluations) > MOST:
        return None
    standings = {e.short: comparisons[e.benchmark].standings for e in evaluations}
    digits = {name: digits_for(s.mean for s in own.values()) for name, own in standings.items()}
    rows = tuple(
        (TableCell(label), *(_cell(e, standings[e.short][label], digits[e.short]) for e in evaluations))
        for label in evaluations[0].outcomes
    )
    optimum = (TableCell(_number(e.view(e.optimum), digits[e.short]), runs=e.checksum) for e in evaluations)
    return ReportTable(
        name="overview",
        title="Overview",
        caption=(
            f"{objective.capitalize()} of the final incumbent, mean ± standard deviation over runs, {evaluations[0].view.better}. "
            "The best mean of each data set is in bold."
        ),
        columns=(
            OPTIMIZER,
            *(TableColumn(key=e.short, heading=f"{e.short} ({e.unit})", kind="text") for e in evaluations),
        ),
        rows=(*rows, (TableCell(best_architecture(evaluations)), *optimum)),
        marks=MEANINGS,
    )


def _cell(evaluation: BenchmarkEvaluation, standing: OptimizerSummary, digits: int) -> TableCell:
    spread = "" if isinstance(standing.sd, Undefined) else f" ± {standing.sd:.{digits}f}"
    text = if_defined(standing.mean.value, lambda mean: _number(evaluation.view(mean), digits) + spread)
    return TableCell(text, mark=MARKS[standing.verdict], best=standing.best, runs=standing.runs)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", MINUS)
