"""Run-time distributions: the fraction of (run, target) pairs solved within each budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

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
            f"or where the first unsuccessful run stopped before it. "
            f"Band: Wilson's interval of the fraction as of as many runs, each target one more look at them.{styles.note}"
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
            Curve(
                label,
                budgets,
                solved,
                band=wilson_band(np.asarray(solved, dtype=np.float64), times[0].runs, evaluation.level),
                alt=f"{label} {100 * solved[-1]:.0f}% within {end:,.0f} {times[0].unit}".rstrip(),
            )
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


def wilson_band(shares: Floats, runs: int, level: float) -> tuple[Floats, Floats]:
    """Return Wilson's interval of shares of a number of runs, `(n,)` each.

    The (run, target) pairs of a run are dependent, so that a fraction of pairs is taken as known no better than that of the runs.
    """
    z = float(ndtri((1.0 + level) / 2.0))
    middle = (shares + z * z / (2 * runs)) / (1 + z * z / runs)
    half = z / (1 + z * z / runs) * np.sqrt(shares * (1 - shares) / runs + z * z / (4 * runs * runs))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
