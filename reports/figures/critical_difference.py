"""Critical-difference diagram (Demšar 2006, section 3.2.4); refused with the reason where data sets are too few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.families import family_scores
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import INK, Styles, shown
from nasbench.reports.statistics.ranks import CriticalDifference, friedman, nemenyi
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

NAME, TITLE = "critical-difference", "Mean ranks over tables"
ROW = 0.19  # inches a name


def critical_difference(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw mean ranks over tables, if there are enough: data sets of one table are correlated, and count once together."""
    labels = list(evaluations[0].outcomes)
    scores = family_scores(evaluations)
    result, test = nemenyi(scores, alpha=evaluations[0].alpha), friedman(scores)
    if isinstance(result, Undefined):
        of = pluralize(len(evaluations), "data set")
        few = f" ({of} of {pluralize(len(scores), 'table')}; data sets of one table are correlated and count once)"
        return Figure(NAME, TITLE, "", (), result.reason + (few if len(scores) < len(evaluations) else ""))
    p_value = test.reason if isinstance(test, Undefined) else f"p = {test.p_value:.3g}"
    return Figure(
        name=NAME,
        title=TITLE,
        caption=(
            f"Mean rank of the final regret over {result.n} tables (1: best), relative to a random architecture's and averaged over the data sets "
            f"of a table, which are correlated. Bars join optimizers that do not differ significantly (Nemenyi's test) at "
            f"{result.alpha:g}: their ranks differ by less than {result.difference:.2f}. Friedman's test: {p_value}. "
            "Mean ranks depend on which optimizers are in the study."
        ),
        panels=(_panel(labels, result, styles),),
    )


def _panel(labels: Sequence[str], result: CriticalDifference, styles: Styles) -> Panel:
    order = np.argsort(result.mean_ranks, kind="stable")
    spoken = "; ".join(f"{labels[m]} {result.mean_ranks[m]:.2f}" for m in order)
    return Panel(
        NAME,
        TITLE,
        lambda axes: _draw(axes, labels, result, styles),
        f"Mean ranks: {spoken}. Critical difference {result.difference:.2f}.",
        height=0.75 + ROW * (len(labels) + len(result.cliques)),
    )


def _draw(axes: Any, labels: Sequence[str], result: CriticalDifference, styles: Styles) -> None:
    order = np.argsort(result.mean_ranks, kind="stable")
    for place, method in enumerate(order):
        label, rank = labels[method], result.mean_ranks[method]
        color = styles.line(label)["color"]
        axes.plot([rank], [place], marker=styles.marker(label), color=color, linestyle="none", markersize=5)
        axes.hlines(place, 1, rank, color=color, linewidth=0.8)
    for i, clique in enumerate(result.cliques):
        ranks = result.mean_ranks[list(clique)]
        height = len(labels) + 0.3 + 0.8 * i
        axes.plot(
            [ranks.min() - 0.04, ranks.max() + 0.04], [height, height], color=INK, linewidth=3, solid_capstyle="butt"
        )
    axes.set_yticks(range(len(labels)), [f"{shown(labels[m])}  {result.mean_ranks[m]:.2f}" for m in order])
    axes.set_ylim(len(labels) + 0.8 * len(result.cliques), -0.6)
    axes.set_xlim(0.9, len(labels) + 0.1)
    axes.set_xlabel(f"mean rank (critical difference {result.difference:.2f})")
    axes.grid(visible=False, axis="y")
