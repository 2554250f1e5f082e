"""Anytime regret: median over runs with the quartile band, against queries or simulated seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.scoring import scored_by
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
from nasbench.reports.wording import join_names


def anytime(evaluations: Sequence[BenchmarkEvaluation], account: str) -> Figure:
    """Draw one panel a benchmark that charges the account."""
    name, title = f"anytime-{account.replace('_', '-')}", f"Anytime regret against {UNITS[account]}"
    evaluations = [evaluation for evaluation in evaluations if account in evaluation.accounts]
    if not evaluations:
        return Figure(name, title, "", (), "no training times are recorded")
    runs = sorted({len(o.score) for e in evaluations for o in e.outcomes.values()})
    with figure_style():
        panels = tuple(_panel(evaluation, account) for evaluation in evaluations)
    return Figure(
        name=name,
        title=title,
        caption=(
            f"Regret of the incumbent ({scored_by([e.scoring for e in evaluations])}, of the architecture with the best observed value, "
            f"{'minus the best of all' if evaluations[0].view.direction == 'min' else 'subtracted from the best of all'}), "
            f"median over {join_names([str(n) for n in runs], 'or')} {'run' if runs == [1] else 'runs'}; "
            f"{band_note(len(evaluations[0].outcomes), 'band: interquartile range')}. "
            "A curve ends where its first run ends. The vertical axis is linear below its lowest power of ten, so that zero regret can be shown."
        ),
        panels=panels,
    )


def _panel(evaluation: BenchmarkEvaluation, account: str) -> Panel:
    labels = list(evaluation.outcomes)
    figure, axes = new_panel()
    sentences = []
    smallest = []
    for label, outcome in evaluation.outcomes.items():
        curve = outcome.curves[account]
        low, middle, high = np.quantile(curve.regret, [0.25, 0.5, 0.75], axis=0)
        style = line_style(labels, label)
        point = {"marker": "o"} if len(curve.budgets) == 1 else {}
        axes.plot(curve.budgets, middle, label=shown(label), **style, **point)
        draw_band(axes, curve.budgets, low, high, style["color"], len(labels))
        smallest.append(middle[middle > 0].min(initial=np.inf))
        sentences.append(f"{label} from {middle[0]:.2f} to {middle[-1]:.3f} after {curve.budgets[-1]:,.0f}")
    set_regret_scale(axes, min(smallest))
    if all(len(outcome.curves[account].budgets) > 1 for outcome in evaluation.outcomes.values()):
        axes.set_xscale("log")
        log_axis(axes.xaxis)
    axes.set_xlabel(UNITS[account])
    axes.set_ylabel(f"regret ({'points' if evaluation.unit == '%' else evaluation.unit})")
    axes.set_title(shown(evaluation.short))
    add_legend(figure, axes)
    name = panel_name("anytime", account.replace("_", "-"), evaluation.short)
    alt = f"Median regret on {evaluation.short} against {UNITS[account]}: " + "; ".join(sentences) + "."
    return Panel(name, evaluation.short, figure, alt)


def set_regret_scale(axes: Any, smallest: float) -> None:
    """Logarithmic down to a power of ten at the smallest positive value, linear from there to zero."""
    if not np.isfinite(smallest):
        axes.set_ylim(-0.05, 1.0)
        return
    threshold = 10.0 ** np.floor(np.log10(smallest))
    axes.set_yscale("symlog", linthresh=threshold, linscale=0.4)
    log_axis(axes.yaxis)
    axes.set_ylim(bottom=-0.02 * threshold)
