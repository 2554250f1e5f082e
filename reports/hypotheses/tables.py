"""Judged hypotheses as flat rows for JSON and the terminal, and as tables for print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.reports.analysis.digest import DIGITS
from nasbench.reports.hypotheses.statements import Ablation, MedianToTarget
from nasbench.reports.hypotheses.verdict import HypothesisVerdict, Part, largest_upper
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn

_SEVERITY = {"hurts": 0, "not met": 0, "not shown": 1}
"""Of what a number says alone, by which those that decide come first; what was met, or helps, comes last."""


def rows_of(verdicts: Sequence[HypothesisVerdict]) -> list[dict[str, Any]]:
    """Return one flat row per hypothesis: the decisive comparison, and a summary in sentences."""
    rows = []
    for verdict in verdicts:
        part = decisive(verdict)
        rows.append(
            {
                "hypothesis": verdict.hypothesis.name,
                "verdict": verdict.outcome,
                "statement": verdict.hypothesis.statement,
                "rule": verdict.hypothesis.decision_rule,
                "threshold": verdict.threshold,
                "statistic": _number(part.statistic) if part else None,
                "lower": _number(part.lower) if part else None,
                "upper": _number(part.upper) if part else None,
                "n": part.n if part else None,
                "runs": part.runs if part else "",
                "evidence": verdict.evidence,
                "change": verdict.change,
                **_registered(verdict),
            }
        )
    return rows


def _registered(verdict: HypothesisVerdict) -> dict[str, Any]:
    """Return under which registration a hypothesis was judged, and the commands that make its results again."""
    registration = verdict.registration
    if registration is None:
        return {"registered": "", "again": "", "look": None, "error_rate": None, "power": None}
    return {
        "registered": f"registered as {registration.name} (SHA-256 {registration.sha256[:DIGITS]}) by version {registration.version}, "
        f"sources {registration.sources_sha256[:DIGITS]}",
        "again": " && ".join(registration.commands),
        "look": registration.look,
        "error_rate": registration.error_rate,
        "power": registration.power,
    }


def part_rows(verdicts: Sequence[HypothesisVerdict]) -> list[dict[str, Any]]:
    """Return one flat row a number that a hypothesis rests on."""
    return [
        {
            "hypothesis": verdict.hypothesis.name,
            "of": part.of,
            "statistic": _number(part.statistic),
            "lower": _number(part.lower),
            "upper": _number(part.upper),
            "n": part.n,
            "verdict": part.verdict,
            "reason": _reason(part),
            "runs": part.runs,
        }
        for verdict in verdicts
        for part in verdict.parts
    ]


def decisive(verdict: HypothesisVerdict) -> Part | None:
    """Return the number that the verdict turns on, None without results: among those with the worst verdict that with the worst bound.

    Medians and shares are not compared with one another; the first of those with the worst verdict is taken.
    """
    if not verdict.parts:
        return None
    ranks = [_SEVERITY.get(part.verdict, len(_SEVERITY)) for part in verdict.parts]
    worst = [part for part, rank in zip(verdict.parts, ranks, strict=True) if rank == min(ranks)]
    if isinstance(verdict.hypothesis, MedianToTarget):
        return worst[0]
    if isinstance(verdict.hypothesis, Ablation):
        return min(worst, key=lambda part: float("-inf") if isinstance(part.lower, Undefined) else part.lower)
    return largest_upper(worst)


def hypotheses_table(rows: Sequence[Mapping[str, Any]], registration: str) -> ReportTable:
    """Return the table of hypotheses with verdicts, evidence and falsification criteria.

    Args:
        rows: as `rows_of` gives them.
        registration: SHA-256 of the statements.
    """
    headings = {
        "hypothesis": "hypothesis",
        "statement": "statement",
        "verdict": "verdict",
        "evidence": "evidence",
        "change": "what would change it",
    }
    return ReportTable(
        name="hypotheses",
        title="Hypotheses of this project",
        caption=(
            "Each hypothesis stands with its rule in a registration made before the runs. holds and fails: each errs with at most the registered "
            "probability, all bounds of a hypothesis together; not shown: neither; refused: the results are not those that were registered; not run: "
            "there is nothing to judge by."
        ),
        columns=tuple(TableColumn(key=key, heading=heading, kind="text") for key, heading in headings.items()),
        rows=tuple(tuple(TableCell(str(row[key])) for key in headings) for row in rows),
        notes=(f"The SHA-256 of the statements starts with {registration[:12]}.",),
    )


def parts_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable | None:
    """Return the table of all numbers behind the hypotheses, from `part_rows`; None without results."""
    if not rows:
        return None
    return ReportTable(
        name="hypotheses-evidence",
        title="What the hypotheses rest on",
        caption=(
            "Ratios of restricted means (below 1 the method is faster), medians, differences (above 0 the part helps), shares, accuracies or counts, "
            "each with one-sided bounds at the registered error rate (accuracies at 95%). Times are restricted at the registered horizons."
        ),
        columns=(
            TableColumn(key="hypothesis", heading="hypothesis", kind="text", group=True),
            TableColumn(key="of", heading="of", kind="text"),
            TableColumn(key="statistic", heading="estimate", digits=3),
            TableColumn(key="lower", heading="lower bound", digits=3),
            TableColumn(key="upper", heading="upper bound", digits=3),
            TableColumn(key="n", heading="n", kind="count"),
            TableColumn(key="verdict", heading="verdict", kind="text"),
            TableColumn(key="runs", heading="hash", kind="text"),
        ),
        rows=tuple(_part_cells(row) for row in rows),
    )


def _part_cells(row: Mapping[str, Any]) -> tuple[TableCell, ...]:
    runs, unknown = str(row["runs"]), Undefined(str(row["reason"]) or "it is not determined")
    numbers = (
        TableCell(unknown if row[key] is None else row[key], runs=runs) for key in ("statistic", "lower", "upper")
    )
    verdict = str(row["verdict"]) or Undefined("the hypothesis is judged as a whole")
    return (
        TableCell(str(row["hypothesis"])),
        TableCell(str(row["of"])),
        *numbers,
        TableCell(row["n"], runs=runs),
        TableCell(verdict),
        TableCell(runs),
    )


def _number(value: float | Undefined) -> float | None:
    return None if isinstance(value, Undefined) else value


def _reason(part: Part) -> str:
    """Return why a number of it is undefined; empty where all are known."""
    unknown = [value.reason for value in (part.statistic, part.lower, part.upper) if isinstance(value, Undefined)]
    return unknown[0] if unknown else ""
