"""Figures of a live study: search curves, scores against search seconds, and skip connections over the epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import (
    GRID,
    add_legend,
    draw_band,
    figure_style,
    line_style,
    log_axis,
    marker,
    new_panel,
    shown,
)
from nasbench.reports.live.results import TRIVIAL, LiveResults, Runs
from nasbench.reports.page.words import pluralize
from nasbench.spaces.space import Floats

Draw = Callable[[Any, LiveResults, str], list[str]]


def search_curves(results: LiveResults) -> Figure:
    """Draw what each search saw on the search split against its measured seconds."""
    return _figure(
        results,
        "search-curves",
        "Search curves",
        f"Score on the search split against measured seconds of the search: mean over {pluralize(len(results.seeds), 'seed')} at each step. "
        "Optimizers that train alone show the best training so far, a point a training; searchers on a supernet show the supernet "
        "at its present mixture, a point an epoch. The two are scores of different things and compare along a curve only.",
        _draw_curves,
    )


def score_against_seconds(results: LiveResults) -> Figure:
    """Draw the test score of every run against the seconds that its search took, with the references as lines."""
    return _figure(
        results,
        "score-seconds",
        "Test score against search seconds",
        "Each marker is one seed. Dashed lines are references (mean over seeds), those that learn nothing left out; a lower "
        "score is better.",
        _draw_scores,
    )


def skips(results: LiveResults) -> Figure:
    """Draw the number of skip connections in the derived cell over the epochs of each weight-sharing search."""
    name, title = "skips", "Skip connections in the derived cell"
    if not any(_skips(results.runs(task, label)) is not None for task in results.tasks for label in results.labels):
        return Figure(name, title, "", (), "no optimizer of this study shares weights")
    return _figure(
        results,
        name,
        title,
        "Largest number of skip connections in a cell of the architecture that would be derived after each epoch: mean over "
        "seeds, with a band from the lowest to the highest. A search that collapses ends with nearly all edges skipped.",
        _draw_skips,
    )


def _figure(results: LiveResults, name: str, title: str, caption: str, draw: Draw) -> Figure:
    with figure_style():
        panels = tuple(_panel(results, name, task, draw) for task in results.tasks)
    return Figure(name, title, caption, panels)


def _panel(results: LiveResults, name: str, task: str, draw: Draw) -> Panel:
    figure, axes = new_panel()
    sentences = draw(axes, results, task)
    axes.set_title(shown(task))
    add_legend(figure, axes)
    return Panel(panel_name(name, task), task, figure, f"{task}: " + "; ".join(sentences) + ".")


def _draw_curves(axes: Any, results: LiveResults, task: str) -> list[str]:
    sentences = []
    for label in results.labels:
        runs = results.runs(task, label)
        length = min(len(curve) for curve in runs.curves)
        seconds = np.mean([np.cumsum([row["seconds"] for row in curve[:length]]) for curve in runs.curves], axis=0)
        seen = np.array([[row["search"] for row in curve[:length]] for curve in runs.curves], dtype=float)
        if "query" in runs.curves[0][0]:
            seen = np.minimum.accumulate(seen, axis=1)
        middle = seen.mean(axis=0)
        axes.plot(
            seconds,
            middle,
            label=shown(label),
            marker=marker(results.labels, label),
            **line_style(results.labels, label),
        )
        sentences.append(f"{label} from {middle[0]:.3g} to {middle[-1]:.3g} after {seconds[-1]:.0f} s")
    _against_seconds(axes, results.runs(task, results.labels[0]), "search")
    return sentences


def _draw_scores(axes: Any, results: LiveResults, task: str) -> list[str]:
    sentences = []
    for label in results.labels:
        runs = results.runs(task, label)
        seconds = runs.values("search_seconds")
        assert seconds is not None  # every search is timed
        color = line_style(results.labels, label)["color"]
        axes.plot(
            seconds, runs.scores, linestyle="", marker=marker(results.labels, label), color=color, label=shown(label)
        )
        sentences.append(f"{label} scores {runs.scores.mean():.3g} after {seconds.mean():.0f} s")
    for name in results.references(task):
        score = float(results.runs(task, name).scores.mean())
        sentences.append(f"{name} scores {score:.3g}")
        if name not in TRIVIAL:
            axes.axhline(score, color=GRID, linestyle="--", linewidth=0.9)
            place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "fontsize": 6}
            axes.annotate(shown(name), (1.0, score), **place)
    _against_seconds(axes, results.runs(task, results.labels[0]), "test")
    return sentences


def _draw_skips(axes: Any, results: LiveResults, task: str) -> list[str]:
    sentences = []
    for label in results.labels:
        counted = _skips(results.runs(task, label))
        if counted is None:
            continue
        epochs, style = np.arange(1, counted.shape[1] + 1), line_style(results.labels, label)
        middle = counted.mean(axis=0)
        axes.plot(epochs, middle, label=shown(label), **style, **({"marker": "o"} if len(epochs) == 1 else {}))
        draw_band(axes, epochs, counted.min(axis=0), counted.max(axis=0), style["color"], len(results.labels))
        sentences.append(
            f"{label} has {middle[0]:.1f} skip connections after the first epoch, {middle[-1]:.1f} after the last"
        )
    axes.set_ylim(bottom=-0.1)
    axes.set_xlabel("epoch")
    axes.set_ylabel("skip connections")
    return sentences


def _skips(runs: Runs) -> Floats | None:
    """Skip connections by seed and epoch; a search that was stopped early keeps its last count. None for other optimizers."""
    curves: list[list[Mapping[str, Any]]] = runs.curves
    if not all(curve and "skips" in curve[0] for curve in curves):
        return None
    longest = max(len(curve) for curve in curves)
    counted = [[row["skips"] for row in curve] for curve in curves]
    return np.array([row + row[-1:] * (longest - len(row)) for row in counted], dtype=float)


def _against_seconds(axes: Any, runs: Runs, split: str) -> None:
    """Scale and name both axes: search seconds, and the score on a split."""
    axes.set_xscale("log")
    log_axis(axes.xaxis)
    axes.set_xlabel("measured search seconds")
    axes.set_yscale("log")
    log_axis(axes.yaxis)
    axes.set_ylabel(f"{split} error (%)" if runs.metric == "error" else f"{split} mean squared error")
