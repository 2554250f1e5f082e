"""All data sets together: interquartile mean of relative regret, and the probability of improving on the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.comparison import resamples_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture, relative_regret
from nasbench.reports.statistics.bootstrap import stratified
from nasbench.reports.statistics.location import interquartile_mean, mean
from nasbench.reports.statistics.pairwise import probability_of_improvement
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name, pluralize
from nasbench.ties import tolerance


def aggregate_table(
    evaluations: Sequence[BenchmarkEvaluation], reference: str, rng: np.random.Generator
) -> ReportTable | None:
    """Build the table, or None where a data set has no spread to be relative to."""
    if any(e.average <= e.optimum + tolerance(e.average, e.optimum) for e in evaluations):
        return None
    labels = list(evaluations[0].outcomes)
    compared = len(labels) > 1
    ci = interval_name(evaluations[0].alpha)
    columns = (
        OPTIMIZER,
        TableColumn(key="iqm", heading=f"interquartile mean (%) [{ci}]", kind="percent"),
        TableColumn(key="mean", heading=f"mean (%) [{ci}]", kind="percent"),
        *((TableColumn(key="improvement", heading=f"P(better than {reference}) [{ci}]"),) if compared else ()),
        TableColumn(key="n", heading="runs × data sets", kind="count"),
    )
    scores = {label: relative_regret(evaluations, label) for label in labels}
    rows = []
    for label, values in scores.items():
        runs = "+".join(e.outcomes[label].digest for e in evaluations)
        both = "+".join([runs, *(e.outcomes[reference].digest for e in evaluations)])
        resamples = resamples_for(len(values))
        improvement = (
            Undefined("the reference is not compared with itself")
            if label == reference
            else probability_of_improvement(
                values, scores[reference], rng, resamples=resamples, level=evaluations[0].level
            )
        )
        rows.append(
            (
                TableCell(label),
                estimated(
                    stratified(values, interquartile_mean, rng, resamples=resamples, level=evaluations[0].level), runs
                ),
                estimated(stratified(values, mean, rng, resamples=resamples, level=evaluations[0].level), runs),
                *((estimated(improvement, both),) if compared else ()),
                TableCell(values.size, runs=runs),
            )
        )
    return ReportTable(
        name="aggregate",
        title="Aggregate over all data sets",
        caption=(
            f"Final regret relative to the mean regret of a uniformly random architecture, over "
            f"{pluralize(len(evaluations), 'data set')}; 0% is the {best_architecture(evaluations)}, 100% is no better than a single random architecture."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(
            "The interquartile mean omits the best and the worst quarter of all runs (Agarwal et al. 2021). Confidence intervals resample the runs of each "
            "data set separately, so they generalise to new runs on these data sets and not to new data sets.",
        ),
    )
