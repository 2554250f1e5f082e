"""Hypervolume over the budget: median over runs with the quartile band, as a share of the true front's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.pareto_fronts import REFERENCE
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import (
    add_legend,
    band_note,
    draw_band,
    figure_style,
    line_style,
    log_axis,
    new_panel,
    shown,
)


def hypervolume(evaluations: Sequence[BenchmarkEvaluation]) -> Figure:
    """Draw one panel a benchmark; every benchmark must have been evaluated with several objectives."""
    with figure_style():
        panels = tuple(_panel(evaluation) for evaluation in evaluations)
    return Figure(
        name="hypervolume",
        title=f"Hypervolume over {UNITS[evaluations[0].main]}",
        caption=(
            f"Hypervolume of the front that a run would return, valued by {searched_on([e.scoring for e in evaluations])}, as a share of the true front's; "
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
        point = {"marker": "o"} if len(fronts.budgets) == 1 else {}
        axes.plot(fronts.budgets, middle, label=shown(label), **style, **point)
        draw_band(axes, fronts.budgets, low, high, style["color"], len(labels))
        sentences.append(f"{label} {100 * middle[-1]:.1f}% after {fronts.budgets[-1]:,.0f}")
    if all(o.fronts is not None and o.fronts.budgets[0] > 0.0 for o in evaluation.outcomes.values()):
        axes.set_xscale("log")
        log_axis(axes.xaxis)
    axes.set_xlabel(UNITS[evaluation.main])
    axes.set_ylabel("share of the hypervolume")
    axes.set_title(shown(evaluation.short))
    add_legend(figure, axes)
    alt = f"Median share of the true front's hypervolume on {evaluation.short}: " + "; ".join(sentences) + "."
    return Panel(panel_name("hypervolume", evaluation.short), evaluation.short, figure, alt)
