"""The main table: final scores of every optimizer on every data set, with tests against the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.reports.analysis.comparison import Comparison, OptimizerSummary, digits_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture, common_unit
from nasbench.reports.analysis.scoring import exposure, scored_by
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name

MARKS = {"best": "", "worse": "*", "not significant": "≈", "contrary": "†"}
"""Sign of each verdict of `OptimizerSummary`."""


def meanings(alpha: float) -> dict[str, str]:
    """Return what each sign means at an error rate of the tests."""
    at = f"at {alpha:g}, Holm-adjusted over all pairs"
    return {
        "*": f"significantly worse than the best {at}",
        "≈": f"difference from the best not significant {at}, which is not evidence of equality",
        "†": f"significantly better than the best in most pairs of runs {at}; its mean is worse because of a few bad runs",
    }


def comparison_table(
    evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison], objective: str
) -> ReportTable:
    """Build the main table.

    Args:
        evaluations: one a benchmark.
        comparisons: by benchmark.
        objective: name of the first objective.
    """
    unit, scorings = common_unit(evaluations), [e.scoring for e in evaluations]
    digits = digits_for(s.mean for e in evaluations for s in comparisons[e.benchmark].standings.values())
    ci = interval_name(evaluations[0].alpha)
    columns = (
        DATA_SET,
        OPTIMIZER,
        TableColumn(
            key="mean", heading=f"mean {objective}{f' ({unit})' if unit != objective else ''} [{ci}]", digits=digits
        ),
        TableColumn(key="sd", heading="sd", digits=digits),
        TableColumn(key="median", heading="median", digits=digits),
        TableColumn(key="n", heading="n", kind="count"),
        TableColumn(key="optimum", heading="optimum", digits=digits),
        TableColumn(key="p_value", heading="p against best", kind="p_value"),
        TableColumn(key="a12", heading=f"A12 against best [{ci}]"),
    )
    rows = tuple(
        _row(evaluation, label, standing)
        for evaluation in evaluations
        for label, standing in comparisons[evaluation.benchmark].standings.items()
    )
    return ReportTable(
        name="comparison",
        title="Final result",
        caption=(
            f"{objective.capitalize()} of the final incumbent, the architecture that the search returns: "
            f"{scored_by(scorings)}, {evaluations[0].view.better}. The best mean of each data set is in bold; "
            f"optimum: the {best_architecture(evaluations)}."
        ),
        columns=columns,
        rows=rows,
        marks=meanings(evaluations[0].alpha),
        notes=(*_how(evaluations), *exposure(scorings), *_negated(evaluations, objective)),
    )


def _negated(evaluations: Sequence[BenchmarkEvaluation], objective: str) -> tuple[str, ...]:
    names = [e.short for e in evaluations if e.unit == "score" and objective.startswith("error")]
    return (f"Scores of {', '.join(names)} are negated, so that lower is better.",) if names else ()


def _row(evaluation: BenchmarkEvaluation, label: str, standing: OptimizerSummary) -> tuple[TableCell, ...]:
    view = evaluation.view
    return (
        TableCell(evaluation.short),
        TableCell(label),
        estimated(standing.mean.map(view), standing.runs, mark=MARKS[standing.verdict], best=standing.best),
        TableCell(standing.sd, runs=standing.runs),
        TableCell(view(standing.median), runs=standing.runs),
        TableCell(standing.n, runs=standing.runs),
        TableCell(view(evaluation.optimum), runs=evaluation.checksum),
        TableCell(standing.p_value, runs=standing.compared),
        estimated(standing.effect, standing.compared),
    )


def _how(evaluations: Sequence[BenchmarkEvaluation]) -> tuple[str, ...]:
    if all(len(evaluation.outcomes) == 1 for evaluation in evaluations):
        return ("Confidence intervals of means: bootstrap-t over runs.",)
    seeded = not evaluations[0].recorded and any(e.scoring.kind == "table" for e in evaluations)
    shared = " (run i of every optimizer uses the same training seeds)" if seeded else ""
    return (
        f"Confidence intervals: each by itself; of means bootstrap-t over runs. p: Wilcoxon signed-rank test, paired by run{shared}, "
        "Holm-adjusted over all pairs of optimizers on the data set, because the best is selected after the fact. "
        "A12: probability that a run of this optimizer scores worse than one of the best, ties counting half (Newcombe's interval).",
    )
