"""Verdicts as rows, in Markdown, and written to a folder with LaTeX and figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from nasbench import markup
from nasbench.cli.console import print_table
from nasbench.errors import NasbenchError
from nasbench.theory.figures import draw, figures_of
from nasbench.theory.latex_report import latex
from nasbench.theory.machinery.claim import CLAIM_KINDS, Claim, Outcome, Verdict
from nasbench.theory.machinery.detection_limit import DetectionLimit
from nasbench.theory.machinery.readable import readable
from nasbench.theory.machinery.registry import Finding
from nasbench.theory.traces.trace_check import TraceCheck

Row = dict[str, Any]

TERMINAL_COLUMNS = (
    "claim", "kind", "benchmark", "optimizer", "verdict", "statistic", "bound", "tightness", "p_value", "n", "detection_limit",
    "constant",
)  # fmt: skip
"""Columns on the terminal, if present."""


def verdict_row(verdict: Verdict) -> Row:
    """Return the flat columns of a verdict."""
    low, high = verdict.interval or (None, None)
    return {
        "verdict": verdict.outcome.value,
        "statistic": verdict.statistic,
        "bound": verdict.bound,
        "tightness": verdict.tightness,
        "p_value": verdict.p_value,
        "n": verdict.n,
        "low": low,
        "high": high,
        "note": verdict.note,
    }


def finding_row(finding: Finding) -> Row:
    """Return a finding as one flat row; `passed` is False for violated claims, undetected mutants and checks that raised."""
    return {
        "claim": finding.claim.name,
        "kind": finding.claim.kind,
        **verdict_row(finding.verdict),
        **(_limit_columns(finding.limit) if finding.mutant else {}),
        "mutant": finding.mutant,
        "passed": finding.passed,
        "seconds": round(finding.seconds, 3),
    }


def _limit_columns(limit: DetectionLimit | None) -> Row:
    if limit is None:
        return {"detection_limit": None, "constant": None}
    return {"detection_limit": limit.distance, "constant": f"{limit.constant}, {limit.factor:.3g} times"}


def trace_check_row(check: TraceCheck, claim: Claim | None) -> Row:
    """Return a check on the runs of one optimizer as one flat row: of a claim, or of None where nothing is stated."""
    return {
        "claim": check.claim,
        "kind": None if claim is None else claim.kind,
        "benchmark": check.benchmark,
        "optimizer": check.optimizer,
        **verdict_row(check.verdict),
        "passed": check.passed,
    }


def claim_row(claim: Claim) -> Row:
    """Return a claim as `nasbench list claims` shows it."""
    return {
        "name": claim.name,
        "kind": claim.kind,
        "statement": readable(claim.statement),
        "source": claim.source,
        "assumptions": len(claim.assumptions),
        "unchecked": sum(not assumption.checked for assumption in claim.assumptions),
        "mutant": claim.mutant.description,
    }


def count_rows(rows: Sequence[Row]) -> list[Row]:
    """Return how many verdicts of each kind of claim there are, by outcome, one flat row a kind."""
    kinds = dict.fromkeys(kind for kind in CLAIM_KINDS if any(row["kind"] == kind for row in rows))
    return [
        {"kind": kind, "claims": len(outcomes), **{outcome.value: outcomes.count(outcome) for outcome in Outcome}}
        for kind in kinds
        for outcomes in ([row["verdict"] for row in rows if row["kind"] == kind],)
    ]


def headline(rows: Sequence[Row]) -> str:
    """Return the counts of kinds and of outcomes, and the median detection limit where there are any, as one sentence."""
    kinds = Counter(row["kind"] for row in rows)
    outcomes = Counter(row["verdict"] for row in rows)
    told = ", ".join(f"{kinds[kind]} {kind}{'' if kinds[kind] == 1 else 's'}" for kind in CLAIM_KINDS if kinds[kind])
    found = ", ".join(f"{outcomes[outcome]} {outcome.value}" for outcome in Outcome if outcomes[outcome])
    limits = [row["detection_limit"] for row in rows if row.get("detection_limit") is not None]
    power = (
        f" A wrong constant is rejected from a factor of {median(limits):.3g} in the median of {len(limits)} claims, {max(limits):.3g} in the worst."
        if limits
        else ""
    )
    return f"{told or 'No claim'}: {found}.{power}"


def markdown(title: str, rows: Sequence[Row], claims: Sequence[Claim]) -> str:
    """Return a page: the verdicts as a table, then each claim with its statement, assumptions and source."""
    shown = [name for name in (rows[0] if rows else ()) if name not in ("low", "high", "seconds", "mutant", "passed")]
    lines = [
        f"# {markup.markdown(title)}",
        "",
        *([headline(rows), ""] if rows and "kind" in rows[0] else []),
        "| " + " | ".join(shown) + " |",
        "|" + " --- |" * len(shown),
    ]
    lines += ["| " + " | ".join(markup.markdown(_cell(row[name])) for name in shown) + " |" for row in rows]
    for claim in claims:
        lines += ["", f"## {claim.name}", "", _formula(claim.statement), "", f"Source: {claim.source}.", ""]
        lines += [f"- {a.text}{'' if a.checked else ' (not checked)'}" for a in claim.assumptions]
        lines += [f"- mutant: {claim.mutant.description}"]
    return "\n".join(lines) + "\n"


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """Print verdicts as a table on standard output."""
    shown = [name for name in TERMINAL_COLUMNS if rows and name in rows[0]]
    print_table(title, [{name: row[name] for name in shown} for row in rows])


def failures(rows: Sequence[Row], mutants: bool, seed: int) -> Iterator[str]:
    """Yield one sentence for each row that did not pass, and what to do about a violation that may be chance."""
    for row in rows:
        if not row["passed"]:
            missed = row["verdict"] if not mutants or row["verdict"] == Outcome.ERROR else "the mutant was not detected"
            yield f"{row['claim']}: {missed}; {row['note']}"
    chance = [row["claim"] for row in rows if row["verdict"] == Outcome.VIOLATED and row["p_value"] is not None]
    if chance and not mutants and "optimizer" not in rows[0]:
        yield (
            f"One call in twenty rejects a true statement by chance, over all its p-values (Holm): repeat with a fresh seed, `nasbench verify "
            f"{' '.join(chance)} --seed {seed + 1}`; what is false is rejected again."
        )


def write(
    folder: Path,
    title: str,
    rows: Sequence[Row],
    claims: Sequence[Claim],
    results: Sequence[Finding] | Sequence[TraceCheck] = (),
) -> list[Path]:
    """Write `verify.md`, `verify.tex`, and each curve as SVG, PDF and PNG; return the files.

    Raises:
        NasbenchError: the folder cannot be written.
    """
    summary = headline(rows) if rows and "kind" in rows[0] else ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "verify.md", folder / "verify.tex"]
        figures = draw(folder, figures_of(results))
        page = markdown(title, rows, claims)
        if figures:
            shown = [path for path in figures if path.suffix == ".svg"]
            page += "\n" + "\n".join(f"![{path.stem}]({path.name})" for path in shown) + "\n"
        written[0].write_text(page, encoding="utf-8")
        written[1].write_text(latex(title, rows, claims, summary), encoding="utf-8")
    except OSError as error:
        raise NasbenchError(f"The folder {folder} cannot be written ({error.strerror}); choose one that can.") from None
    return written + figures


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _formula(statement: str) -> str:
    return statement if "$" in statement else f"${statement}$"
