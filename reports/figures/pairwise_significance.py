"""Matrix of pairwise tests: which optimizer ends significantly better than which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.comparison import Comparison
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import shown
from nasbench.reports.figures.win_probability import MOST_NAMES, MOST_NUMBERS, label_matrix
from nasbench.reports.statistics.result import Undefined
from nasbench.spaces.space import Ints

NAME, TITLE = "pairwise-significance", "Significant differences between pairs"
COLOURS = ("#E69F00", "#F2F2F2", "#56B4E9")
"""Of a row that is worse, does not differ significantly, and is better."""


def pairwise_significance(evaluations: Sequence[BenchmarkEvaluation], comparisons: Mapping[str, Comparison]) -> Figure:
    """Draw one panel a benchmark."""
    if len(evaluations[0].outcomes) < 2:
        return Figure(NAME, TITLE, "", (), "there is one optimizer, so there are no pairs")
    are_marked = len(evaluations[0].outcomes) <= MOST_NUMBERS
    return Figure(
        name=NAME,
        title=TITLE,
        caption=(
            f"Wilcoxon signed-rank tests of final scores, paired by run, Holm-adjusted over all pairs of a data set, at {evaluations[0].alpha:g}: "
            f"{'+ (blue)' if are_marked else 'blue'}: the row's optimizer is significantly better than the column's, "
            f"{'− (orange)' if are_marked else 'orange'}: significantly worse; "
            "grey: not significant, which is no evidence of equality."
        ),
        panels=tuple(_panel(evaluation, comparisons[evaluation.benchmark]) for evaluation in evaluations),
    )


def _panel(evaluation: BenchmarkEvaluation, comparison: Comparison) -> Panel:
    labels = list(evaluation.outcomes)
    count = len(labels)
    signs = np.zeros((count, count), dtype=np.int64)
    for (i, j), p_value in comparison.p_values.items():
        if not isinstance(p_value, Undefined) and p_value < evaluation.alpha:
            lean = float(
                np.sign(np.median(evaluation.outcomes[labels[j]].score - evaluation.outcomes[labels[i]].score))
            )
            lean = lean or float(
                np.sign((evaluation.outcomes[labels[j]].score - evaluation.outcomes[labels[i]].score).mean())
            )
            signs[i, j], signs[j, i] = int(lean), -int(lean)
    better = {label: int((signs[i] > 0).sum()) for i, label in enumerate(labels)}
    return Panel(
        panel_name(NAME, evaluation.short),
        evaluation.short,
        lambda axes: _draw(axes, labels, signs, evaluation.short),
        f"On {evaluation.short} significantly better than others: {'; '.join(f'{label} than {n}' for label, n in better.items())}.",
        height=(1.5 if count <= MOST_NAMES else 0.7) + (0.3 if count <= MOST_NAMES else 0.22) * count,
    )


def _draw(axes: Any, labels: Sequence[str], signs: Ints, title: str) -> None:
    from matplotlib.colors import ListedColormap

    shown_signs = np.ma.masked_array(signs, np.eye(len(labels), dtype=bool))
    axes.imshow(shown_signs, cmap=ListedColormap(COLOURS), vmin=-1, vmax=1, aspect="auto")
    for i, j in zip(*np.nonzero(signs), strict=True) if len(labels) <= MOST_NUMBERS else ():
        axes.text(j, i, "+" if signs[i, j] > 0 else "−", ha="center", va="center", color="#000000", fontsize=8)
    label_matrix(axes, labels)
    axes.set_title(shown(title))
