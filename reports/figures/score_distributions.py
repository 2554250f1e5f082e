"""Raincloud plot of final scores: density, quartiles and every run (Allen et al., "Raincloud plots", 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import Styles, shown
from nasbench.reports.wording import pluralize_any
from nasbench.spaces.space import Floats

NAME = "score-distributions"
ROW = 0.3  # inches an optimizer
FEWEST = 5
"""Runs from which on a density is drawn."""
MOST_POINTS = 100
"""Of an optimizer; of more runs the quantiles are drawn."""


def score_distributions(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel a benchmark, a row an optimizer."""
    runs = [len(o.score) for e in evaluations for o in e.outcomes.values()]
    return Figure(
        name=NAME,
        title="Distribution of final scores",
        caption=(
            f"Final score of each of {pluralize_any(runs, 'run')} (dots), its median and quartiles (line), and a kernel density above them; "
            f"the dotted line is the {evaluations[0].optimum_name}."
        ),
        panels=tuple(_panel(evaluation, styles) for evaluation in evaluations),
    )


def _panel(evaluation: BenchmarkEvaluation, styles: Styles) -> Panel:
    view = evaluation.view
    scores = {label: np.sort(view(outcome.score)) for label, outcome in evaluation.outcomes.items()}
    quartiles = {label: np.quantile(own, [0.25, 0.5, 0.75]) for label, own in scores.items()}
    texts = [f"{label} {q[1]:.4g} ({q[0]:.4g} to {q[2]:.4g})" for label, q in quartiles.items()]
    optimum = float(view(evaluation.optimum))
    return Panel(
        panel_name(NAME, evaluation.short),
        evaluation.short,
        lambda axes: _draw(axes, evaluation, scores, quartiles, optimum, styles),
        f"Median and quartiles of the final score on {evaluation.short}: {'; '.join(texts)}.",
        height=0.8 + ROW * len(scores),
    )


def _draw(
    axes: Any,
    evaluation: BenchmarkEvaluation,
    scores: dict[str, Floats],
    quartiles: dict[str, Floats],
    optimum: float,
    styles: Styles,
) -> None:
    for place, (label, own) in enumerate(scores.items()):
        color, group = styles.line(label)["color"], styles.group(label)
        points = own if len(own) <= MOST_POINTS else np.quantile(own, np.linspace(0.0, 1.0, MOST_POINTS))
        # Neighbours in rank are on different heights, so that equal scores stay visible.
        height = place + 0.16 + 0.18 * (np.arange(len(points)) * 0.618 % 1.0)
        axes.plot(
            points, height, linestyle="none", marker=".", markersize=2.2, color=color, alpha=0.7, gid=f"{group}-runs"
        )
        low, middle, high = quartiles[label]
        axes.plot(
            [low, high], [place + 0.06] * 2, color=color, linewidth=2.0, solid_capstyle="butt", gid=f"{group}-box"
        )
        axes.plot([middle], [place + 0.06], marker="|", markersize=6, color=color, gid=f"{group}-median")
        cloud = _density(own)
        if cloud is not None:
            axes.fill_between(
                cloud[0], place - 0.42 * cloud[1], place, color=color, alpha=0.3, linewidth=0, gid=f"{group}-cloud"
            )
    axes.axvline(optimum, color="#808080", linestyle=":", linewidth=0.8)
    axes.set_yticks(range(len(scores)), [shown(label) for label in scores])
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"final score ({evaluation.unit})")
    axes.set_title(shown(evaluation.short))


def _density(own: Floats) -> tuple[Floats, Floats] | None:
    """Return abscissas and density, 1 at its largest; None for few or equal scores."""
    from scipy.stats import gaussian_kde

    spread = float(own.std())
    if len(own) < FEWEST or spread <= 1e-12 * max(1.0, float(np.abs(own).max())):
        return None
    at = np.linspace(own[0], own[-1], 80)
    density = gaussian_kde(own)(at)
    return at, density / density.max()
