"""The description of a table, its renderings, and what must not be built."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nasbench.errors import NasbenchError
from nasbench.markup import latex as escaped
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.render import write_table_files
from nasbench.reports.tables.table import ReportTable, TableCell, TableColumn, letters, value_text
from nasbench.reports.tables.to_csv import to_csv
from nasbench.reports.tables.to_html import to_html
from nasbench.reports.tables.to_latex import ROWS_A_PAGE, to_latex
from nasbench.reports.tables.to_markdown import to_markdown

COLUMNS = (
    TableColumn(key="set", heading="data set", kind="text", group=True),
    TableColumn(key="method", heading="method & more", kind="text"),
    TableColumn(key="mean", heading="mean (%)", digits=2),
    TableColumn(key="share", heading="share (%)", kind="percent", digits=0),
    TableColumn(key="p", heading="p", kind="p_value"),
    TableColumn(key="n", heading="n", kind="count"),
)
REASON = Undefined("one run shows no variation between runs")


def row(name: str, method: str, mean: TableCell) -> tuple[TableCell, ...]:
    return (
        TableCell(name),
        TableCell(method),
        mean,
        TableCell(-0.004, runs="aa"),
        TableCell(0.0001, runs="aa"),
        TableCell(1500, runs="aa"),
    )


TABLE = ReportTable(
    name="sample",
    title="A_title",
    caption="50% of <everything> & more.",
    columns=COLUMNS,
    rows=(
        row("a_1", "x|y", TableCell(1 / 3, Interval(0.25, 0.5, 0.95), mark="*", best=True, runs="aa")),
        row("a_1", "$z^2$", TableCell(2.5, REASON, runs="bb")),
        row("b", "~#{}\\", TableCell(REASON, runs="cc")),
    ),
    marks={"*": "worse, by far", "†": "never used"},
    notes=("A note.",),
)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (TableCell(float("nan"), runs="aa"), "the number is missing"),
        (TableCell(float("inf"), runs="aa"), "the number is missing"),
        (TableCell("", runs="aa"), "the number is missing"),
        (TableCell(1.0), "does not say what runs"),
        (TableCell(1.0, mark="‡", runs="aa"), "is not explained"),
        (TableCell(Undefined(""), runs="aa"), "without a reason"),
    ],
)
def test_a_missing_cell_fails_to_build(cell: TableCell, fault: str) -> None:
    with pytest.raises(NasbenchError, match=fault):
        replace(TABLE, rows=(row("a", "b", cell),))


def test_a_short_row_an_empty_text_and_no_rows_fail_to_build() -> None:
    with pytest.raises(NasbenchError, match="5 cells for 6 columns"):
        replace(TABLE, rows=(TABLE.rows[0][:-1],))
    with pytest.raises(NasbenchError, match="the text is missing"):
        replace(TABLE, rows=(row("", "b", TableCell(1.0, runs="aa")),))
    with pytest.raises(NasbenchError, match="has no rows"):
        replace(TABLE, rows=())


def test_csv_keeps_every_digit_and_every_hash() -> None:
    found = list(csv.DictReader(io.StringIO(to_csv(TABLE))))
    assert [float(r["mean"]) for r in found[:2]] == [1 / 3, 2.5]
    assert (float(found[0]["mean lower"]), float(found[0]["mean upper"])) == (0.25, 0.5)
    assert [r["mean runs"] for r in found] == ["aa", "bb", "cc"]
    assert [r["mean undefined"] for r in found] == ["", REASON.reason, REASON.reason]
    assert found[2]["mean"] == ""
    assert found[0]["mean mark"] == "*"
    assert "share lower" not in found[0]


class Reader(HTMLParser):
    """Rows of cells as (tag, attributes, text)."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[list]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append([tag, dict(attrs), ""])
        if tag != "wbr":  # which has no end
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1][2] += data


def test_html_is_well_formed_with_headers_values_and_hashes() -> None:
    reader = Reader()
    reader.feed(to_html(TABLE))
    assert reader.open == []
    head, *body = reader.rows
    assert [cell[1]["scope"] for cell in head] == ["col"] * 6
    assert [r[0][0] for r in body] == ["th"] * 3
    assert body[0][2][1]["data-value"] == str(1 / 3)
    assert body[0][2][1]["title"] == "runs aa"
    assert body[0][2][2] == "0.33* [0.25, 0.50]"
    assert body[1][2][2] == "2.50a"
    assert body[2][2][2] == "–b"
    assert "<everything>" not in to_html(TABLE)


def test_markdown_has_one_line_a_row_and_escapes_bars() -> None:
    lines = to_markdown(TABLE).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 5
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {7}
    assert "**0.33**\\*" not in table[2]  # a mark is no markup, and stands bare
    assert lines[-1] == "- A note."
    assert f"- a: no interval: {REASON.reason}" in lines  # one reason, two notes
    assert f"- b: no value: {REASON.reason}" in lines
    assert not any("never used" in line for line in lines)


def test_numbers_are_written_as_papers_do() -> None:
    assert value_text(COLUMNS[3], TableCell(-0.004)) == "0"  # no minus zero
    assert value_text(COLUMNS[3], TableCell(-0.12)) == "−12"
    assert value_text(COLUMNS[4], TableCell(0.0001)) == "<0.001"
    assert value_text(COLUMNS[5], TableCell(1500)) == "1,500"
    general = TableColumn(key="x", heading="x", kind="general", digits=4)
    written = [value_text(general, TableCell(v)) for v in (1677290.66, 0.0132, 23.07175, -2e-9, 0.0)]
    assert written == ["1,677,291", "0.0132", "23.07", "−2e-09", "0"]
    assert [letters(i) for i in (0, 25, 26, 52)] == ["a", "z", "aa", "ba"]


def test_latex_escapes_what_latex_would_read() -> None:
    assert (
        escaped("50 % of a_1 & ~#{}\\ ≤ −1") == r"50 \% of a\_1 \& \textasciitilde{}\#\{\}\textbackslash{} $\le$ $-$1"
    )
    assert to_latex(TABLE).count("a\\_1 &") == 1  # a group is named once
    assert "% runs aa" in to_latex(TABLE)


def test_every_format_is_written(tmp_path: Path) -> None:
    written = write_table_files(TABLE, tmp_path)
    assert {path.suffix for path in written} == {".md", ".tex", ".html", ".csv"}
    assert all(path.stat().st_size > 0 for path in written)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_long_tables_compile(tmp_path: Path) -> None:
    many = replace(TABLE, rows=TABLE.rows * ROWS_A_PAGE)
    text = r"\documentclass{article}\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx}\begin{document}"
    (tmp_path / "t.tex").write_text(text + to_latex(many) + r"\end{document}", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "too large" not in done.stdout
    assert to_latex(many).count(r"\begin{table}") == 3
