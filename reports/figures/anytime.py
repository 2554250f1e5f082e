"""Anytime regret: median over runs with the quartile band, against queries or simulated seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, best_architecture
from nasbench.reports.analysis.scoring import scored_by
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles, log_axis
from nasbench.reports.wording import pluralize_any


def anytime(evaluations: Sequence[BenchmarkEvaluation], account: str, styles: Styles) -> Figure:
    """Draw one panel a benchmark that charges the account."""
    name, title = f"anytime-{account.replace('_', '-')}", f"Anytime regret against {UNITS[account]}"
    evaluations = [evaluation for evaluation in evaluations if account in evaluation.accounts]
    if not evaluations:
        return Figure(name, title, "", (), "no training times are recorded")
    runs = [len(o.score) for e in evaluations for o in e.outcomes.values()]
    return Figure(
        name=name,
        title=title,
        caption=(
            f"Regret of the incumbent ({scored_by([e.scoring for e in evaluations])}, of the architecture with the best observed value, "
            f"{'minus' if evaluations[0].view.direction == 'min' else 'subtracted from'} the {best_architecture(evaluations)}), "
            f"median over {pluralize_any(runs, 'run')}; "
            f"band: interquartile range.{styles.note} "
            "A curve ends where its first run ends. The vertical axis is linear below its lowest power of ten, so that zero regret can be shown."
        ),
        panels=tuple(_panel(evaluation, account, styles) for evaluation in evaluations),
        legend=styles.legend(),
    )


def _panel(evaluation: BenchmarkEvaluation, account: str, styles: Styles) -> Panel:
    curves = []
    for label, outcome in evaluation.outcomes.items():
        curve = outcome.curves[account]
        low, middle, high = np.quantile(curve.regret, [0.25, 0.5, 0.75], axis=0)
        alt = f"{label} from {middle[0]:.2f} to {middle[-1]:.3f} after {curve.budgets[-1]:,.0f}"
        curves.append(Curve(label, curve.budgets, middle, alt, (low, high)))
    smallest = min(curve.values[curve.values > 0].min(initial=np.inf) for curve in curves)
    return curve_panel(
        ("anytime", account.replace("_", "-"), evaluation.short),
        evaluation.short,
        curves,
        styles,
        axes=(UNITS[account], f"regret ({'points' if evaluation.unit == '%' else evaluation.unit})"),
        alt=f"Median regret on {evaluation.short} against {UNITS[account]}",
        log=all(len(curve.at) > 1 for curve in curves),
        scale=lambda axes: scale_regret(axes, smallest),
    )


def scale_regret(axes: Any, smallest: float) -> None:
    """Make the ordinate logarithmic down to a power of ten at the smallest positive value, linear from there to zero."""
    if not np.isfinite(smallest):
        axes.set_ylim(-0.05, 1.0)
        return
    threshold = 10.0 ** np.floor(np.log10(smallest))
    axes.set_yscale("symlog", linthresh=threshold, linscale=0.4)
    log_axis(axes.yaxis)
    axes.set_ylim(bottom=-0.02 * threshold)
