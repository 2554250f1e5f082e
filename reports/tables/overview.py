"""The table of a paper: a row per optimizer and a column per data set, mean and standard deviation of the score or of the hypervolume."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nasbench.reports.analysis.comparison import Comparison, OptimizerSummary, digits_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.statistics.result import Undefined, if_defined
from nasbench.reports.tables.comparison import MARKS, meanings
from nasbench.reports.tables.table import MINUS, OPTIMIZER, ReportTable, TableCell, TableColumn

MOST = 10
"""Data sets that fit beside each other."""

Text = Callable[[BenchmarkEvaluation, float], str]
"""How the mean of a comparison is shown."""


def overview_table(
    evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison], objective: str
) -> ReportTable | None:
    """Build the table of final scores, or None for more than `MOST` data sets; arguments as in `comparison_table`."""
    if len(evaluations) > MOST:
        return None
    digits = {e.short: digits_for(s.mean for s in comparisons[e.benchmark].standings.values()) for e in evaluations}

    def text(evaluation: BenchmarkEvaluation, score: float) -> str:
        return f"{evaluation.view(score):.{digits[evaluation.short]}f}".replace("-", MINUS)

    optimum = (TableCell(text(e, e.optimum), runs=e.checksum) for e in evaluations)
    return ReportTable(
        name="overview",
        title="Overview",
        caption=(
            f"{objective.capitalize()} of the final incumbent, mean ± standard deviation over runs, {evaluations[0].view.better}. "
            "The best mean of each data set is in bold."
        ),
        columns=_columns(evaluations, [e.unit for e in evaluations]),
        rows=(*_rows(evaluations, comparisons, digits, text), (TableCell(best_architecture(evaluations)), *optimum)),
        marks=meanings(evaluations[0].alpha),
    )


def hypervolume_overview_table(
    evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison]
) -> ReportTable | None:
    """Build the table of the hypervolume of final fronts, or None for more than `MOST` data sets.

    Args:
        evaluations: one a benchmark, with several objectives.
        comparisons: by benchmark, of the share in percent of the hypervolume that a run's front lacks.
    """
    if len(evaluations) > MOST:
        return None
    digits = digits_for((s.mean for e in evaluations for s in comparisons[e.benchmark].standings.values()), least=1)
    same = {evaluation.short: digits for evaluation in evaluations}
    return ReportTable(
        name="hypervolume-overview",
        title="Hypervolume of the final front",
        caption=(
            f"Hypervolume of the front that a run returns, valued by {searched_on([e.scoring for e in evaluations])}, as a share of the "
            f"{evaluations[0].front_name}'s, mean ± standard deviation over runs, higher is better. The best mean of each data set is in bold."
        ),
        columns=_columns(evaluations, ["%"] * len(evaluations)),
        rows=_rows(evaluations, comparisons, same, lambda _, lacking: f"{100.0 - lacking:.{digits}f}"),
        marks=meanings(evaluations[0].alpha),
    )


def _columns(evaluations: Sequence[BenchmarkEvaluation], units: Sequence[str]) -> tuple[TableColumn, ...]:
    named = zip(evaluations, units, strict=True)
    return (OPTIMIZER, *(TableColumn(key=e.short, heading=f"{e.short} ({unit})", kind="text") for e, unit in named))


def _rows(
    evaluations: Sequence[BenchmarkEvaluation],
    comparisons: Mapping[str, Comparison],
    digits: Mapping[str, int],
    text: Text,
) -> tuple[tuple[TableCell, ...], ...]:
    def cell(evaluation: BenchmarkEvaluation, standing: OptimizerSummary) -> TableCell:
        spread = "" if isinstance(standing.sd, Undefined) else f" ± {standing.sd:.{digits[evaluation.short]}f}"
        shown = if_defined(standing.mean.value, lambda mean: text(evaluation, mean) + spread)
        return TableCell(shown, mark=MARKS[standing.verdict], best=standing.best, runs=standing.runs)

    return tuple(
        (TableCell(label), *(cell(e, comparisons[e.benchmark].standings[label]) for e in evaluations))
        for label in evaluations[0].outcomes
    )
