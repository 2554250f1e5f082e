"""Which optimizers of a study figures draw in colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.style import MOST_BEST, MOST_COLOURS, Styles


def styles_of(evaluations: Sequence[BenchmarkEvaluation], reference: str) -> Styles:
    """Return how to draw the optimizers of a study: all in colour, or the reference and the best where they are many.

    The best are those with the least mean rank over the benchmarks of their mean final score.

    Args:
        evaluations: one a benchmark.
        reference: label of the reference.
    """
    labels = tuple(evaluations[0].outcomes)
    if len(labels) <= MOST_COLOURS:
        return Styles(labels)
    means = np.array([[float(o.score.mean()) for o in e.outcomes.values()] for e in evaluations])
    ranks = dict(zip(labels, rankdata(means, axis=1).mean(axis=0), strict=True))
    best = sorted((label for label in labels if label != reference), key=lambda label: ranks[label])[:MOST_BEST]
    return Styles(labels, tuple(label for label in labels if label in best or label == reference))
