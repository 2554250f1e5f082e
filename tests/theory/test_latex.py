"""Output for a paper: every statement compiles, tables fit the page, figures come in three formats."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nasbench.theory import report
from nasbench.theory.latex_report import PACKAGES, format_number, inline, latex
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Claim, Outcome, Verdict, by_p_value
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.registry import Finding
from nasbench.theory.traces.trace_check import TraceCheck

CLAIMS = tuple(registry.all_claims().values())
VERDICT = by_p_value(1.23456e-7, 2661.6428, -3.21e-12, 15_625, note="a note with 100 % of $")


def _rows(claims: Sequence[Claim]) -> list[report.Row]:
    return [report.finding_row(Finding(claim, VERDICT, 1.0)) for claim in claims]


def _on_traces(claims: Sequence[Claim]) -> list[report.Row]:
    label = "regularized_evolution (population_size 30, tournament_size 10)"
    return [
        report.trace_check_row(TraceCheck(claim.name, "nas-bench-201/imagenet16-120", label, VERDICT), claim)
        for claim in claims
    ]


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_no_statement_holds_a_control_character(name: str) -> None:
    claim = registry.find(name)
    texts = [claim.statement, claim.source, claim.mutant.description, *(a.text for a in claim.assumptions)]
    assert not [sign for text in texts for sign in text if unicodedata.category(sign) == "Cc"]
    assert all(text.count("$") % 2 == 0 for text in texts) and claim.statement.count("{") == claim.statement.count("}")
    assert r"\text" not in re.sub(r"\$[^$]*\$", "", inline(claim.statement))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
@pytest.mark.parametrize("kind", ["claims", "traces", "mutants"])
def test_every_statement_compiles_and_tables_fit_the_page(kind: str, tmp_path: Path) -> None:
    rows = _on_traces(CLAIMS[:40]) if kind == "traces" else _rows(CLAIMS)
    if kind == "mutants":
        rows = [{**row, "detection_limit": 1.234} for row in rows]
    about = CLAIMS if kind == "claims" else ()
    fragment = latex("Theory, 100 % of it", rows, about, report.headline(rows))
    loaded = "".join(f"\\usepackage{{{package}}}" for package in PACKAGES)
    page = f"\\documentclass{{article}}{loaded}\\begin{{document}}\n{fragment}\\end{{document}}\n"
    (tmp_path / "page.tex").write_text(page)
    command = ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", done.stdout)]
    assert max(too_wide, default=0.0) < 3.0, re.findall(r"Overfull.*\n.*", done.stdout)[:5]


def test_numbers_are_written_as_a_paper_does() -> None:
    assert [format_number(x) for x in (2661.6428, 1.2e-7, 0.5, 3, None, float("nan"), float("inf"))] == [
        r"$2.66\!\cdot\!10^{3}$", r"$1.2\!\cdot\!10^{-7}$", "$0.5$", "$3$", "--", "--", r"$\infty$",
    ]  # fmt: skip


def test_words_leave_the_formula() -> None:
    assert inline(r"x \text{ is at most } \frac{1}{\text{all}}, \text{ always}") == (
        r"$x $ is at most $ \frac{1}{\text{all}}, $ always"
    )
    assert inline("$f$ is smooth") == "$f$ is smooth"


def test_each_curve_is_drawn_in_three_formats(tmp_path: Path) -> None:
    x = np.array([1.0, 10.0, 100.0])
    curve = LawCurve.of_growth(x, 2 * x, x, "operations", "queries")
    verdict = Verdict(Outcome.HOLDS, 1.0, 2.0, 2.0, None, None, 3, curve=curve)
    written = report.write(tmp_path, "Claims", _rows(CLAIMS[:1]), CLAIMS[:1], [Finding(CLAIMS[0], verdict, 0.1)])
    assert [path.suffix for path in written] == [".md", ".tex", ".svg", ".pdf", ".png"]
    assert written[3].read_bytes().startswith(b"%PDF") and written[4].read_bytes().startswith(b"\x89PNG")
    first = written[2].read_bytes()
    report.write(tmp_path, "Claims", _rows(CLAIMS[:1]), CLAIMS[:1], [Finding(CLAIMS[0], verdict, 0.1)])
    assert written[2].read_bytes() == first
