"""Tables of a live study: a row a task, scores of every method, what they cost, tests where seeds allow, and what was skipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.comparison import ALPHA, compare
from nasbench.reports.live.compare import most_coverage, seed_mean, why_no_test
from nasbench.reports.live.results import TRIVIAL, LiveResults, Runs
from nasbench.reports.page.words import pluralize
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.comparison import MARKS, MEANINGS
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn, estimated
from nasbench.ties import lowest

UNITS = {"error": "% wrong", "mse": "squared error"}
NOT_THERE = Undefined("the study has no such reference on this task")
NO_NETWORK = Undefined("the method is no network")
NO_SEARCH = Undefined("a reference is not searched for")


def overview_table(results: LiveResults) -> ReportTable:
    """Build the table with a row for each task: what learns nothing, the best reference, every optimizer's mean."""
    columns = (
        TableColumn(key="task", heading="task", kind="text"),
        TableColumn(key="metric", heading="test score", kind="text"),
        TableColumn(key="trivial", heading="without learning", kind="general", digits=3),
        TableColumn(key="reference", heading="best reference", kind="text"),
        TableColumn(key="reference_score", heading="its score", kind="general", digits=3),
        *(TableColumn(key=f"mean_{label}", heading=label, kind="general", digits=3) for label in results.labels),
    )
    return ReportTable(
        name="tasks",
        title="Every task",
        caption=(
            f"Mean test score over {pluralize(len(results.seeds), 'seed')}, lower is better: the share of wrong classes in %, or the mean "
            "squared error of values standardised by the training split. The best optimizer of each task is in bold."
        ),
        columns=columns,
        rows=tuple(_overview_row(results, task) for task in results.tasks),
        notes=("Seeds are not data sets: each row speaks of one data set.",),
    )


def _overview_row(results: LiveResults, task: str) -> tuple[TableCell, ...]:
    searched = [results.runs(task, label) for label in results.labels]
    references = [results.runs(task, name) for name in results.references(task)]
    means = [float(runs.scores.mean()) for runs in searched]
    trivial = [runs for runs in references if runs.label in TRIVIAL]
    reference = min(references, key=lambda runs: float(runs.scores.mean()), default=None)
    return (
        TableCell(task),
        TableCell(UNITS[searched[0].metric]),
        _mean_cell(trivial[0]) if trivial else TableCell(NOT_THERE),
        TableCell(reference.label) if reference else TableCell(NOT_THERE),
        _mean_cell(reference) if reference else TableCell(NOT_THERE),
        *(
            TableCell(value, best=bool(best), runs=runs.digest)
            for value, best, runs in zip(means, lowest(means), searched, strict=True)
        ),
    )


def _mean_cell(runs: Runs) -> TableCell:
    return TableCell(float(runs.scores.mean()), runs=runs.digest)


