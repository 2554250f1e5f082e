"""Verdicts as rows, Markdown, LaTeX and figures."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench import markup
from nasbench.cli.console import print_table
from nasbench.errors import NasbenchError
from nasbench.theory.machinery.claim import Claim, Verdict
from nasbench.theory.machinery.readable import readable
from nasbench.theory.machinery.registry import Finding
from nasbench.theory.traces.trace_check import TraceCheck

Row = dict[str, Any]

TERMINAL_COLUMNS = ("claim", "benchmark", "optimizer", "verdict", "statistic", "bound", "tightness", "p_value", "n")
"""Columns on the terminal, if present."""

LONGEST = 48
"""Maximum length of an optimizer's label in the title and file name of a figure."""


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
    """Return a finding as one flat row; `passed` is False for violated claims and undetected mutants."""
    return {
        "claim": finding.claim.name,
        **verdict_row(finding.verdict),
        "mutant": finding.mutant,
        "passed": finding.passed,
        "seconds": round(finding.seconds, 3),
    }


def trace_check_row(check: TraceCheck) -> Row:
    """Return the check of a claim on the runs of one optimizer as one flat row."""
    return {
        "claim": check.claim,
        "benchmark": check.benchmark,
        "optimizer": check.optimizer,
        **verdict_row(check.verdict),
        "passed": check.passed,
    }


def claim_row(claim: Claim) -> Row:
    """Return a claim as `nasbench list claims` shows it."""
    return {
        "name": claim.name,
        "statement": readable(claim.statement),
        "source": claim.source,
        "assumptions": len(claim.assumptions),
        "unchecked": sum(not assumption.checked for assumption in claim.assumptions),
        "mutant": claim.mutant.description,
    }


def markdown(title: str, rows: Sequence[Row], claims: Sequence[Claim]) -> str:
    """Return a page: the verdicts as a table, then each claim with its statement, assumptions and source."""
    shown = [name for name in (rows[0] if rows else ()) if name not in ("low", "high", "seconds", "mutant", "passed")]
    lines = [f"# {markup.markdown(title)}", "", "| " + " | ".join(shown) + " |", "|" + " --- |" * len(shown)]
    lines += ["| " + " | ".join(markup.markdown(_cell(row[name])) for name in shown) + " |" for row in rows]
    for claim in claims:
        lines += ["", f"## {claim.name}", "", _formula(claim.statement), "", f"Source: {claim.source}.", ""]
        lines += [f"- {a.text}{'' if a.checked else ' (not checked)'}" for a in claim.assumptions]
        lines += [f"- mutant: {claim.mutant.description}"]
    return "\n".join(lines) + "\n"


def latex(title: str, rows: Sequence[Row], claims: Sequence[Claim]) -> str:
    """Return a LaTeX fragment to be input: the verdicts as a longtable, then a description list of the claims."""
    shown = [n for n in (rows[0] if rows else ()) if n not in ("low", "high", "seconds", "mutant", "passed", "note")]
    columns = "".join("l" if isinstance(rows[0][name], str) else "r" for name in shown)
    lines = [
        f"% {markup.printable(title)}",
        f"\\begin{{longtable}}{{{columns}}}",
        " & ".join(markup.latex(name) for name in shown) + r" \\ \hline",
        *(" & ".join(markup.latex(_cell(row[name])) for name in shown) + r" \\" for row in rows),
        r"\end{longtable}",
        r"\begin{description}",
        *(
            f"\\item[{{{markup.latex(claim.name)}}}] {_formula(claim.statement)} \\emph{{{markup.latex(claim.source)}}}"
            for claim in claims
        ),
        r"\end{description}",
    ]
    return "\n".join(lines) + "\n"


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """Print verdicts as a table on standard output."""
    shown = [name for name in TERMINAL_COLUMNS if rows and name in rows[0]]
    print_table(title, [{name: row[name] for name in shown} for row in rows])


def write(
    folder: Path, title: str, rows: Sequence[Row], claims: Sequence[Claim], check: Sequence[TraceCheck] = ()
) -> list[Path]:
    """Write `verify.md`, `verify.tex` and one figure per curve; return the files.

    Raises:
        NasbenchError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "verify.md", folder / "verify.tex"]
        drawn = [one for one in check if one.curve is not None]
        figures = [_figure(folder, one, number) for number, one in enumerate(drawn)]
        page = markdown(title, rows, claims)
        if figures:
            page += "\n" + "\n".join(f"![{path.stem}]({path.name})" for path in figures) + "\n"
        written[0].write_text(page, encoding="utf-8")
        written[1].write_text(latex(title, rows, claims), encoding="utf-8")
    except OSError as error:
        raise NasbenchError(f"The folder {folder} cannot be written ({error.strerror}); choose one that can.") from None
    return written + figures


def _figure(folder: Path, check: TraceCheck, number: int) -> Path:
    """Plot the predicted curve over the empirical one with its confidence band; an SVG named after its number, claim, benchmark and optimizer."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    curve = check.curve
    assert curve is not None
    # Labels are plain text, whatever characters they have.
    with rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure = Figure(figsize=(5.2, 3.4), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.fill_between(curve.queries, curve.low, curve.high, alpha=0.25, linewidth=0, step="post", label="95% band")
        axes.step(curve.queries, curve.seen, where="post", label="runs")
        axes.plot(curve.queries, curve.stated, color="black", linestyle="--", label=curve.kind)
        axes.set(xlabel="queries", ylabel=curve.what, xscale="log")
        of = markup.printable(f"{check.optimizer[:LONGEST]} on {check.benchmark}")
        axes.set_title(f"{of}\n{check.claim}: {check.verdict.outcome.value}", fontsize=9)
        axes.legend(fontsize=8)
        stem = "-".join((f"{number:02d}", check.claim, check.benchmark, check.optimizer[:LONGEST]))
        path = folder / ("".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in stem) + ".svg")
        figure.savefig(path, metadata={"Date": None})
    return path


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _formula(statement: str) -> str:
    return statement if "$" in statement else f"${statement}$"
