"""Test scores on live tasks: every method and reference model, and tests against the best where there are seeds enough."""

from __future__ import annotations

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA, compare
from nasbench.reports.analysis.few_seeds import most_coverage, seed_mean, why_no_test
from nasbench.reports.analysis.live_tasks import LiveRuns, LiveTasks
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.comparison import MARKS, meanings
from nasbench.reports.tables.table import TASK, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import pluralize
from nasbench.ties import lowest


def score_table(live: LiveTasks, rng: np.random.Generator) -> ReportTable:
    """Return the table of test scores: every method on every task, with confidence intervals over seeds."""
    seeds = len(live.seeds)
    columns = (
        TASK,
        TableColumn(key="method", heading="method", kind="text"),
        TableColumn(key="kind", heading="kind", kind="text"),
        TableColumn(key="score", heading="test score [95% CI]", kind="general", digits=3),
        TableColumn(key="lowest", heading="lowest", kind="general", digits=3),
        TableColumn(key="highest", heading="highest", kind="general", digits=3),
        TableColumn(key="macro_f1", heading="macro F1 (%) [95% CI]", digits=1),
        TableColumn(key="n", heading="n seeds", kind="count"),
        TableColumn(key="test_set", heading="95% interval of the test set", kind="text"),
        TableColumn(key="balanced_accuracy", heading="balanced accuracy (%) [95% CI]", digits=1),
        TableColumn(key="calibration_error", heading="calibration error (%) [95% CI]", digits=1),
    )
    rows = [_score_row(live, runs, rng) for task in live.tasks for runs in live.of_task(task)]
    return ReportTable(
        name="scores",
        title="Test score",
        caption=(
            "Score of the final trained network on the test split, evaluated once, lower is better: classification error in %, or "
            "mean squared error. Intervals cover seeds of search and training on one data set, not other data sets; that of the test "
            "set covers which other test examples might have been drawn (its ends are means over seeds). The calibration error "
            "compares confidence with accuracy in 15 bins. The best method of each task is in bold."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(
            f"A bootstrap interval of {pluralize(seeds, 'seed')} cannot exceed the range of the values, which contains the mean of a symmetric "
            f"distribution in {100 * most_coverage(seeds):.0f}% of cases; read it as a range.",
        ),
    )


def _score_row(live: LiveTasks, runs: LiveRuns, rng: np.random.Generator) -> tuple[TableCell, ...]:
    means = [live.runs(runs.task, label).scores.mean() for label in live.labels]
    best = runs.searched and bool(lowest([runs.scores.mean(), *means])[0])
    return (
        TableCell(runs.task),
        TableCell(runs.label),
        TableCell("method" if runs.searched else "reference model"),
        estimated(seed_mean(runs.scores, rng), runs.digest, best=best),
        TableCell(float(runs.scores.min()), runs=runs.digest),
        TableCell(float(runs.scores.max()), runs=runs.digest),
        _class_cell(live, runs, "test_macro_f1", rng),
        TableCell(len(runs.scores), runs=runs.digest),
        _test_set_cell(runs),
        _class_cell(live, runs, "test_balanced_accuracy", rng),
        _calibration_cell(runs, rng),
    )


def _test_set_cell(runs: LiveRuns) -> TableCell:
    low, high = (runs.values(f"test_{runs.metric}_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return TableCell(Undefined("windows of a series overlap, or the runs are of an older version"))
    return TableCell(f"{low.mean():.3g} to {high.mean():.3g}", runs=runs.digest)


def _class_cell(live: LiveTasks, runs: LiveRuns, key: str, rng: np.random.Generator) -> TableCell:
    values = runs.values(key)
    if runs.metric == "mse":
        return TableCell(Undefined("forecasting has no classes"))
    if values is None:
        return TableCell(Undefined("the runs are of an older version"))
    if not live.has_unequal_classes(runs.task):
        return TableCell(Undefined("the classes of the test split are about equal, so the error suffices"))
    return estimated(seed_mean(values, rng), runs.digest)


def _calibration_cell(runs: LiveRuns, rng: np.random.Generator) -> TableCell:
    values = runs.values("test_calibration_error")
    if values is None:
        return TableCell(Undefined("no probabilities of classes"))
    return estimated(seed_mean(values, rng), runs.digest)


def pairs_table(live: LiveTasks, rng: np.random.Generator) -> ReportTable | None:
    """Return the tests against the best method of each task; None where there are too few seeds for a test."""
    if why_no_test(len(live.seeds), len(live.labels)):
        return None
    columns = (
        TASK,
        TableColumn(key="method", heading="method", kind="text"),
        TableColumn(key="mean", heading="mean test score [95% CI]", kind="general", digits=3),
        TableColumn(key="p_value", heading="p against best", kind="p_value"),
        TableColumn(key="a12", heading="A12 against best [95% CI]"),
    )
    rows = []
    for task in live.tasks:
        found = {label: live.runs(task, label) for label in live.labels}
        compared = compare({k: r.scores for k, r in found.items()}, {k: r.digest for k, r in found.items()}, rng)
        for label, standing in compared.standings.items():
            mean = estimated(standing.mean, standing.runs, mark=MARKS[standing.verdict], best=standing.best)
            p_value, effect = (
                TableCell(standing.p_value, runs=standing.compared),
                estimated(standing.effect, standing.compared),
            )
            rows.append((TableCell(task), TableCell(label), mean, p_value, effect))
    return ReportTable(
        name="pairs",
        title="Comparison with the best method",
        caption=(
            f"Wilcoxon signed-rank test of test scores, paired by seed, Holm-adjusted over all pairs of a task, at {ALPHA:g}; "
            "A12 is the probability that a run scores worse than a run of the best method."
        ),
        columns=columns,
        rows=tuple(rows),
        marks=meanings(ALPHA),
    )
