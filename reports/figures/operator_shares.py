"""Fraction of queries proposed by each operator of an optimizer over the course of the runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.operator_shares import OperatorShares
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure, Panel
from nasbench.reports.figures.style import Styles
from nasbench.reports.wording import pluralize_any


def operator_share_figure(evaluations: Sequence[BenchmarkEvaluation]) -> Figure | None:
    """Draw one panel a benchmark and optimizer whose traces say who proposed; None where none do."""
    known = [
        (evaluation, place, label, outcome.shares)
        for evaluation in evaluations
        for place, (label, outcome) in enumerate(evaluation.outcomes.items())
        if outcome.shares is not None
    ]
    if not known:
        return None
    parts = list(dict.fromkeys(part for _, _, _, shares in known for part in shares.operators))
    styles = Styles(tuple(parts))
    panels = tuple(_panel(evaluation, place, label, shares, styles) for evaluation, place, label, shares in known)
    runs = [shares.share.shape[1] for _, _, _, shares in known]
    return Figure(
        name="operator_shares",
        title="Fraction of queries proposed by each operator",
        caption=(
            f"Fraction of queries proposed by each operator, in windows of queries, "
            f"mean over {pluralize_any(runs, 'run')}; "
            "bands: 95% CI of the mean (Student's t). Colours denote operators, not optimizers."
        ),
        panels=panels,
        legend=styles.legend(),
    )


def _panel(evaluation: BenchmarkEvaluation, place: int, label: str, shares: OperatorShares, styles: Styles) -> Panel:
    edges = np.append(shares.starts - 1.0, shares.ends[-1])
    weights = np.diff(edges) / edges[-1]
    curves = []
    for part in (part for part in styles.labels if part in shares.operators):
        share = shares.share[shares.operators.index(part)]
        mean, half = share.mean(axis=0), _half_width(share)
        alt = f"{part} {100 * float(mean @ weights):.1f}% of all queries, {100 * mean[0]:.0f}% in the first window, {100 * mean[-1]:.0f}% in the last"
        # A step holds from the start of its window to the end, so the last value is given twice.
        middle, low, high = (
            np.append(values, values[-1])
            for values in (mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0))
        )
        curves.append(Curve(part, edges, middle, alt, (low, high)))
    return curve_panel(
        ("operator_shares", evaluation.short, str(place)),
        f"{evaluation.short}: {label}",
        curves,
        styles,
        axes=("queries", "fraction of queries"),
        alt=f"Fraction of queries by operator of {label} on {evaluation.short}",
        steps=True,
        fractions=True,
        scale=lambda axes: axes.set_xlim(0.0, edges[-1]),
    )


def _half_width(share: np.ndarray) -> np.ndarray:
    """Return half of the 95% interval of the mean over runs `(R, W)`, `(W,)`; 0 for one run, which has none."""
    runs = len(share)
    if runs < 2:
        return np.zeros(share.shape[1])
    from scipy.special import stdtrit

    return np.asarray(float(stdtrit(runs - 1, 0.975)) * share.std(axis=0, ddof=1) / np.sqrt(runs))
