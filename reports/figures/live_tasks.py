"""Figures of live tasks: search curves, test scores against search time, and skip connections by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.reports.analysis.live_tasks import TRIVIAL, LiveRuns, LiveTasks
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import GRID, LegendEntry, Styles, draw_band, log_axis, shown
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats

Draw = Callable[[Any], None]
MakePanel = Callable[[LiveTasks, str, Styles], tuple[Draw, list[str]]]
"""What draws a task on axes, and sentences on what is drawn."""

CURVES, SCORES, SKIPS = "search-curves", "score-seconds", "skips"


def search_curves(live: LiveTasks) -> Figure:
    """Return the search curves: the score on the search split against measured seconds."""
    return _figure(
        live,
        CURVES,
        "Search curves",
        f"Score on the search split against measured search time: mean over {pluralize(len(live.seeds), 'seed')} at each step. "
        "Optimizers that train each architecture from scratch show the best score so far, one point per training; weight-sharing "
        "searchers show the supernet at its current mixture, one point per epoch. The two scores are not comparable with each other.",
        _curves,
    )


def score_against_seconds(live: LiveTasks) -> Figure:
    """Return the test score of every run against its search time, with the reference models as lines."""
    return _figure(
        live,
        SCORES,
        "Test score against search seconds",
        "Each marker is one seed. Dashed lines are reference models (mean over seeds), without the trivial ones; lower "
        "is better.",
        _scores,
    )


def skips(live: LiveTasks) -> Figure:
    """Return the number of skip connections in the derived cell by epoch of each weight-sharing search."""
    name, title = SKIPS, "Skip connections in the derived cell"
    if not any(_skips(live.runs(task, label)) is not None for task in live.tasks for label in live.labels):
        return Figure(name, title, "", (), "no method of this study shares weights")
    return _figure(
        live,
        name,
        title,
        "Largest number of skip connections in a cell of the architecture derived after each epoch: mean over "
        "seeds, with a band from minimum to maximum. A search that collapses ends with skip connections on nearly all edges.",
        _skip_counts,
    )


def _figure(live: LiveTasks, name: str, title: str, caption: str, panel: MakePanel) -> Figure:
    styles = Styles(tuple(live.labels))
    made = [panel(live, task, styles) for task in live.tasks]
    panels = tuple(
        Panel(panel_name(name, task), task, _titled(draw, task), f"{task}: " + "; ".join(sentences) + ".")
        for task, (draw, sentences) in zip(live.tasks, made, strict=True)
    )
    entries = tuple(
        LegendEntry(
            shown(label),
            styles.line(label)["color"],
            "" if name == SCORES else styles.line(label)["linestyle"],
            "" if name == SKIPS else styles.marker(label),
            styles.group(label),
        )
        for label in live.labels
    )
    return Figure(name, title, caption, panels, legend=entries)


def _titled(draw: Draw, title: str) -> Draw:
    def titled(axes: Any) -> None:
        draw(axes)
        axes.set_title(shown(title))

    return titled


def _curves(live: LiveTasks, task: str, styles: Styles) -> tuple[Draw, list[str]]:
    curves, sentences = {}, []
    for label in live.labels:
        runs = live.runs(task, label)
        length = min(len(curve) for curve in runs.curves)
        seconds = np.mean([np.cumsum([row["seconds"] for row in curve[:length]]) for curve in runs.curves], axis=0)
        seen = np.array([[row["search"] for row in curve[:length]] for curve in runs.curves], dtype=float)
        if "query" in runs.curves[0][0]:
            seen = np.minimum.accumulate(seen, axis=1)
        middle = seen.mean(axis=0)
        curves[label] = (seconds, middle)
        sentences.append(f"{label} from {middle[0]:.3g} to {middle[-1]:.3g} after {seconds[-1]:.0f} s")

    def draw(axes: Any) -> None:
        for label, (seconds, middle) in curves.items():
            drawn = {"marker": styles.marker(label), "gid": f"{styles.group(label)}-line"}
            axes.plot(seconds, middle, label=shown(label), **drawn, **styles.line(label))
        _against_seconds(axes, live.runs(task, live.labels[0]), "search")

    return draw, sentences


def _scores(live: LiveTasks, task: str, styles: Styles) -> tuple[Draw, list[str]]:
    points, sentences = {}, []
    for label in live.labels:
        runs = live.runs(task, label)
        seconds = runs.values("search_seconds")
        assert seconds is not None  # every search is timed
        points[label] = (seconds, runs.scores)
        sentences.append(f"{label} scores {runs.scores.mean():.3g} after {seconds.mean():.0f} s")
    references = {name: float(live.runs(task, name).scores.mean()) for name in live.references(task)}
    sentences += [f"{name} scores {score:.3g}" for name, score in references.items()]

    def draw(axes: Any) -> None:
        for label, (seconds, scores) in points.items():
            drawn = {"marker": styles.marker(label), "gid": f"{styles.group(label)}-points", "linestyle": ""}
            axes.plot(seconds, scores, color=styles.line(label)["color"], label=shown(label), **drawn)
        for name, score in references.items():
            if name not in TRIVIAL:
                axes.axhline(score, color=GRID, linestyle="--", linewidth=0.9)
                place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "fontsize": 8}
                axes.annotate(shown(name), (1.0, score), **place)
        _against_seconds(axes, live.runs(task, live.labels[0]), "test")

    return draw, sentences


def _skip_counts(live: LiveTasks, task: str, styles: Styles) -> tuple[Draw, list[str]]:
    counts = {label: counted for label in live.labels if (counted := _skips(live.runs(task, label))) is not None}
    sentences = [
        f"{label} has {counted.mean(axis=0)[0]:.1f} skip connections after the first epoch, {counted.mean(axis=0)[-1]:.1f} after the last"
        for label, counted in counts.items()
    ]

    def draw(axes: Any) -> None:
        for label, counted in counts.items():
            epochs, style, group = np.arange(1, counted.shape[1] + 1), styles.line(label), styles.group(label)
            point = {"marker": "o"} if len(epochs) == 1 else {}
            axes.plot(epochs, counted.mean(axis=0), label=shown(label), gid=f"{group}-line", **style, **point)
            ends = counted.min(axis=0), counted.max(axis=0)
            draw_band(axes, epochs, *ends, style["color"], len(live.labels)).set_gid(f"{group}-band")
        axes.set_ylim(bottom=-0.1)
        axes.set_xlabel("epoch")
        axes.set_ylabel("skip connections")

    return draw, sentences


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
