"""Theoretical predictions compared with the runs of a study: the verdict of each claim on the optimizers to which it applies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn
from nasbench.theory.machinery.claim import Verdict
from nasbench.theory.traces.trace_check import TraceCheck

EXACT = Undefined("the claim is not tested by a p-value")


def laws_table(evaluations: Sequence[BenchmarkEvaluation], spoken: Sequence[TraceCheck]) -> ReportTable | None:
    """Build the table, or None where no claim applies to an optimizer of the study."""
    rows = tuple(_row(e, s) for e in evaluations for s in spoken if s.benchmark == e.benchmark)
    if not rows:
        return None
    return ReportTable(
        name="laws",
        title="Theoretical predictions compared with the observed runs",
        caption=(
            "Theoretical predictions compared with the observed runs of the optimizers to which they apply. Statistic and bound are those of the claim "
            "(sup-distance and its 95% radius, observed and predicted mean, or probability and its bound), as described in the notes; each uses all runs."
        ),
        columns=(
            DATA_SET,
            OPTIMIZER,
            TableColumn(key="claim", heading="claim", kind="text"),
            TableColumn(key="verdict", heading="verdict", kind="text"),
            TableColumn(key="statistic", heading="statistic [95% CI]", kind="general", digits=3),
            TableColumn(key="bound", heading="bound", kind="general", digits=3),
            TableColumn(key="p_value", heading="p", kind="p_value"),
        ),
        rows=rows,
        notes=(
            "violated: rejected at 5% by Holm over all of this table; undecided: too few runs to decide; vacuous: the bound holds but exceeds the "
            "observed value more than tenfold; assumption-violated: the study does not meet the assumptions of the claim. "
            "`nasbench verify --traces` prints the same verdicts.",
            *_looked_at(evaluations, spoken),
        ),
    )


def _row(evaluation: BenchmarkEvaluation, spoken: TraceCheck) -> tuple[TableCell, ...]:
    verdict, runs = spoken.verdict, evaluation.outcomes[spoken.optimizer].digest
    bounds = None if verdict.interval is None else Interval(*verdict.interval, 0.95)
    return (
        TableCell(evaluation.short),
        TableCell(spoken.optimizer),
        TableCell(spoken.claim),
        TableCell(verdict.outcome.value),
        TableCell(_known(verdict.statistic, verdict), bounds, runs=runs),
        TableCell(_known(verdict.bound, verdict), runs=runs),
        TableCell(EXACT if verdict.p_value is None else verdict.p_value, runs=runs),
    )


def _known(value: float, verdict: Verdict) -> float | Undefined:
    return float(value) if np.isfinite(value) else Undefined(verdict.note)


def _looked_at(evaluations: Sequence[BenchmarkEvaluation], spoken: Sequence[TraceCheck]) -> list[str]:
    """Return what the statistic of each claim is, with the data sets if a note differs between them."""
    found: dict[tuple[str, str], list[str]] = {}
    for evaluation in evaluations:
        for one in spoken:
            if one.benchmark == evaluation.benchmark and one.verdict.note and np.isfinite(one.verdict.statistic):
                found.setdefault((one.claim, one.verdict.note), []).append(evaluation.short)
    return [f"{claim} ({', '.join(dict.fromkeys(names))}): {note}." for (claim, note), names in found.items()]
