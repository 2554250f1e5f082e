"""Hypervolume over queries: median over runs with the quartile band, as a share of the true front's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.evaluation import BenchmarkEvaluation
from reports.figures.figure import Figure, Panel
from reports.figures.style import add_legend, band_note, draw_band, figure_style, line_style, log_axis, new_panel
from reports.fronts import REFERENCE


def hypervolume(evaluations: Sequence[BenchmarkEvaluation]) -> Figure:
    """Draw one panel a benchmark; every benchmark must have been evaluated with several objectives."""
    with figure_style():
        panels = tuple(_panel(evaluation) for evaluation in evaluations)
    return Figure(
        name="hypervolume",
        title="Hypervolume over queries",
        caption=(
            "Hypervolume of the front that a run would return, valued by seed means, as a share of the true front's; "
            f"median over runs; {band_note(len(evaluations[0].outcomes), 'the band holds the middle half')}. "
            f"Reference point: {REFERENCE:g} in objectives scaled to span 0 to 1 on the true front."
        ),
        panels=panels,
    )


def _panel(evaluation: BenchmarkEvaluation) -> Panel:
    labels = list(evaluation.outcomes)
    figure, axes = new_panel()
    sentences = []
    for label, outcome in evaluation.outcomes.items():
        fronts = outcome.fronts
        assert fronts is not None
        low, middle, high = np.quantile(fronts.volume, [0.25, 0.5, 0.75], axis=0)
        style = line_style(labels, label)
        point = {"marker": "o"} if len(fronts.queries) == 1 else {}
        axes.plot(fronts.queries, middle, label=label, **style, **point)
        draw_band(axes, fronts.queries, low, high, style["color"], len(labels))
        sentences.append(f"{label} {100 * middle[-1]:.1f} % after {fronts.queries[-1]:,}")
    axes.set_xscale("log")
    log_axis(axes.xaxis)
    axes.set_xlabel("queries")
    axes.set_ylabel("share of the hypervolume")
    axes.set_title(evaluation.short)
    add_legend(figure, axes)
    alt = f"Median share of the true front's hypervolume on {evaluation.short}: " + "; ".join(sentences) + "."
    return Panel(f"hypervolume-{evaluation.short.replace('/', '-')}", evaluation.short, figure, alt)
