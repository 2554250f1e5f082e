"""Heat map: how often a run of one optimizer ends better than a run of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import shown
from nasbench.reports.statistics.pairwise import a12
from nasbench.reports.statistics.result import Undefined
from nasbench.spaces.space import Floats

NAME, TITLE = "win-probability", "Probability that the row beats the column"
MOST_NAMES = 5
MOST_NUMBERS = 12
"""With more optimizers than this the cells hold no numbers; the colours remain."""


def win_probability(evaluations: Sequence[BenchmarkEvaluation]) -> Figure:
    """Draw one panel a benchmark."""
    if len(evaluations[0].outcomes) < 2:
        return Figure(NAME, TITLE, "", (), "there is one optimizer, so there are no pairs")
    return Figure(
        name=NAME,
        title=TITLE,
        caption="Probability (%) that the final score of a run of the row's optimizer is better than that of a run of the column's; ties count half.",
        panels=tuple(_panel(evaluation) for evaluation in evaluations),
    )


def _panel(evaluation: BenchmarkEvaluation) -> Panel:
    labels = list(evaluation.outcomes)
    count = len(labels)
    wins = np.full((count, count), np.nan)
    for i, row in enumerate(evaluation.outcomes.values()):
        for j, column in enumerate(evaluation.outcomes.values()):
            effect = a12(column.score, row.score)
            if i != j and not isinstance(effect, Undefined):
                wins[i, j] = effect.value
    pairs = "; ".join(
        f"{labels[i]} beats {labels[j]} in {100 * wins[i, j]:.0f}%" for i in range(count) for j in range(i + 1, count)
    )
    return Panel(
        panel_name(NAME, evaluation.short),
        evaluation.short,
        lambda axes: _draw(axes, labels, wins, evaluation.short),
        f"On {evaluation.short} {pairs}.",
        height=(1.5 if count <= MOST_NAMES else 0.7) + (0.3 if count <= MOST_NAMES else 0.22) * count,
    )


def _draw(axes: Any, labels: Sequence[str], wins: Floats, title: str) -> None:
    count = len(labels)
    axes.imshow(np.ma.masked_invalid(wins), cmap="PuOr", vmin=0.0, vmax=1.0, aspect="auto")
    for i, j in zip(*np.nonzero(np.isfinite(wins)), strict=True):
        if count <= MOST_NUMBERS:
            strong = abs(wins[i, j] - 0.5) > 0.3
            axes.text(
                j,
                i,
                f"{100 * wins[i, j]:.0f}",
                ha="center",
                va="center",
                color="white" if strong else "#000000",
                fontsize=8,
            )
    label_matrix(axes, labels)
    axes.set_title(shown(title))


def label_matrix(axes: Any, labels: Sequence[str]) -> None:
    """Name the rows and columns of a matrix of optimizers, and take away its grid and frame."""
    count = len(labels)
    if count <= MOST_NAMES:
        axes.set_xticks(
            range(count), [shown(label) for label in labels], rotation=35, ha="right", rotation_mode="anchor"
        )
        axes.set_yticks(range(count), [shown(label) for label in labels])
    else:  # columns are numbered as rows are, since names would not fit under them
        axes.set_xticks(range(count), [str(i + 1) for i in range(count)])
        axes.set_yticks(range(count), [f"{shown(label)}  {i + 1}" for i, label in enumerate(labels)])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