def score_table(results: LiveResults, rng: np.random.Generator) -> ReportTable:
    """Build the table of test scores: every method on every task, with intervals over seeds."""
    seeds = len(results.seeds)
    columns = (
        TableColumn(key="task", heading="task", kind="text", group=True),
        TableColumn(key="method", heading="method", kind="text"),
        TableColumn(key="kind", heading="kind", kind="text"),
        TableColumn(key="score", heading="test score [95 %]", kind="general", digits=3),
        TableColumn(key="lowest", heading="lowest", kind="general", digits=3),
        TableColumn(key="highest", heading="highest", kind="general", digits=3),
        TableColumn(key="macro_f1", heading="macro F1 (%) [95 %]", digits=1),
        TableColumn(key="n", heading="n seeds", kind="count"),
    )
    rows = [_score_row(results, runs, rng) for task in results.tasks for runs in results.of_task(task)]
    return ReportTable(
        name="scores",
        title="Test score",
        caption=(
            "Score of the finally trained network on the test split, looked at once, lower is better: % wrong, or mean squared "
            "error. Intervals are over seeds of search and training on one data set, not over data sets. The best optimizer of "
            "each task is in bold."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(
            f"Bootstrap intervals of {pluralize(seeds, 'seed')} never leave the range of their values, which holds the mean of a symmetric law "
            f"in {100 * most_coverage(seeds):.0f} % of cases: read them as ranges.",
        ),
    )


def _score_row(results: LiveResults, runs: Runs, rng: np.random.Generator) -> tuple[TableCell, ...]:
    means = [results.runs(runs.task, label).scores.mean() for label in results.labels]
    best = runs.searched and bool(lowest([runs.scores.mean(), *means])[0])
    f1 = runs.values("test_macro_f1")
    if f1 is None:
        f1_cell = TableCell(Undefined("a forecast has no classes"))
    elif not results.unequal(runs.task):
        f1_cell = TableCell(Undefined("the classes of the test split are about equal, so the error says it all"))
    else:
        f1_cell = estimated(seed_mean(f1, rng), runs.digest)
    return (
        TableCell(runs.task),
        TableCell(runs.label),
        TableCell("optimizer" if runs.searched else "reference"),
        estimated(seed_mean(runs.scores, rng), runs.digest, best=best),
        TableCell(float(runs.scores.min()), runs=runs.digest),
        TableCell(float(runs.scores.max()), runs=runs.digest),
        f1_cell,
        TableCell(len(runs.scores), runs=runs.digest),
    )


def cost_table(results: LiveResults) -> ReportTable:
    """Build the table of sizes, latencies and seconds."""
    keys = (
        ("parameters", "parameters", "number", 0, NO_NETWORK),
        ("latency_ms_batch_1", "latency, batch 1 (ms)", "general", 3, NO_NETWORK),
        ("latency_ms_batch_64", "latency, batch 64 (ms)", "general", 3, NO_NETWORK),
        ("search_seconds", "search (s)", "general", 3, NO_SEARCH),
        ("train_seconds", "training (s)", "general", 3, NO_NETWORK),
        ("processor_seconds", "processor (s)", "general", 3, NO_NETWORK),
    )
    columns = (
        TableColumn(key="task", heading="task", kind="text", group=True),
        TableColumn(key="method", heading="method", kind="text"),
        *(TableColumn(key=key, heading=heading, kind=kind, digits=digits) for key, heading, kind, digits, _ in keys),  # type: ignore[arg-type]
    )
    return ReportTable(
        name="costs",
        title="Size and cost",
        caption=(
            f"Means over seeds, of what was found and finally trained, on {_device(results)}. Search: all of it, finalists that are "
            "trained alone included. Training: the final one."
        ),
        columns=columns,
        rows=tuple(
            (
                TableCell(task),
                TableCell(runs.label),
                *(_cost_cell(runs, key, reason) for key, _, _, _, reason in keys),
            )
            for task in results.tasks
            for runs in results.of_task(task)
        ),
        notes=(
            "Seconds and latencies were measured by a clock: other work on the machine stretches them. Processor seconds (search, "
            "training and scoring together) it stretches less; a resumed run has those of its last session alone.",
        ),
    )


def _cost_cell(runs: Runs, key: str, reason: Undefined) -> TableCell:
    values = runs.values(key)
    return TableCell(reason) if values is None else TableCell(float(values.mean()), runs=runs.digest)


def _device(results: LiveResults) -> str:
    device = results.store.environment.get("device", {})
    if device.get("device_type") != "cpu":
        return str(device.get("device"))
    name = device.get("device")
    return f"a CPU{'' if name == 'cpu' else f' ({name})'}, one thread a process"


def pairs_table(results: LiveResults, rng: np.random.Generator) -> ReportTable | None:
    """Build the table of tests against the best optimizer of each task; None where seeds are too few for any."""
    if why_no_test(len(results.seeds), len(results.labels)):
        return None
    columns = (
        TableColumn(key="task", heading="task", kind="text", group=True),
        TableColumn(key="optimizer", heading="optimizer", kind="text"),
        TableColumn(key="mean", heading="mean test score [95 %]", kind="general", digits=3),
        TableColumn(key="p_value", heading="p against best", kind="p_value"),
        TableColumn(key="a12", heading="A12 against best [95 %]"),
    )
    rows = []
    for task in results.tasks:
        found = {label: results.runs(task, label) for label in results.labels}
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
        title="Optimizers against the best",
        caption=(
            f"Wilcoxon's signed rank test of test scores, paired by seed, adjusted by Holm over all pairs of a task, at {ALPHA:g}; "
            "A12 is the probability that a run scores worse than one of the best."
        ),
        columns=columns,
        rows=tuple(rows),
        marks=MEANINGS,
    )


def skipped_table(skipped: Sequence[tuple[str, str]]) -> ReportTable | None:
    """Build the table of tasks that were not run; None where all were."""
    if not skipped:
        return None
    columns = (
        TableColumn(key="task", heading="task", kind="text"),
        TableColumn(key="reason", heading="reason", kind="text"),
    )
    return ReportTable(
        name="skipped",
        title="Tasks that were not run",
        caption="Tasks of the study whose data were not there; run the study again once they are.",
        columns=columns,
        rows=tuple((TableCell(task), TableCell(reason)) for task, reason in skipped),
    )
