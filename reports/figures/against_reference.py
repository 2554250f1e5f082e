"""The reference against each other optimizer, one panel a pair: relative regret over the budget with bands for both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats
from nasbench.ties import tolerance

NAME = "against-reference"
POINTS = 60
FEWEST, MOST = 3, 24
"""Optimizers from which on curves in one panel hide each other, and of which small multiples are readable."""


def against_reference(evaluations: Sequence[BenchmarkEvaluation], reference: str, styles: Styles) -> Figure | None:
    """Draw one panel an optimizer beside the reference; None for few or very many optimizers, or where regret has no scale."""
    labels = list(evaluations[0].outcomes)
    if not FEWEST <= len(labels) <= MOST or any(
        e.average <= e.optimum + tolerance(e.average, e.optimum) for e in evaluations
    ):
        return None
    fractions = np.geomspace(0.02, 1.0, POINTS)
    quartiles = {
        label: np.quantile(_relative(evaluations, label, fractions), [0.25, 0.5, 0.75], axis=0) for label in labels
    }
    sets = pluralize(len(evaluations), "data set")
    return Figure(
        name=NAME,
        title=f"Each optimizer against {reference}",
        caption=(
            f"Regret of the incumbent relative to a random architecture's, mean over {sets}; median over runs, band: interquartile range. "
            f"The line that all panels share is {reference}. Budget: the share of what every run spent, in {NAMES[evaluations[0].main]}."
        ),
        panels=tuple(_panel(label, reference, fractions, quartiles) for label in labels if label != reference),
        legend=Styles((reference, "the other")).legend(),
    )


def _panel(label: str, reference: str, fractions: Floats, quartiles: dict[str, Floats]) -> Panel:
    curves = []
    for name in (reference, label):
        low, middle, high = 100.0 * quartiles[name]
        curves.append(Curve(name, 100.0 * fractions, middle, f"{name} {middle[-1]:.3g}% at the end", (low, high)))
    return curve_panel(
        (NAME, label),
        label,
        curves,
        Styles((reference, label)),
        axes=("share of the budget (%)", "relative regret (%)"),
        alt=f"{label} against {reference}",
        log=True,
    )


def _relative(evaluations: Sequence[BenchmarkEvaluation], label: str, fractions: Floats) -> Floats:
    """Return the mean over benchmarks of the relative regret of each run at shares of the common budget, `(runs, fractions)`."""
    parts = []
    for evaluation in evaluations:
        budgets = [outcome.curves[evaluation.main].budgets for outcome in evaluation.outcomes.values()]
        looks = np.maximum(fractions * min(float(own[-1]) for own in budgets), max(float(own[0]) for own in budgets))
        curve = evaluation.outcomes[label].curves[evaluation.main]
        at = np.searchsorted(curve.budgets, looks * (1.0 + 1e-12), side="right") - 1
        parts.append(curve.regret[:, at] / (evaluation.average - evaluation.optimum))
    return np.asarray(np.mean(parts, axis=0))
