"""Practical difference on each data set: posterior probabilities beyond and within a margin stated in advance, and a test of equivalence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.benchmarks.views import View
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.bayesian import RopePosterior, signed_rank
from nasbench.reports.statistics.equivalence import Equivalence, paired
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn
from nasbench.reports.wording import interval_name, pluralize

MARGIN = 0.1
"""Percentage points of error up to which two architectures are as good as each other: about what another training seed changes."""
DRAWS = 4_000
FEWEST_RUNS = 6
"""Of fewer runs no signed-rank test at 5% can show anything, and the posterior would be certain of what its prior says."""
MOST_RUNS = 200
"""Runs that the posterior uses at most, the first of a run order, since its cost is quadratic in them; the table says so."""
ROPE_COLUMNS = (
    TableColumn(key="better", heading="P(better)", digits=3),
    TableColumn(key="equivalent", heading="P(equivalent)", digits=3),
    TableColumn(key="worse", heading="P(worse)", digits=3),
)


def rope_cells(result: RopePosterior | Undefined, runs: str) -> list[TableCell]:
    """Return the cells of `ROPE_COLUMNS`."""
    shown = [result] * 3 if isinstance(result, Undefined) else [result.x_better, result.equivalent, result.y_better]
    return [TableCell(value, runs=runs) for value in shown]


def practical_table(
    evaluations: Sequence[BenchmarkEvaluation], reference: str, rng: np.random.Generator
) -> ReportTable | None:
    """Build the table, or None where scores are no percentages or nothing is to be compared."""
    labels = [label for label in evaluations[0].outcomes if label != reference]
    if not labels or any(e.unit != "%" for e in evaluations):
        return None
    columns = (
        DATA_SET,
        OPTIMIZER,
        *ROPE_COLUMNS,
        TableColumn(
            key="difference", heading=f"mean difference (points) [{interval_name(2 * evaluations[0].alpha)}]", digits=3
        ),
        TableColumn(key="p_value", heading="p of TOST", kind="p_value"),
        TableColumn(key="verdict", heading="equivalence of means", kind="text"),
        TableColumn(key="n", heading="n", kind="count"),
    )
    rows = []
    for evaluation in evaluations:
        base = evaluation.outcomes[reference]
        tests = {
            label: paired(evaluation.outcomes[label].score, base.score, MARGIN, alpha=evaluation.alpha)
            for label in labels
        }
        adjusted = dict(zip(labels, holm([test.p_value for test in tests.values()]), strict=True))
        for label in labels:
            outcome = evaluation.outcomes[label]
            runs = f"{outcome.digest}+{base.digest}"
            n = len(outcome.score)
            result = (
                signed_rank(outcome.score[:MOST_RUNS], base.score[:MOST_RUNS], MARGIN, rng, draws=DRAWS)
                if n >= FEWEST_RUNS
                else Undefined(
                    f"{pluralize(n, 'run')} of each are too few for a posterior probability (at least {FEWEST_RUNS} are needed)"
                )
            )
            rows.append(
                (
                    TableCell(evaluation.short),
                    TableCell(label),
                    *rope_cells(result, runs),
                    *_equivalence(tests[label], adjusted[label], runs, evaluation.view),
                    TableCell(n, runs=runs),
                )
            )
    return ReportTable(
        name="practical",
        title=f"Practical difference from {reference}",
        caption=(
            f"Posterior probability that a run of the optimizer is better than one of {reference} by more than {MARGIN:g} points, practically "
            "equivalent, or worse by more than that margin; and a test of the equivalence of the means over all runs."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(
            f"Bayesian signed-rank test (Benavoli et al. 2014, 2017), paired by run, on at most the first {MOST_RUNS} runs; "
            f"region of practical equivalence: {MARGIN:g} points, fixed in advance.",
            "TOST: two one-sided paired t tests (Schuirmann 1987) at 5% with the same margin, on all runs, Holm-adjusted over the optimizers of a data "
            "set. An equivalence that is not shown is no evidence of a difference, just as a difference that is not significant is no evidence of equivalence.",
        ),
    )


def _equivalence(
    test: Equivalence | Undefined, p_value: float | Undefined, runs: str, view: View
) -> tuple[TableCell, TableCell, TableCell]:
    """Return the difference of means as users see it, adjusted p-value and verdict of a TOST."""
    if isinstance(test, Undefined) or isinstance(p_value, Undefined):
        return (
            TableCell(test if isinstance(test, Undefined) else test.difference, runs=runs),
            TableCell(p_value, runs=runs),
            TableCell("not decidable"),
        )
    verdict = "shown" if p_value < test.alpha else "not shown"
    difference, interval = test.difference, test.interval
    if view.direction == "max":
        difference, interval = -difference, Interval(-interval.upper, -interval.lower, interval.level)
    return TableCell(difference, interval, runs=runs), TableCell(p_value, runs=runs), TableCell(verdict)
