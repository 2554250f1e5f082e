"""Figures of live tasks: search curves, test scores against search time, and skip connections by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.reports.analysis.live_tasks import TRIVIAL, LiveRuns, LiveTasks
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
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats

Draw = Callable[[Any, LiveTasks, str], list[str]]


def search_curves(live: LiveTasks) -> Figure:
    """Return the search curves: the score on the search split against measured seconds."""
    return _figure(
        live,
        "search-curves",
        "Search curves",
        f"Score on the search split against measured search time: mean over {pluralize(len(live.seeds), 'seed')} at each step. "
        "Optimizers that train each architecture from scratch show the best score so far, one point per training; weight-sharing "
        "searchers show the supernet at its current mixture, one point per epoch. The two scores are not comparable with each other.",
        _draw_curves,
    )


def score_against_seconds(live: LiveTasks) -> Figure:
    """Return the test score of every run against its search time, with the reference models as lines."""
    return _figure(
        live,
        "score-seconds",
        "Test score against search seconds",
        "Each marker is one seed. Dashed lines are reference models (mean over seeds), without the trivial ones; lower "
        "is better.",
        _draw_scores,
    )


def skips(live: LiveTasks) -> Figure:
    """Return the number of skip connections in the derived cell by epoch of each weight-sharing search."""
    name, title = "skips", "Skip connections in the derived cell"
    if not any(_skips(live.runs(task, label)) is not None for task in live.tasks for label in live.labels):
        return Figure(name, title, "", (), "no method of this study shares weights")
    return _figure(
        live,
        name,
        title,
        "Largest number of skip connections in a cell of the architecture derived after each epoch: mean over "
        "seeds, with a band from minimum to maximum. A search that collapses ends with skip connections on nearly all edges.",
        _draw_skips,
    )


def _figure(live: LiveTasks, name: str, title: str, caption: str, draw: Draw) -> Figure:
    with figure_style():
        panels = tuple(_panel(live, name, task, draw) for task in live.tasks)
    return Figure(name, title, caption, panels)


def _panel(live: LiveTasks, name: str, task: str, draw: Draw) -> Panel:
    figure, axes = new_panel()
    sentences = draw(axes, live, task)
    axes.set_title(shown(task))
    add_legend(figure, axes)
    return Panel(panel_name(name, task), task, figure, f"{task}: " + "; ".join(sentences) + ".")


def _draw_curves(axes: Any, live: LiveTasks, task: str) -> list[str]:
    sentences = []
    for label in live.labels:
        runs = live.runs(task, label)
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
            marker=marker(live.labels, label),
            **line_style(live.labels, label),
        )
        sentences.append(f"{label} from {middle[0]:.3g} to {middle[-1]:.3g} after {seconds[-1]:.0f} s")
    _against_seconds(axes, live.runs(task, live.labels[0]), "search")
    return sentences


def _draw_scores(axes: Any, live: LiveTasks, task: str) -> list[str]:
    sentences = []
    for label in live.labels:
        runs = live.runs(task, label)
        seconds = runs.values("search_seconds")
        assert seconds is not None  # every search is timed
        color = line_style(live.labels, label)["color"]
        axes.plot(
            seconds, runs.scores, linestyle="", marker=marker(live.labels, label), color=color, label=shown(label)
        )
        sentences.append(f"{label} scores {runs.scores.mean():.3g} after {seconds.mean():.0f} s")
    for name in live.references(task):
        score = float(live.runs(task, name).scores.mean())
        sentences.append(f"{name} scores {score:.3g}")
        if name not in TRIVIAL:
            axes.axhline(score, color=GRID, linestyle="--", linewidth=0.9)
            place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "fontsize": 6}
            axes.annotate(shown(name), (1.0, score), **place)
    _against_seconds(axes, live.runs(task, live.labels[0]), "test")
    return sentences


def _draw_skips(axes: Any, live: LiveTasks, task: str) -> list[str]:
    sentences = []
    for label in live.labels:
        counted = _skips(live.runs(task, label))
        if counted is None:
            continue
        epochs, style = np.arange(1, counted.shape[1] + 1), line_style(live.labels, label)
        middle = counted.mean(axis=0)
        axes.plot(epochs, middle, label=shown(label), **style, **({"marker": "o"} if len(epochs) == 1 else {}))
        draw_band(axes, epochs, counted.min(axis=0), counted.max(axis=0), style["color"], len(live.labels))
        sentences.append(
            f"{label} has {middle[0]:.1f} skip connections after the first epoch, {middle[-1]:.1f} after the last"
        )
    axes.set_ylim(bottom=-0.1)
    axes.set_xlabel("epoch")
    axes.set_ylabel("skip connections")
    return sentences


def _skips(runs: LiveRuns) -> Floats | None:
    """Return skip connections by seed and epoch, the last count kept after early stopping; None without weight sharing."""
    curves: list[list[Mapping[str, Any]]] = runs.curves
    if not all(curve and "skips" in curve[0] for curve in curves):
        return None
    longest = max(len(curve) for curve in curves)
    counted = [[row["skips"] for row in curve] for curve in curves]
    return np.array([row + row[-1:] * (longest - len(row)) for row in counted], dtype=float)


def _against_seconds(axes: Any, runs: LiveRuns, split: str) -> None:
    """Scale and label both axes: search time, and the score on a split."""
    axes.set_xscale("log")
    log_axis(axes.xaxis)
    axes.set_xlabel("search time (s)")
    axes.set_yscale("log")
    log_axis(axes.yaxis)
    axes.set_ylabel(f"{split} error (%)" if runs.metric == "error" else f"{split} mean squared error")
