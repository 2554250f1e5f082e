"""The table of a paper with several objectives: hypervolume of the final front, a row an optimizer and a column a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.reports.analysis.comparison import Comparison, OptimizerSummary, digits_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.statistics.result import Undefined, if_defined
from nasbench.reports.tables.comparison import MARKS, MEANINGS
from nasbench.reports.tables.overview import MOST
from nasbench.reports.tables.table import OPTIMIZER, ReportTable, TableCell, TableColumn


def hypervolume_overview_table(
    evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison]
) -> ReportTable | None:
    """Build the table, or None for more than `MOST` data sets.

    Args:
        evaluations: one a benchmark, with several objectives.
        comparisons: by benchmark, of the share in percent of the hypervolume that a run's front lacks.
    """
    if len(evaluations) > MOST:
        return None
    digits = digits_for((s.mean for e in evaluations for s in comparisons[e.benchmark].standings.values()), least=1)
    rows = tuple(
        (TableCell(label), *(_cell(comparisons[e.benchmark].standings[label], digits) for e in evaluations))
        for label in evaluations[0].outcomes
    )
    return ReportTable(
        name="hypervolume-overview",
        title="Hypervolume of the final front",
        caption=(
            f"Hypervolume of the front that a run returns, valued by {searched_on([e.scoring for e in evaluations])}, as a share of the "
            f"{evaluations[0].front_name}'s, mean ± standard deviation over runs, higher is better. The best mean of each data set is in bold."
        ),
        columns=(OPTIMIZER, *(TableColumn(key=e.short, heading=f"{e.short} (%)", kind="text") for e in evaluations)),
        rows=rows,
        marks=MEANINGS,
    )


def _cell(standing: OptimizerSummary, digits: int) -> TableCell:
    spread = "" if isinstance(standing.sd, Undefined) else f" ± {standing.sd:.{digits}f}"
    text = if_defined(standing.mean.value, lambda lacking: f"{100.0 - lacking:.{digits}f}{spread}")
    return TableCell(text, mark=MARKS[standing.verdict], best=standing.best, runs=standing.runs)
