"""Judged claims as flat rows for JSON and the terminal, and as tables for print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.claims.verdict import ClaimVerdict, Part
from reports.statistics.result import Undefined
from reports.tables.table import Cell, Column, ReportTable


def rows_of(verdicts: Sequence[ClaimVerdict]) -> list[dict[str, Any]]:
    """One flat row a claim: the decisive part, and the whole in sentences."""
    rows = []
    for verdict in verdicts:
        part = decisive(verdict)
        rows.append(
            {
                "claim": verdict.claim.name,
                "verdict": verdict.outcome,
                "statement": verdict.claim.statement,
                "rule": verdict.claim.rule,
                "threshold": verdict.threshold,
                "statistic": _number(part.statistic) if part else None,
                "lower": _number(part.lower) if part else None,
                "upper": _number(part.upper) if part else None,
                "n": part.n if part else None,
                "runs": part.runs if part else "",
                "evidence": verdict.evidence,
                "change": verdict.change,
            }
        )
    return rows


def part_rows(verdicts: Sequence[ClaimVerdict]) -> list[dict[str, Any]]:
    """One flat row a number that a claim rests on."""
    return [
        {
            "claim": verdict.claim.name,
            "of": part.of,
            "statistic": _number(part.statistic),
            "lower": _number(part.lower),
            "upper": _number(part.upper),
            "n": part.n,
            "runs": part.runs,
        }
        for verdict in verdicts
        for part in verdict.parts
    ]


def decisive(verdict: ClaimVerdict) -> Part | None:
    """The part with the greatest upper bound, undefined before all; None where nothing was judged."""
    if not verdict.parts:
        return None
    return max(verdict.parts, key=lambda part: float("inf") if isinstance(part.upper, Undefined) else part.upper)


def claims_table(verdicts: Sequence[ClaimVerdict], registration: str) -> ReportTable:
    """The claims with verdict, evidence and what would change it."""
    columns = tuple(
        Column(key=key, heading=heading, kind="text")
        for key, heading in (
            ("claim", "claim"),
            ("statement", "statement"),
            ("verdict", "verdict"),
            ("evidence", "evidence"),
            ("change", "what would change it"),
        )
    )
    return ReportTable(
        name="claims",
        title="Claims of this project",
        caption="Each claim was registered with its rule before the runs; fails: the opposite was shown; not shown: neither was.",
        columns=columns,
        rows=tuple(
            tuple(Cell(text) for text in (v.claim.name, v.claim.statement, v.outcome, v.evidence, v.change))
            for v in verdicts
        ),
        notes=(f"The SHA-256 of the registration starts with {registration[:12]}.",),
    )


def parts_table(verdicts: Sequence[ClaimVerdict]) -> ReportTable | None:
    """Every number behind the claims; None where nothing was judged."""
    rows = tuple(
        (
            Cell(verdict.claim.name),
            Cell(part.of),
            Cell(part.statistic, runs=part.runs),
            Cell(part.lower, runs=part.runs),
            Cell(part.upper, runs=part.runs),
            Cell(part.n, runs=part.runs),
            Cell(part.runs),
        )
        for verdict in verdicts
        for part in verdict.parts
    )
    if not rows:
        return None
    return ReportTable(
        name="claims-evidence",
        title="What the claims rest on",
        caption="Ratios of restricted means (below 1 the method is faster), accuracies or counts, with one-sided 95 % bounds.",
        columns=(
            Column(key="claim", heading="claim", kind="text", group=True),
            Column(key="of", heading="of", kind="text"),
            Column(key="statistic", heading="estimate", digits=3),
            Column(key="lower", heading="lower bound", digits=3),
            Column(key="upper", heading="upper bound", digits=3),
            Column(key="n", heading="n", kind="count"),
            Column(key="runs", heading="hash", kind="text"),
        ),
        rows=rows,
    )


def _number(value: float | Undefined) -> float | None:
    return None if isinstance(value, Undefined) else value
