"""Hypervolume over the budget: median over runs with the quartile band, as a share of the true front's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.pareto_fronts import REFERENCE
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.figures.anytime import scale_regret
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles


def hypervolume(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel a benchmark; every benchmark must have been evaluated with several objectives."""
    front = evaluations[0].front_name
    return Figure(
        name="hypervolume",
        title=f"Hypervolume over {UNITS[evaluations[0].main]}",
        caption=(
            f"Share of the {front}'s hypervolume that the front of a run lacks, valued by {searched_on([e.scoring for e in evaluations])} "
            "(lower is better; the vertical axis is linear below its lowest power of ten); "
            f"median over runs; band: interquartile range.{styles.note} "
            f"Reference point: {REFERENCE:g} in objectives scaled to span 0 to 1 on the {front}."
        ),
        panels=tuple(_panel(evaluation, styles) for evaluation in evaluations),
        legend=styles.legend(),
    )


def _panel(evaluation: BenchmarkEvaluation, styles: Styles) -> Panel:
    curves = []
    for label, outcome in evaluation.outcomes.items():
        fronts = outcome.fronts
        assert fronts is not None
        low, middle, high = np.quantile(1.0 - fronts.volume, [0.25, 0.5, 0.75], axis=0)
        alt = f"{label} {100 * middle[-1]:.1f}% lost after {fronts.budgets[-1]:,.0f}"
        curves.append(Curve(label, fronts.budgets, middle, alt, (low, high)))
    smallest = min(curve.values[curve.values > 1e-4].min(initial=np.inf) for curve in curves)
    return curve_panel(
        ("hypervolume", evaluation.short),
        evaluation.short,
        curves,
        styles,
        axes=(UNITS[evaluation.main], "1 - share of the hypervolume"),
        alt=f"Median share of the {evaluation.front_name}'s hypervolume that is lost on {evaluation.short}",
        log=all(curve.at[0] > 0.0 for curve in curves),
        scale=lambda axes: scale_regret(axes, smallest),
    )
