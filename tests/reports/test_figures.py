"""Figures: colours that everyone can tell apart, sound files, honest refusals."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.comparison import compare
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import headline
from nasbench.reports.figures.against_reference import against_reference
from nasbench.reports.figures.anytime import anytime
from nasbench.reports.figures.critical_difference import critical_difference
from nasbench.reports.figures.emphasis import styles_of
from nasbench.reports.figures.figure import Figure, Panel, inline_svg, write_figure_files
from nasbench.reports.figures.mean_rank import mean_rank
from nasbench.reports.figures.pairwise_significance import pairwise_significance
from nasbench.reports.figures.performance_profile import performance_profile
from nasbench.reports.figures.run_time import run_time, wilson_band
from nasbench.reports.figures.score_distributions import score_distributions
from nasbench.reports.figures.style import DASHES, GRID, INK, MOST_BEST, PALETTE, Styles, line_style, power_text
from nasbench.reports.figures.survival import survival
from nasbench.reports.figures.win_probability import win_probability
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.proportion import rate
from nasbench.reports.statistics.result import Estimate, Interval

LIGHT, DARK = "#ffffff", "#14161a"

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    scaled = xyz / [0.95047, 1.0, 1.08883]
    f = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(scope="module")
def evaluations(results: Results) -> list[BenchmarkEvaluation]:
    return list(evaluate_study(results))


@pytest.fixture(scope="module")
def styles(evaluations: list[BenchmarkEvaluation]) -> Styles:
    """All in colour."""
    return styles_of(evaluations, "random_search")


@pytest.mark.parametrize("colour", PALETTE)
def test_every_colour_stands_out_on_paper_and_on_dark_screens(colour: str) -> None:
    assert contrast(colour, LIGHT) >= 3.0  # WCAG 1.4.11, graphical objects
    assert contrast(colour, DARK) >= 3.0


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_first_four_colours_differ_for_colour_blind_readers(deficiency: str) -> None:
    seen = [lab(np.array(DEFICIENCIES[deficiency]) @ linear(colour)) for colour in PALETTE[:4]]
    assert (
        min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 10.0
    )  # CIE 1976; 2.3 is just noticeable


def test_colour_and_dashes_together_tell_28_optimizers_apart() -> None:
    labels = [str(i) for i in range(28)]
    assert len({(s["color"], str(s["linestyle"])) for s in (line_style(labels, label) for label in labels)}) == 28
    assert len(PALETTE) * len(DASHES) == 28


def test_files_are_sound_and_repeatable(evaluations: list[BenchmarkEvaluation], styles: Styles, tmp_path: Path) -> None:
    figures = [anytime(evaluations, "queries", styles), win_probability(evaluations)]
    paths = write_figure_files(figures, tmp_path)
    assert [path.name for path in paths] == [
        f"{name}.{ending}" for name in ("anytime-queries", "win-probability") for ending in ("svg", "pdf", "png")
    ]
    for path in paths:
        start = path.read_bytes()[:8]
        assert {
            ".svg": start.startswith(b"<?xml"),
            ".pdf": start.startswith(b"%PDF"),
            ".png": start == b"\x89PNG\r\n\x1a\n",
        }[path.suffix]
    again = tmp_path / "again"
    again.mkdir()
    write_figure_files([anytime(evaluations, "queries", styles)], again)
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_inlined_pictures_share_no_identifier_and_have_no_fixed_colour_of_text(
    evaluations: list[BenchmarkEvaluation],
    styles: Styles,
) -> None:
    figures = [
        anytime(evaluations, "queries", styles),
        anytime(evaluations, "train_seconds", styles),
        survival(evaluations, styles),
    ]
    seen: set[str] = set()
    for panel in (panel for figure in figures for panel in figure.panels):
        svg = inline_svg(panel)
        ET.fromstring(svg)
        own = set(re.findall(r'\bid="([^"]+)"', svg))
        assert not own & seen
        seen |= own
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own
        assert set(re.findall(r'xlink:href="#([^"]+)"', svg)) <= own
        assert INK not in svg
        assert "currentColor" in svg
        assert "metadata" not in svg
        assert "http://" not in svg.replace("http://www.w3.org/", "")  # names of formats, which nothing loads


def test_text_is_readable_at_column_width(evaluations: list[BenchmarkEvaluation], styles: Styles) -> None:
    (panel, *_) = anytime(evaluations, "queries", styles).panels
    assert panel.picture.get_size_inches()[0] == 3.35
    sizes = [
        t.get_fontsize() for t in panel.picture.findobj(match=lambda a: hasattr(a, "get_fontsize") and a.get_text())
    ]
    assert sizes
    assert min(sizes) >= 8.0
    (sheet,) = anytime(evaluations, "queries", styles).sheets
    assert sheet.picture.get_size_inches()[0] == 7.0
    assert [text.get_text() for text in sheet.picture.legends[0].get_texts()] == list(styles.labels)


def test_files_are_as_wide_as_the_venue_wants(evaluations: list[BenchmarkEvaluation], styles: Styles) -> None:
    figure = anytime(evaluations, "queries", styles)
    assert len(figure.panels) == 2
    for width, columns in ((5.5, 2), (3.35, 1)):
        (sheet,) = figure.styled("sans", width).sheets
        axes = sheet.picture.axes
        assert sheet.picture.get_size_inches()[0] == width
        assert len({round(one.get_position().x0, 2) for one in axes if one.get_visible()}) == columns
        assert min(t.get_fontsize() for one in axes for t in one.get_xticklabels()) >= 8.0
    with pytest.raises(NasbenchError, match="between 3 and 20 inches"):
        ReportOptions(width=1.0)


@pytest.mark.parametrize(
    "title", ["short", "a title that is much too long for a column of a page at this size, by far"]
)
def test_no_title_or_label_is_cut_off_beside_long_names(title: str) -> None:
    def draw(axes: Any) -> None:
        axes.set_yticks(range(2), ["regularized_evolution (30, 10)  2.18", "quantum_inspired"])
        axes.set_title(title)
        axes.set_xlabel("mean rank (critical difference 2.56), which is long")

    picture = Panel("name", title, draw, "").picture
    (axes,) = picture.axes
    for text in (axes.title, axes.xaxis.label, *axes.get_yticklabels()):
        extent = text.get_window_extent()
        assert -1 <= extent.x0 < extent.x1 <= picture.bbox.width + 1, text


def test_the_order_and_colour_of_an_optimizer_are_the_same_everywhere(
    evaluations: list[BenchmarkEvaluation], styles: Styles
) -> None:
    labels = list(evaluations[0].outcomes)
    for figure in (
        anytime(evaluations, "queries", styles),
        run_time(evaluations, styles),
        survival(evaluations, styles),
        performance_profile(evaluations, styles),
    ):
        for panel in figure.panels:
            axes = panel.picture.axes[0]
            problems, names = axes.get_legend_handles_labels()
            assert names == labels
            assert [problem.get_color() for problem in problems] == [
                line_style(labels, name)["color"] for name in names
            ]


def test_of_many_optimizers_the_reference_and_the_best_are_in_colour_and_have_bands(
    evaluations: list[BenchmarkEvaluation],
) -> None:
    outcomes = list(evaluations[0].outcomes.values())
    many = [
        replace(e, outcomes={f"m{i}": replace(outcomes[0], score=outcomes[0].score + abs(i - 6)) for i in range(10)})
        for e in evaluations
    ]
    styles = styles_of(many, "m0")
    assert len(styles.coloured) == MOST_BEST + 1
    assert set(styles.coloured) == {"m0", "m6", "m5", "m7", "m4"}  # m4 and m8 share a rank, and the first is taken
    assert len({styles.line(label)["color"] for label in styles.coloured}) == 5
    assert {styles.line(label)["color"] for label in styles.grey} == {GRID}
    figure = anytime(many, "queries", styles)
    (axes,) = figure.panels[0].picture.axes
    assert len(axes.lines) == 10 and len(axes.collections) == 5
    assert "other 5 optimizers are grey" in figure.caption
    assert [entry.label for entry in figure.legend] == [*styles.coloured, "5 others"]


def test_many_panels_are_cut_into_sheets_and_axes_are_labelled_at_the_margin() -> None:
    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1])
        axes.set_xlabel("x")
        axes.set_ylabel("y")

    sheets = Figure("f", "t", "c", tuple(Panel(f"p{i}", "", draw, "") for i in range(13))).sheets
    assert [(sheet.name, len(sheet.panels)) for sheet in sheets] == [("f-1", 12), ("f-2", 1)]
    cells = sheets[0].picture.axes
    assert [axes.get_xlabel() for axes in cells] == 9 * [""] + 3 * ["X"]
    assert [axes.get_ylabel() for axes in cells] == 4 * ["Y", "", ""]


def test_alternative_texts_hold_numbers(evaluations: list[BenchmarkEvaluation], styles: Styles) -> None:
    for figure in (
        anytime(evaluations, "queries", styles),
        run_time(evaluations, styles),
        survival(evaluations, styles),
        win_probability(evaluations),
    ):
        for panel in figure.panels:
            assert re.search(r"\d", panel.alt)
            assert all(label in panel.alt for label in evaluations[0].outcomes)


def test_the_critical_difference_is_refused_with_few_data_sets_and_drawn_with_enough(
    evaluations: list[BenchmarkEvaluation],
    styles: Styles,
) -> None:
    refused = critical_difference(evaluations, styles)
    assert not refused.panels
    assert "at least 5" in refused.refused
    enough = [replace(evaluations[i % 2], short=f"set {i}", benchmark=f"table-{i}/set") for i in range(6)]
    drawn = critical_difference(enough, styles)
    assert len(drawn.panels) == 1
    assert "6 tables" in drawn.caption
    ticks = [text.get_text() for text in drawn.panels[0].picture.axes[0].get_yticklabels()]
    ranks = [float(text.split()[-1]) for text in ticks]
    assert ranks == sorted(ranks)
    assert len(ranks) == 3
    one_table = [replace(one, benchmark=f"table/set-{i}") for i, one in enumerate(enough)]
    assert "data sets of one table are correlated and count once" in critical_difference(one_table, styles).refused


def test_one_optimizer_gives_no_comparison(evaluations: list[BenchmarkEvaluation]) -> None:
    alone = [replace(e, outcomes={"random_search": e.outcomes["random_search"]}) for e in evaluations]
    assert "one optimizer" in performance_profile(alone, Styles(("random_search",))).refused
    assert "one optimizer" in win_probability(alone).refused


def test_powers_of_ten_in_plain_text() -> None:
    assert [power_text(v) for v in (0.0, 0.001, 0.1, 1.0, 1000.0, 1e5, 1e-4)] == [
        "0",
        "0.001",
        "0.1",
        "1",
        "1,000",
        "10⁵",
        "10⁻⁴",
    ]
    assert GRID != INK


def test_mean_ranks_over_the_budget_are_those_of_the_runs(
    evaluations: list[BenchmarkEvaluation], styles: Styles
) -> None:
    (panel,) = mean_rank(evaluations, styles).panels
    lines = {line.get_label(): line.get_ydata() for line in panel.picture.axes[0].lines}
    assert np.allclose(sum(lines.values()), 6.0)  # ranks 1, 2 and 3 in every run
    final = [np.stack([o.curves[e.main].regret[:, -1] for o in e.outcomes.values()]) for e in evaluations]
    expected = np.mean([rankdata(regret, axis=0) for regret in final], axis=0).mean(axis=1)
    assert np.allclose([line[-1] for line in lines.values()], expected)


def test_every_pair_with_the_reference_has_a_panel_with_two_bands(
    evaluations: list[BenchmarkEvaluation], styles: Styles
) -> None:
    figure = against_reference(evaluations, "random_search", styles)
    assert figure is not None and [panel.title for panel in figure.panels] == ["local_search", "regularized_evolution"]
    for panel in figure.panels:
        (axes,) = panel.picture.axes
        assert len(axes.lines) == 2 and len(axes.collections) == 2
        relative = np.mean([e.outcomes[panel.title].score - e.optimum for e in evaluations], axis=1)
        assert panel.title in panel.alt and np.isfinite(relative).all()


def test_clouds_have_a_dot_for_every_run(evaluations: list[BenchmarkEvaluation], styles: Styles) -> None:
    panel = score_distributions(evaluations, styles).panels[0]
    dots = [line for line in panel.picture.axes[0].lines if str(line.get_gid()).endswith("-runs")]
    for line, outcome in zip(dots, evaluations[0].outcomes.values(), strict=True):
        assert sorted(line.get_xdata()) == sorted(outcome.score)


def test_significance_is_that_of_the_comparison(evaluations: list[BenchmarkEvaluation]) -> None:
    rng = np.random.default_rng(0)
    shifted = {label: float(i) for i, label in enumerate(evaluations[0].outcomes)}
    evaluation = replace(
        evaluations[0],
        outcomes={k: replace(o, score=shifted[k] + rng.random(12)) for k, o in evaluations[0].outcomes.items()},
    )
    comparison = compare({k: o.score for k, o in evaluation.outcomes.items()}, dict.fromkeys(shifted, "0"), rng)
    (panel,) = pairwise_significance([evaluation], {evaluation.benchmark: comparison}).panels
    signs = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in panel.picture.axes[0].texts}
    assert signs == {(0, 1): "+", (0, 2): "+", (1, 2): "+", (1, 0): "−", (2, 0): "−", (2, 1): "−"}
    assert "random_search than 2" in panel.alt


def test_bands_of_run_time_distributions_are_wilsons() -> None:
    low, high = wilson_band(np.array([0.0, 0.5, 1.0]), 10, 0.95)
    for share, bounds in ((0, (low[0], high[0])), (5, (low[1], high[1])), (10, (low[2], high[2]))):
        known = rate(share, 10)
        assert isinstance(known, Estimate) and isinstance(known.interval, Interval)
        assert bounds == pytest.approx((known.interval.lower, known.interval.upper), abs=1e-12)


def test_a_survival_curve_is_cut_where_few_runs_go_on(evaluations: list[BenchmarkEvaluation], styles: Styles) -> None:
    key = (headline([e.targets for e in evaluations]).key, evaluations[0].main)
    times = CensoredTimes(np.arange(1.0, 13.0), np.ones(12, dtype=bool), "")
    cut = replace(
        evaluations[0],
        outcomes={k: replace(o, times={**o.times, key: times}) for k, o in evaluations[0].outcomes.items()},
    )
    panel = survival([cut], styles).panels[0]
    assert all(line.get_xdata()[-1] == 8.0 for line in panel.picture.axes[0].lines if "line" in str(line.get_gid()))
