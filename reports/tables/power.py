"""Statistical power: minimum detectable difference, and number of runs needed to detect the equivalence margin."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.power import Design, mean_difference, minimal_detectable_effect, runs_needed
from nasbench.reports.statistics.result import ONE_RUN, Undefined, if_defined
from nasbench.reports.tables.practical_equivalence import MARGIN
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn
from nasbench.reports.wording import pluralize
from nasbench.ties import differences, is_constant, tolerance

LARGEST = 100.0
"""Largest effect that is looked for, in standard deviations of the differences."""

ALIKE = Undefined("all paired differences are equal, so their standard deviation is not known")


def power_table(evaluations: Sequence[BenchmarkEvaluation], reference: str) -> ReportTable | None:
    """Build the table, or None where scores are no percentages or nothing is to be compared."""
    labels = [label for label in evaluations[0].outcomes if label != reference]
    if not labels or any(e.unit != "%" for e in evaluations):
        return None
    alpha = evaluations[0].alpha / len(labels)
    design = mean_difference(alpha=alpha, paired=True)
    return ReportTable(
        name="power",
        title="Statistical power: minimum detectable effect",
        caption=(
            f"Smallest difference in mean final score from {reference} that is detected with a power of 80%, and number of runs needed to detect "
            f"{MARGIN:g} points (the margin of practical equivalence, fixed in advance)."
        ),
        columns=(
            DATA_SET,
            OPTIMIZER,
            TableColumn(key="sd", heading="sd of the paired differences (points)", digits=3),
            TableColumn(key="smallest", heading="minimum detectable difference (points)", digits=3),
            TableColumn(key="needed", heading=f"runs needed for {MARGIN:g} points", kind="count"),
            TableColumn(key="n", heading="runs", kind="count"),
        ),
        rows=tuple(_row(e, label, reference, design) for e in evaluations for label in labels),
        notes=(
            f"Paired t test at {100 * evaluations[0].alpha:.10g}%, Bonferroni over {pluralize(len(labels), 'comparison')} of a data set. "
            "The standard deviation is estimated from this study; the effect size is the margin, not the observed difference.",
        ),
    )


def _row(evaluation: BenchmarkEvaluation, label: str, reference: str, design: Design) -> tuple[TableCell, ...]:
    outcome, base = evaluation.outcomes[label], evaluation.outcomes[reference]
    runs, n = f"{outcome.digest}+{base.digest}", len(outcome.score)
    difference = differences(outcome.score, base.score)
    spread = 0.0 if n < 2 or is_constant(difference, tolerance(outcome.score)) else float(difference.std(ddof=1))
    shown = _shown(spread, n, design) if spread > 0.0 else (ALIKE, ALIKE)
    numbers: tuple[float | Undefined, ...] = (spread, *shown) if n > 1 else (ONE_RUN, ONE_RUN, ONE_RUN)
    return (
        TableCell(evaluation.short),
        TableCell(label),
        *(TableCell(number, runs=runs) for number in numbers),
        TableCell(n, runs=runs),
    )


def _shown(spread: float, n: int, design: Design) -> tuple[float | Undefined, int | Undefined]:
    """Return the smallest difference that `n` runs detect, and the runs needed for the margin."""
    smallest = if_defined(minimal_detectable_effect(design, n, LARGEST), lambda effect: effect * spread)
    return smallest, runs_needed(design, MARGIN / spread)
