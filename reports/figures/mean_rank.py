"""Mean rank over the budget: over runs and tables, with the interquartile range over runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.families import family
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure
from nasbench.reports.figures.style import Styles
from nasbench.reports.wording import pluralize
from nasbench.spaces.space import Floats

NAME, TITLE = "mean-rank", "Mean rank over the budget"
POINTS = 60


def mean_rank(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel over all benchmarks."""
    labels = list(evaluations[0].outcomes)
    if len(labels) < 2:
        return Figure(NAME, TITLE, "", (), "there is one optimizer, so there are no ranks")
    fractions = np.geomspace(0.02, 1.0, POINTS)
    families: dict[str, list[Floats]] = {}
    for evaluation in evaluations:
        families.setdefault(family(evaluation.benchmark), []).append(_ranks(evaluation, fractions))
    ranks = np.mean([np.mean(own, axis=0) for own in families.values()], axis=0)
    curves = []
    for place, label in enumerate(labels):
        own = ranks[place]
        low, high = np.quantile(own, [0.25, 0.75], axis=0)
        middle = own.mean(axis=0)
        curves.append(Curve(label, 100.0 * fractions, middle, f"{label} {middle[-1]:.2f} at the end", (low, high)))
    sets = pluralize(len(evaluations), "data set")
    return Figure(
        name=NAME,
        title=TITLE,
        caption=(
            f"Rank of the regret among {len(labels)} optimizers (1: best; ties share their mean), runs of the same number compared with each other, "
            f"mean over {sets} (those of one table averaged first) and over runs; band: interquartile range over runs.{styles.note} "
            f"Budget: the share of what every run spent, in {NAMES[evaluations[0].main]}."
        ),
        panels=(
            curve_panel(
                (NAME,),
                sets,
                curves,
                styles,
                axes=("share of the budget (%)", "mean rank"),
                alt="Mean rank over the budget",
                log=True,
                scale=lambda axes: axes.invert_yaxis(),
            ),
        ),
        legend=styles.legend(),
    )


def _ranks(evaluation: BenchmarkEvaluation, fractions: Floats) -> Floats:
    """Return the rank of each optimizer's regret in each run at shares of the common budget, `(optimizers, runs, fractions)`."""
    curves = [outcome.curves[evaluation.main] for outcome in evaluation.outcomes.values()]
    start = max(float(curve.budgets[0]) for curve in curves)
    looks = np.maximum(fractions * min(float(curve.budgets[-1]) for curve in curves), start)
    runs = min(len(curve.regret) for curve in curves)
    at = [np.searchsorted(curve.budgets, looks * (1.0 + 1e-12), side="right") - 1 for curve in curves]
    regret = np.stack([curve.regret[:runs, place] for curve, place in zip(curves, at, strict=True)])
    return np.asarray(rankdata(regret, axis=0))
