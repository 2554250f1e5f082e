"""Constraints: how many queries were feasible, and what became of the runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.proportion import rate
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name, join_names, pluralize
from nasbench.search.constraints import Constraint, join


def constraints_table(
    evaluations: Sequence[BenchmarkEvaluation], constraints: Sequence[Constraint], rng: np.random.Generator
) -> ReportTable | None:
    """Build the table; None where the study has no constraints."""
    if not constraints:
        return None
    ci = interval_name(evaluations[0].alpha)
    columns = (
        DATA_SET,
        OPTIMIZER,
        TableColumn(key="feasible_queries", heading=f"feasible queries (%) [{ci}]", kind="percent", digits=1),
        TableColumn(key="first_feasible", heading="median queries to a feasible one", kind="count"),
        TableColumn(key="runs_without", heading="runs without any", kind="count"),
        TableColumn(key="choice_holds", heading=f"feasible final choice (%) [{ci}]", kind="percent", digits=1),
    )
    rows = [(TableCell(evaluation.short), *row) for evaluation in evaluations for row in _rows(evaluation, rng)]
    shares = (f"{share_text(e)} of {e.short}" for e in evaluations)
    return ReportTable(
        name="constraints",
        title="Constraints",
        caption=(
            f"{'Constraint' if len(constraints) == 1 else 'Constraints'}: {join(constraints)}. Queries are judged by what the search observed, "
            "the final choice of a run by the truth. A run without any feasible query has made no choice; its score, and that of an infeasible "
            "choice, is the worst of all feasible architectures."
        ),
        columns=columns,
        rows=tuple(rows),
        notes=(f"Share of the architectures that satisfy them: {'; '.join(shares)}.",),
    )


def _rows(evaluation: BenchmarkEvaluation, rng: np.random.Generator) -> list[tuple[TableCell, ...]]:
    rows: list[tuple[TableCell, ...]] = []
    for label, outcome in evaluation.outcomes.items():
        kept, runs = outcome.feasibility, outcome.digest
        assert kept is not None
        first = float(np.median(kept.first))
        rows.append(
            (
                TableCell(label),
                estimated(studentised_mean(kept.share, rng, resamples=4_000, level=evaluation.level), runs),
                TableCell(
                    first if np.isfinite(first) else Undefined("half of the runs or more have no feasible query"),
                    runs=runs,
                ),
                TableCell(int((~kept.found).sum()), runs=runs),
                estimated(rate(int(kept.holds.sum()), len(kept.holds), level=evaluation.level), runs),
            )
        )
    return rows


def share_text(evaluation: BenchmarkEvaluation) -> str:
    """Return the share of architectures that satisfy the constraints in per cent, `12.3%` or `0.0031%`."""
    share = 100.0 * (evaluation.feasible_share or 0.0)
    return "100%" if share == 100.0 else f"{share:.1f}%" if 0.1 <= share < 99.95 else f"{share:.4g}%"


def sentences(evaluations: Sequence[BenchmarkEvaluation], constraints: Sequence[Constraint]) -> list[str]:
    """Return sentences on the constraints of a study and how runs kept them; none without constraints."""
    if not constraints:
        return []
    shares = [f"{share_text(e)} of the architectures of {e.short}" for e in evaluations]
    subject = "constraint" if len(constraints) == 1 else "constraints"
    verb = "is" if len(constraints) == 1 else "are"
    said = [f"The {subject} ({join(constraints)}) {verb} satisfied by {join_names(shares)}."]
    for evaluation in evaluations:
        if evaluation.feasible_share == 1.0:
            said.append(f"On {evaluation.short} nothing is excluded by the {subject}.")
        for label, outcome in evaluation.outcomes.items():
            kept = outcome.feasibility
            assert kept is not None
            lacking, wrong = int((~kept.found).sum()), int((kept.found & ~kept.holds).sum())
            if lacking:
                said.append(
                    f"{pluralize(lacking, 'run')} of {label} on {evaluation.short} found no feasible architecture."
                )
            if wrong:
                said.append(
                    f"{pluralize(wrong, 'run')} of {label} on {evaluation.short} chose an architecture that truly violates a constraint."
                )
    return said
