"""The anytime table: regret at fractions of the budget, and the area under the whole trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import NAMES, SCALES, TIMES
from nasbench.reports.analysis.evaluation import FRACTIONS, BenchmarkEvaluation, OptimizerResult, common_unit
from nasbench.reports.statistics.anytime import anytime_area
from nasbench.reports.statistics.result import ONE_RUN, Interval, Undefined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn
from nasbench.ties import tolerance


def anytime_table(evaluations: Sequence[BenchmarkEvaluation]) -> ReportTable:
    """Build the table, on the account that the budget limits."""
    unit = common_unit(evaluations)
    digits = 2 if unit == "%" else 3
    columns = (
        DATA_SET,
        OPTIMIZER,
        *(TableColumn(key=f"at {f:g}", heading=f"{100 * f:g}% of budget", digits=digits) for f in FRACTIONS),
        TableColumn(key="area", heading="mean over log budget", digits=digits),
    )
    rows = [
        (TableCell(e.short), TableCell(label), *_cells(e, outcome))
        for e in evaluations
        for label, outcome in e.outcomes.items()
    ]
    main = evaluations[0].main
    budgets = "; ".join(f"{e.short}: {_end(e) / SCALES[main]:,.{1 if SCALES[main] > 1 else 0}f}" for e in evaluations)
    return ReportTable(
        name="anytime",
        title="Regret over the budget",
        caption=(
            f"Median regret of the incumbent ({'percentage points' if unit == '%' else unit}) when a fraction of the budget is spent, "
            "with the quartiles in brackets; lower is better."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(
            f"100% of budget: what every run of every optimizer spent, in {NAMES[main]} ({budgets}). "
            f"Mean over log budget: mean regret over the logarithm of {NAMES[main]}, from the first query on; median and quartiles over runs.",
        ),
    )


def _end(evaluation: BenchmarkEvaluation) -> float:
    return min(float(outcome.curves[evaluation.main].budgets[-1]) for outcome in evaluation.outcomes.values())


def _cells(evaluation: BenchmarkEvaluation, outcome: OptimizerResult) -> list[TableCell]:
    curve, end = outcome.curves[evaluation.main], _end(evaluation)
    cells = []
    for fraction in FRACTIONS:
        budget = fraction * end if evaluation.main in TIMES else np.round(fraction * end)
        at = int(np.searchsorted(curve.budgets, budget + tolerance(end), side="right")) - 1
        cells.append(_quartiles(curve.regret[:, max(at, 0)], outcome.digest))
    start = float(curve.budgets[0])
    if end <= start or start <= 0.0:
        area: np.ndarray | Undefined = Undefined("the whole budget is one query, so there is nothing to average over")
    else:
        cost = np.broadcast_to(curve.budgets, curve.regret.shape)
        area = anytime_area(cost, curve.regret, start, end, logarithmic=True)
    cells.append(
        TableCell(area, runs=outcome.digest) if isinstance(area, Undefined) else _quartiles(area, outcome.digest)
    )
    return cells


def _quartiles(values: np.ndarray, runs: str) -> TableCell:
    low, middle, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    return TableCell(middle, Interval(low, high, 0.5) if len(values) > 1 else ONE_RUN, runs=runs)
