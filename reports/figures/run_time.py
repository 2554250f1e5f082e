"""Run-time distributions: the fraction of (run, target) pairs solved within each budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.runtime import run_time_distribution
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats

POINTS = 200


def run_time(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel a benchmark, over all targets of the report."""
    targets = evaluations[0].targets
    drawn = [_panel(evaluation, styles) for evaluation in evaluations]
    panels = tuple(panel for panel in drawn if isinstance(panel, Panel))
    refused = "; ".join(dict.fromkeys(panel.reason for panel in drawn if isinstance(panel, Undefined)))
    return Figure(
        name="run-time",
        title="Run-time distributions",
        caption=(
            f"Fraction of (run, target) pairs reached within a budget of {UNITS[evaluations[0].main]}, over {pluralize(len(targets), 'target')} "
            f"({', '.join(t.name for t in targets)}); higher is better. Curves end at the horizon, "
            f"or where the first unsuccessful run stopped before it.{styles.note}"
        ),
        panels=panels,
        legend=styles.legend() if panels else (),
        refused="" if panels else refused,
    )


def _panel(evaluation: BenchmarkEvaluation, styles: Styles) -> Panel | Undefined:
    curves = []
    for label, outcome in evaluation.outcomes.items():
        times = [outcome.times[target.key, evaluation.main] for target in evaluation.targets]
        end = min((float(t.time[~t.observed].min()) for t in times if t.events < t.runs), default=np.inf)
        end = end if np.isfinite(end) else max(float(t.time.max()) for t in times)
        budgets = _budgets(times, end)
        solved = run_time_distribution(times, budgets)
        if isinstance(solved, Undefined):
            return solved
        curves.append(
            Curve(label, budgets, solved, f"{label} {100 * solved[-1]:.0f}% within {end:,.0f} {times[0].unit}".rstrip())
        )
    return curve_panel(
        ("run-time", evaluation.short),
        evaluation.short,
        curves,
        styles,
        axes=(UNITS[evaluation.main], "fraction of pairs reached"),
        alt=f"Fraction of run and target pairs reached on {evaluation.short}",
        steps=True,
        log=min(curve.at[0] for curve in curves) > 0.0,
        fractions=True,
    )


def _budgets(times: Sequence[CensoredTimes], end: float) -> Floats:
    """Return the budgets at which a distribution is read: in equal ratios, whole numbers where all times are."""
    spent = np.concatenate([own.time for own in times])
    if (spent == np.round(spent)).all():
        return np.unique(np.round(np.geomspace(1.0, max(end, 1.0), POINTS)).clip(max=end))
    first = float(spent.min())
    return np.array([end]) if first <= 0.0 or first >= end else np.append(np.geomspace(first, end, POINTS)[:-1], end)
