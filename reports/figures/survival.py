"""Kaplan-Meier curves: the fraction of runs that have not reached a target yet, with pointwise bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.analysis.targets import Target, headline
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import (
    add_legend,
    band_note,
    draw_band,
    figure_style,
    line_style,
    marker,
    new_panel,
    shown,
)
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.survival import kaplan_meier
from nasbench.reports.wording import pluralize


def survival(evaluations: Sequence[BenchmarkEvaluation]) -> Figure:
    """Draw one panel a benchmark."""
    target = headline([e.targets for e in evaluations])
    with figure_style():
        panels = tuple(_panel(evaluation, target) for evaluation in evaluations)
    return Figure(
        name="survival",
        title=f"Time until {target.name} is queried",
        caption=(
            f"Kaplan-Meier curves: fraction of runs that have not yet queried {target.name} (by {searched_on([e.scoring for e in evaluations])}); "
            f"lower is better; "
            f"{band_note(len(evaluations[0].outcomes), 'band: pointwise 95% CI')}. "
            "A mark at the right end: some runs had not reached it at the horizon."
        ),
        panels=panels,
    )


def _panel(evaluation: BenchmarkEvaluation, target: Target) -> Panel:
    labels = list(evaluation.outcomes)
    figure, axes = new_panel()
    sentences = []
    for label, outcome in evaluation.outcomes.items():
        times = outcome.times[target.key, evaluation.main]
        curve = kaplan_meier(times)
        if isinstance(curve, Undefined):
            continue
        style = line_style(labels, label)
        at = np.concatenate([[0.0], curve.time])
        axes.step(at, np.concatenate([[1.0], curve.survival]), where="post", label=shown(label), **style)
        low, high = np.concatenate([[1.0], curve.lower]), np.concatenate([[1.0], curve.upper])
        draw_band(axes, at, low, high, style["color"], len(labels), step="post")
        if times.events < times.runs:
            sign = marker(labels, label)
            axes.plot(curve.time[-1:], curve.survival[-1:], marker=sign, color=style["color"], clip_on=False)
        sentences.append(f"{label} {times.events} of {pluralize(times.runs, 'run')} reached it")
    axes.set_xlim(left=0.0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(UNITS[evaluation.main])
    axes.set_ylabel("fraction of runs without target")
    axes.set_title(shown(evaluation.short))
    add_legend(figure, axes)
    alt = f"Kaplan-Meier curves on {evaluation.short}: " + "; ".join(sentences) + "."
    return Panel(panel_name("survival", evaluation.short), evaluation.short, figure, alt)
