"""Hypervolume at fractions of the budget, each with tests against the best at that fraction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.comparison import compare
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.pareto_fronts import FRACTIONS, FrontTraces
from nasbench.reports.tables.comparison import MARKS, meanings
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name
from nasbench.spaces.space import Floats
from nasbench.ties import tolerance


def hypervolume_over_time_table(evaluations: Sequence[BenchmarkEvaluation], rng: np.random.Generator) -> ReportTable:
    """Build the table; every benchmark must have been evaluated with several objectives."""
    ci = interval_name(evaluations[0].alpha)
    return ReportTable(
        name="hypervolume-over-time",
        title="Hypervolume over the budget",
        caption=(
            f"Mean share of the {evaluations[0].front_name}'s hypervolume when a fraction of the budget is spent, in {NAMES[evaluations[0].main]}; "
            "the best mean at each fraction is in bold."
        ),
        columns=(
            DATA_SET,
            OPTIMIZER,
            *(
                TableColumn(key=f"at {f:g}", heading=f"{100 * f:g}% of budget [{ci}]", kind="percent", digits=1)
                for f in FRACTIONS
            ),
        ),
        rows=tuple(row for evaluation in evaluations for row in _rows(evaluation, rng)),
        marks=meanings(evaluations[0].alpha),
        notes=(
            "Wilcoxon signed-rank tests, paired by run, Holm-adjusted over all pairs of optimizers at one fraction of one data set; "
            "fractions and data sets are tested by themselves. 100% of budget: what every optimizer spent.",
        ),
    )


def _rows(evaluation: BenchmarkEvaluation, rng: np.random.Generator) -> list[tuple[TableCell, ...]]:
    fronts = {label: o.fronts for label, o in evaluation.outcomes.items() if o.fronts is not None}
    digests = {label: evaluation.outcomes[label].digest for label in fronts}
    end = min(float(front.budgets[-1]) for front in fronts.values())
    cells: dict[str, list[TableCell]] = {label: [] for label in fronts}
    for fraction in FRACTIONS:
        lacking = {label: 100.0 * (1.0 - _volume_at(front, fraction * end)) for label, front in fronts.items()}
        for label, standing in compare(lacking, digests, rng, evaluation.alpha).standings.items():
            share = standing.mean.map(lambda lost: 1.0 - lost / 100.0)
            cells[label].append(estimated(share, standing.runs, mark=MARKS[standing.verdict], best=standing.best))
    return [(TableCell(evaluation.short), TableCell(label), *own) for label, own in cells.items()]


def _volume_at(front: FrontTraces, budget: float) -> Floats:
    """Return the share of the hypervolume of each run at the last look within a budget, `(R,)`."""
    at = (
        int(
            np.searchsorted(
                front.budgets, budget + max(tolerance(budget), 0.5 * bool((front.budgets % 1 == 0).all())), side="right"
            )
        )
        - 1
    )
    return front.volume[:, max(at, 0)]
