"""Percentiles of what live searches found among random architectures trained alike, the reference distribution of a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA
from nasbench.reports.analysis.few_seeds import seed_mean
from nasbench.reports.analysis.live_tasks import LiveRuns, LiveTasks
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.pairwise import wilcoxon_signed_rank
from nasbench.reports.statistics.result import ONE_RUN, Estimate, Undefined
from nasbench.reports.tables.table import TASK, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import join_names, pluralize
from nasbench.spaces.space import Floats

NO_RANDOM_SEARCH = Undefined("the study has no random search")
ITSELF = Undefined("random search is not compared with itself")
NOT_SEARCHED = Undefined("it is no search, so its runs have no pairs")


def percentile_table(live: LiveTasks, rng: np.random.Generator) -> ReportTable | None:
    """Return the percentiles of all methods on the tasks that have a reference distribution; None where none has."""
    rows = [row for task in live.tasks for row in _rows(live, task, rng)]
    if not rows:
        return None
    cells = sorted({runs.reference_cells for task in live.tasks for runs in live.of_task(task)} - {0})
    runs, rivals = len(live.seeds), max(len(live.labels) - 1, 1)
    smallest = min(2.0 ** (1 - runs) * rivals, 1.0)
    few = (
        f" With {pluralize(runs, 'run')} no adjusted p-value can be below {smallest:.2g}." if smallest >= ALPHA else ""
    )
    return ReportTable(
        name="reference-percentiles",
        title="Percentile among random architectures",
        caption=(
            f"Percentage of {join_names([f'{count:,}' for count in cells], 'or')} random architectures of different function that are worse "
            "on the test split than the one found; higher is better, 50 is the median. All are trained from scratch alike on the training "
            "split, and an error is the mean over three trainings. Intervals cover runs of the search, not other random architectures, from "
            f"which a percentile has a standard error of up to {50 / min(cells) ** 0.5:.1f} points. The best method of each task is in bold."
        ),
        columns=(
            TASK,
            TableColumn(key="method", heading="method", kind="text"),
            TableColumn(key="kind", heading="kind", kind="text"),
            TableColumn(key="percentile", heading="percentile [95% CI]", digits=1),
            TableColumn(key="lowest", heading="lowest", digits=1),
            TableColumn(key="median", heading="median", digits=1),
            TableColumn(key="error", heading="mean test error (%)"),
            TableColumn(key="n", heading="n runs", kind="count"),
            TableColumn(key="difference", heading="minus random search [95% CI]", digits=1),
            TableColumn(key="p_value", heading="p against random search", kind="p_value"),
        ),
        rows=tuple(rows),
        notes=(
            "Differences and tests are paired by run (Wilcoxon signed rank, two-sided, Holm-adjusted over the methods of a task)."
            + few,
        ),
    )


def _rows(live: LiveTasks, task: str, rng: np.random.Generator) -> Sequence[tuple[TableCell, ...]]:
    known = {runs.label: (runs, p) for runs in live.of_task(task) if (p := runs.percentiles) is not None}
    searched = {label: own for label, (runs, own) in known.items() if runs.searched}
    base, random = known.get(live.random_search, (None, None))
    tests = {}
    if base is not None and random is not None:
        rivals = [label for label in searched if label != base.label]
        adjusted = holm([wilcoxon_signed_rank(searched[label], random).p_value for label in rivals])
        tests = dict(zip(rivals, adjusted, strict=True))
    highest = max((own.mean() for own in searched.values()), default=0.0)
    rows = []
    for label, (runs, own) in known.items():
        best = runs.searched and own.mean() >= highest
        if random is None or base is None or label not in tests:
            reason = NO_RANDOM_SEARCH if base is None else NOT_SEARCHED if not runs.searched else ITSELF
            compared = (TableCell(reason), TableCell(reason))
        else:
            digest = f"{runs.digest}+{base.digest}"
            compared = (estimated(_mean(own - random, rng), digest), TableCell(tests[label], runs=digest))
        rows.append((TableCell(task), TableCell(label), *_own_cells(runs, own, best, rng), *compared))
    return rows


def _own_cells(runs: LiveRuns, own: Floats, best: bool, rng: np.random.Generator) -> tuple[TableCell, ...]:
    error = runs.values("reference_error")
    assert error is not None  # it is stored with the percentile
    return (
        TableCell("method" if runs.searched else "reference model"),
        estimated(_mean(own, rng), runs.digest, best=best),
        TableCell(float(own.min()), runs=runs.digest),
        TableCell(float(np.median(own)), runs=runs.digest),
        TableCell(float(error.mean()), runs=runs.digest),
        TableCell(len(own), runs=runs.digest),
    )


def _mean(values: Floats, rng: np.random.Generator) -> Estimate | Undefined:
    """Return the mean with its interval; that of one run has none."""
    return seed_mean(values, rng) if len(values) > 1 else Estimate(float(values[0]), ONE_RUN, 1)
