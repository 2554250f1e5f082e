"""What a reader sees first: the headline, the result, display names, options; and that nothing is lost below."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.comparison import Comparison, compare
from nasbench.reports.analysis.display_names import OPTIMIZERS, SUITE_NAMES, DisplayNames
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study, rename
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.figure import Figure
from nasbench.reports.figures.hover import hover_data
from nasbench.reports.figures.style import INK, Styles
from nasbench.reports.page.headline import headline
from nasbench.reports.page.options import ReportOptions, formats_of, read_options
from nasbench.reports.page.report import build_report
from nasbench.reports.page.sections import ORDER
from nasbench.reports.page.writer import write_report
from nasbench.reports.tables import table as table_module
from nasbench.reports.tables.table import ReportTable, TableCell
from nasbench.reports.tables.to_html import to_html
from nasbench.search.registry import optimizer_names


@pytest.fixture(scope="module")
def evaluation(results: Results) -> BenchmarkEvaluation:
    """One data set of the plain study."""
    return next(evaluate_study(results))


def compared(evaluation: BenchmarkEvaluation, **shifts: float) -> tuple[BenchmarkEvaluation, Comparison]:
    """Return an evaluation of optimizers whose 12 scores are the same numbers, shifted."""
    base = np.linspace(1.0, 2.0, 12)
    outcome = next(iter(evaluation.outcomes.values()))
    outcomes = {label: replace(outcome, score=base + shift) for label, shift in shifts.items()}
    scores = {label: o.score for label, o in outcomes.items()}
    return replace(evaluation, outcomes=outcomes), compare(scores, dict.fromkeys(shifts, "0"), np.random.default_rng(0))


def test_the_headline_says_who_wins_by_how_much_and_how_sure(evaluation: BenchmarkEvaluation) -> None:
    one, comparison = compared(evaluation, a=0.0, b=0.25, c=0.125)
    # A shift that is equal in all of 12 pairs is significant, however small.
    text = headline([one], {one.benchmark: comparison}, "error", unit="points")
    assert text == (
        "a has the lowest mean error on cifar10, 0.12 points ahead of the second best; "
        "it is significantly better than b and c."
    )
    few = {label: replace(standing, p_value=0.3) for label, standing in comparison.standings.items()}
    text = headline([one], {one.benchmark: replace(comparison, standings=few)}, "error", unit="points")
    assert text.endswith("the difference from b and c is not significant.")
    assert "only optimizer" in headline([replace(one, outcomes={"a": one.outcomes["a"]})], {}, "error")


def test_the_headline_of_data_sets_with_different_winners_names_them_all(evaluation: BenchmarkEvaluation) -> None:
    first, second = compared(evaluation, a=0.0, b=0.5), compared(evaluation, a=0.5, b=0.0)
    third = compared(evaluation, a=0.0, b=0.0)
    evaluations = [replace(e, benchmark=name) for name, (e, _) in zip("xyz", (first, second, third), strict=True)]
    comparisons = {name: c for name, (_, c) in zip("xyz", (first, second, third), strict=True)}
    text = headline(evaluations, comparisons, "error", unit="points")
    assert text == (
        "No optimizer has the lowest mean error on all 3 data sets: a on 1 and b on 1, 0.50 points ahead of the second best; "
        "on 1 it is shared. The lead is significant over all others on 2 of 2 data sets."
    )
    unsure = {
        name: replace(c, standings={label: replace(s, p_value=0.3) for label, s in c.standings.items()})
        for name, c in comparisons.items()
    }
    assert headline(evaluations, unsure, "error").endswith("shared. No lead is significant over any other optimizer.")
    shared = headline(evaluations[2:], {"z": comparisons["z"]}, "error")
    assert shared == "No single optimizer has the lowest mean error on any data set."


def test_the_result_comes_first_and_every_table_and_figure_is_in_one_section(
    results: Results, several: Results
) -> None:
    for opened, lead in (
        (results, ["anytime-queries", "overview"]),
        (several, ["hypervolume", "hypervolume-overview"]),
    ):
        report = build_report(opened)
        assert [block.name for block in report.sections[0].shown] == lead
        names = [block.name for section in report.sections for block in section.blocks]
        assert sorted(names) == sorted([*(t.name for t in report.tables), *(f.name for f in report.figures)])
        refused = [b.name for s in report.sections for b in s.shown if isinstance(b, Figure) and b.refused]
        assert not refused
        assert report.sections[-1].heading in ORDER  # nothing is without a place


def test_hypervolume_overview_holds_the_means_of_the_final_fronts(several: Results) -> None:
    tables = {table.name: table for table in build_report(several, options=ReportOptions(formats=())).tables}
    table = tables["hypervolume-overview"]
    for evaluation, column in zip(evaluate_study(several), range(1, 3), strict=True):
        for row, (label, outcome) in zip(table.rows, evaluation.outcomes.items(), strict=True):
            assert outcome.fronts is not None and row[0].value == SUITE_NAMES.optimizer(label)
            mean, sd = (float(f(100 * outcome.fronts.volume[:, -1])) for f in (np.mean, lambda v: np.std(v, ddof=1)))
            shown = [float(part) for part in str(row[column].value).split(" ± ")]
            assert shown == pytest.approx([mean, sd], abs=0.06)


def test_the_forest_plot_shows_the_ratios_of_its_table(results: Results) -> None:
    report = build_report(results)
    figure = next(figure for figure in report.figures if figure.name == "time-ratios")
    table = next(table for table in report.tables if table.name == "time-to-target-queries")
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    for panel in figure.panels:
        (axes,) = panel.picture.axes
        points = sorted(line.get_xdata()[0] for line in axes.lines if line.get_color() != INK)
        reductions = [
            row["reduction"].value
            for row in rows
            if (row["benchmark"].value, row["target"].value) == (panel.title, "one of the ten best")
            and row["optimizer"].value != "Random search"
        ]
        assert len(reductions) == 2
        assert points == pytest.approx(sorted(1.0 - value for value in reductions if isinstance(value, float)))


def test_names_of_optimizers_and_data_sets() -> None:
    names = DisplayNames({"local_search": "LS"})
    assert names.optimizer("local_search") == "LS"
    assert names.optimizer("regularized_evolution (30, 10)") == "Regularized evolution (30, 10)"
    assert names.optimizer("hybrid without gradient") == "hybrid without gradient"  # a label of the user's own
    assert names.problem("cifar10") == "CIFAR-10"
    assert names.problem("nas-bench-graph/cora") == "NAS-Bench-Graph, Cora"
    assert names.problem("mine/d") == "mine/d"
    assert set(optimizer_names()) <= set(OPTIMIZERS)
    text = "Random search beats it on X. Random search and Hybrid are equal; Local search: Random search is not."
    assert SUITE_NAMES.in_text(text) == (
        "Random search beats it on X. Random search and the hybrid are equal; local search: random search is not."
    )
    assert names.problems(["nas-bench-201/cifar10", "nas-bench-360/darcy", "mine/d"]) == {
        "nas-bench-201/cifar10": "CIFAR-10",
        "nas-bench-360/darcy": "Darcy flow",
        "mine/d": "mine/d",
    }
    twice = ["nas-bench-201/cifar10", "nats-bench-size-reference/cifar10"]
    assert list(names.problems(twice).values()) == ["NAS-Bench-201, CIFAR-10", "NATS-Bench size space, CIFAR-10"]
    assert list(DisplayNames({"cifar10": "C"}).problems(twice[:1]).values()) == ["C"]
    with pytest.raises(NasbenchError, match="did you mean 'local_search'"):
        DisplayNames({"local_serch": "LS"}).check(["local_search"], ["a/b"])
    with pytest.raises(NasbenchError, match="a and b would both be called 'X'"):
        DisplayNames({"a": "X", "b": "X"}).check(["a", "b"], [])


def test_chosen_names_stand_everywhere_in_place_of_the_labels(results: Results, tmp_path: Path) -> None:
    style = tmp_path / "style.toml"
    style.write_text(
        '[names]\nlocal_search = "Climber"\n"nas-bench-201/cifar10" = "C10"\ncifar100 = "C100"\n'
        '[figures]\nformats = ["svg"]\nfont = "serif"\nshow = ["anytime-queries", "time-ratios"]\n'
    )
    options = read_options(style)
    report = build_report(results, "local_search", options=replace(options, is_compact=True))
    written = write_report(report, tmp_path / "out", replace(options, is_compact=True))
    assert "serif" in report.figures[0].panels[0].svg
    assert sorted(path.name for path in (tmp_path / "out" / "figures").iterdir()) == [
        "anytime-queries.svg",
        "time-ratios.svg",
    ]
    page = written.page.read_text()
    body = page[page.index("<main>") : page.index("The study as it was run")]
    assert "Climber" in body and "C10" in body and "C100" in body
    assert "local_search" not in body.replace("local_search: ", "") and "cifar100 (" not in body
    main = (tmp_path / "out" / "main.tex").read_text()
    assert r"\documentclass" not in main and "Climber" in main and r"\section" not in main


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[figures]\nformats = ['gif']", "gif"),
        ("[figures]\nfont = 'comic'", "font"),
        ("[names]\na = ' '", "empty name"),
        ("[colour]\n", "no key 'colour'"),
    ],
)
def test_a_wrong_style_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "style.toml").write_text(text)
    with pytest.raises(NasbenchError, match=message) as caught:
        read_options(tmp_path / "style.toml")
    assert "\n" not in str(caught.value)


def test_choices_of_figure_files() -> None:
    assert formats_of("all") == ("svg", "pdf", "png")
    assert formats_of("png") == ("png",)
    assert not ReportOptions(formats=formats_of("none")).are_drawn
    with pytest.raises(NasbenchError, match="gif"):
        formats_of("gif")


def test_values_under_the_pointer_are_those_of_the_curves(results: Results, evaluation: BenchmarkEvaluation) -> None:
    report = build_report(results)
    (panel, *_) = next(figure for figure in report.figures if figure.name == "anytime-queries").panels
    data = json.loads(hover_data(panel))
    assert [curve["label"] for curve in data["curves"]] == [SUITE_NAMES.optimizer(label) for label in results.labels]
    assert data["x"]["scale"] == "log"
    left, top, right, bottom = data["box"]
    width, height = 72 * panel.picture.get_size_inches()
    assert 0 < left < right < width and 0 < top < bottom < height
    for curve, outcome in zip(data["curves"], evaluation.outcomes.values(), strict=True):
        own = outcome.curves["queries"]
        median = np.median(own.regret, axis=0)
        for x, y in zip(curve["x"], curve["y"], strict=True):
            near = int(np.argmin(np.abs(own.budgets - x)))
            assert math.isclose(y, median[near], rel_tol=1e-3, abs_tol=1e-9)
    wins = next(figure for figure in report.figures if figure.name == "win-probability")
    assert hover_data(wins.panels[0]) == ""


def test_renaming_keeps_the_numbers(evaluation: BenchmarkEvaluation) -> None:
    named = rename(evaluation, "CIFAR-10", SUITE_NAMES)
    assert named.short == named.scoring.name == "CIFAR-10"
    for label, outcome in evaluation.outcomes.items():
        assert named.outcomes[SUITE_NAMES.optimizer(label)] is outcome
    assert Styles(tuple(named.outcomes)).labels[0] == "Random search"


def test_every_section_holds_tables_or_figures(results: Results) -> None:
    for section in build_report(results, options=ReportOptions(formats=())).sections:
        assert section.blocks and all(isinstance(block, ReportTable | Figure) for block in section.blocks)


def test_the_footnotes_of_a_table_are_numbered_once_however_many_cells_it_has(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    lacking = table_module.lacking

    def counted(cell: TableCell) -> tuple[str, ...]:
        nonlocal calls
        calls += 1
        return lacking(cell)

    (table,) = (t for t in build_report(results, options=ReportOptions(formats=())).tables if t.name == "comparison")
    monkeypatch.setattr(table_module, "lacking", counted)
    to_html(table)
    cells = len(table.rows) * len(table.columns)
    assert calls <= 2 * cells  # once to number the notes, once for each cell
