"""Kaplan-Meier curves: the fraction of runs that have not reached a target yet, with pointwise bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.analysis.targets import Target, headline
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.survival import kaplan_meier
from nasbench.reports.wording import interval_name, pluralize

FEWEST_AT_RISK = 5
"""Runs still going below which a curve is cut: its steps would be those of single runs."""


def survival(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel a benchmark."""
    target = headline([e.targets for e in evaluations])
    return Figure(
        name="survival",
        title=f"Time until {target.name} is queried",
        caption=(
            f"Kaplan-Meier curves: fraction of runs that have not yet queried {target.name} (by {searched_on([e.scoring for e in evaluations])}); "
            f"lower is better; band: pointwise {interval_name(evaluations[0].alpha)}.{styles.note} "
            f"Curves are cut where fewer than {FEWEST_AT_RISK} runs are still going; a mark at the end: some runs had not reached it at the horizon."
        ),
        panels=tuple(_panel(evaluation, target, styles) for evaluation in evaluations),
        legend=styles.legend(),
    )


def _panel(evaluation: BenchmarkEvaluation, target: Target, styles: Styles) -> Panel:
    curves = []
    for label, outcome in evaluation.outcomes.items():
        times = outcome.times[target.key, evaluation.main]
        curve = kaplan_meier(times, level=evaluation.level)
        if isinstance(curve, Undefined):
            continue
        kept = curve.at_risk >= min(FEWEST_AT_RISK, times.runs)
        survival, low, high = (np.append(1.0, values[kept]) for values in (curve.survival, curve.lower, curve.upper))
        alt = f"{label} {times.events} of {pluralize(times.runs, 'run')} reached it"
        is_censored = times.events < times.runs
        curves.append(Curve(label, np.append(0.0, curve.time[kept]), survival, alt, (low, high), is_censored))
    return curve_panel(
        ("survival", evaluation.short),
        evaluation.short,
        curves,
        styles,
        axes=(UNITS[evaluation.main], "fraction of runs without target"),
        alt=f"Kaplan-Meier curves on {evaluation.short}",
        steps=True,
        fractions=True,
        scale=lambda axes: axes.set_xlim(left=0.0),
    )
