"""Labels, titles and descriptions of others are text in every format."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench.markup import fenced, latex, markdown, printable, spreadsheet
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import LONGEST, LegendEntry, shown
from nasbench.theory.machinery.claim import Outcome, not_judged
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.report import write
from nasbench.theory.traces.trace_check import TraceCheck
from tests.fuzz.report_inputs import LABELS


def test_figures_show_every_label_as_it_stands() -> None:
    def draw(axes: Any) -> None:
        for i, label in enumerate(LABELS):
            axes.plot([0, 1], [0, i], label=shown(label))
        axes.set_title(shown(LABELS[0]))
        axes.set_yticks(range(len(LABELS)), [shown(label) for label in LABELS])

    with warnings.catch_warnings():
        warnings.simplefilter("error", category=DeprecationWarning)
        panel = Panel(panel_name("p", 'a\\d"><script>'), "t", draw, "alt")
        legend = tuple(LegendEntry(shown(label), "#000000", "-") for label in LABELS)
        (sheet,) = Figure("f", "t", "", (panel,), legend=legend).sheets
        texts = [text.get_text() for text in sheet.picture.legends[0].get_texts()]
    assert len(texts) == len(LABELS) and len(set(texts)) == len(LABELS)
    assert all(len(text) <= LONGEST + 1 and "\n" not in text and "\x00" not in text for text in texts)
    assert r"$\frac$" in panel.svg and "<script>" not in panel.svg
    assert Figure("f", "t", "", (panel,)).panels[0].name.startswith("p-a_d___script_-")


def test_names_of_panels_are_names_of_files_and_apart() -> None:
    assert panel_name("anytime", "nas-bench-201/cifar10") == "anytime-nas-bench-201-cifar10"
    names = [panel_name("anytime", label) for label in LABELS]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and len(name) < 200 and not set(name) & set('/\\"<> ') for name in names)


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("# heading", r"\# heading"),
        ("a\n# b", r"a \# b"),
        ("![i](x)", r"!\[i\](x)"),
        ("a|b", r"a\|b"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("2.50", "2.50"),
        ("$x$", r"\$x\$"),
        ("===", r"\==="),
    ],
)
def test_markdown_shows_text(text: str, shown_as: str) -> None:
    assert markdown(text) == shown_as


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("[3cm] x", "{}[3cm] x"),
        ("* x", "{}* x"),
        ("--x", "-{}-x"),
        ("Demšar", "Demšar"),
        ("遗 🙂", "? ?"),
        ("a\n\nb\x00", "a  b?"),
    ],
)
def test_latex_prints_text(text: str, shown_as: str) -> None:
    assert latex(text) == shown_as


def test_spreadsheets_hold_text_and_fences_hold() -> None:
    assert [spreadsheet(text)[0] for text in ("=1", "+1", "-1", "@a", "\tx", "\rx")] == ["'"] * 6
    assert spreadsheet("a=1") == "a=1"
    assert fenced("a ```` b", "toml") == "`````toml\na ```` b\n`````"
    assert printable("a\u202eb\u2028c\x07") == "ab c?"


def test_verdicts_on_hostile_labels_are_written(tmp_path: Path, make_curve: Callable[[], LawCurve]) -> None:
    verdict = not_judged(Outcome.UNDECIDED, "a | note", statistic=0.5, bound=0.5, n=2)
    spoken = [
        TraceCheck("random-search.time-law", "table/set", label, replace(verdict, curve=make_curve()))
        for label in LABELS[:12]
    ]
    rows = [{"claim": one.claim, "optimizer": one.optimizer, "note": verdict.note} for one in spoken]
    written = write(tmp_path / "out", "<b>title</b>", rows, (), spoken)
    assert len({path.name for path in written if path.suffix == ".svg"}) == len(spoken)
    assert "<b>" not in written[0].read_text().replace(r"\<b\>", "")
    assert r"$\frac$" in written[2].read_text()


@pytest.fixture
def make_curve() -> Callable[[], LawCurve]:
    import numpy as np

    def curve() -> LawCurve:
        at = np.array([1.0, 2.0])
        return LawCurve(at, at / 2, at / 2, at / 3, at, "P(T <= t)")

    return curve
