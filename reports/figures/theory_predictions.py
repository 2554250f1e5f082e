"""Theoretical predictions, distributions and bounds, compared with the observed runs of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.analysis.scoring import searched_on
from nasbench.reports.figures.figure import MOST_PANELS, Figure, Panel, panel_name
from nasbench.reports.figures.style import INK, LegendEntry, Styles, log_axis, shown
from nasbench.reports.wording import pluralize
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.traces.trace_check import TraceCheck

KINDS = {"exact": "exact distribution", "simulated": "simulated distribution", "bound": "proved bound"}


def laws(evaluations: Sequence[BenchmarkEvaluation], spoken: Sequence[TraceCheck], styles: Styles) -> Figure | None:
    """Draw one panel a benchmark, optimizer and claim with a curve; None where there is none."""
    drawn = [(e, s, s.curve) for e in evaluations for s in spoken if s.benchmark == e.benchmark and s.curve is not None]
    if not drawn:
        return None
    chosen = _chosen([s for _, s, _ in drawn])
    left_out = (
        f" Drawn: {MOST_PANELS} of {len(drawn)}, those that do not hold first and then one of each claim and outcome."
        if len(drawn) > MOST_PANELS
        else ""
    )
    return Figure(
        name="bound-against-trace",
        title="Theoretical predictions compared with the observed runs",
        caption=(
            "Observed runs (in colour, with a 95% band: Dvoretzky-Kiefer-Wolfowitz for a distribution, normal for a mean) and the "
            "predicted distribution or bound (dashed); a distribution must lie within the band, a bound on its side of it. "
            "P(T ≤ t): fraction of runs that had queried one of the best architectures, by "
            f"{searched_on([e.scoring for e, _, _ in drawn])}, after t queries. "
            f"Verdicts are in the table of the same title.{left_out}"
        ),
        panels=tuple(_panel(e, s, curve, i, styles) for i, (e, s, curve) in enumerate(drawn) if i in chosen),
        legend=(LegendEntry("predicted", INK, "--"),),
    )


def _chosen(spoken: Sequence[TraceCheck]) -> set[int]:
    """Return the places of what is drawn: violations, then one of each claim and outcome, then the rest in their order."""
    seen: set[tuple[str, str]] = set()
    ranked = []
    for place, one in enumerate(spoken):
        kind = (one.claim, one.verdict.outcome.value)
        ranked.append((one.passed, kind in seen, place))
        seen.add(kind)
    return {place for *_, place in sorted(ranked)[:MOST_PANELS]}


def _panel(evaluation: BenchmarkEvaluation, spoken: TraceCheck, curve: LawCurve, number: int, styles: Styles) -> Panel:
    runs = len(evaluation.outcomes[spoken.optimizer].runs)
    ends = [0, len(curve.x) - 1]
    points = " and ".join(
        f"{curve.seen[i]:.3g} observed, {curve.stated[i]:.3g} predicted after {pluralize(int(curve.x[i]), 'query', 'queries')}"
        for i in np.unique(ends)
    )
    alt = f"{spoken.claim} on {spoken.optimizer}, {evaluation.short}, {curve.y_label}: {points}; {spoken.verdict.outcome.value}."
    name = panel_name("bound-against-trace", evaluation.short, str(number))
    title = f"{shown(evaluation.short)}: {shown(spoken.optimizer)}, {pluralize(runs, 'run')}"
    verdict = f"{KINDS[curve.kind]}: {spoken.verdict.outcome.value}"
    color = styles.line(spoken.optimizer)["color"]
    return Panel(name, evaluation.short, lambda axes: _draw(axes, curve, color, f"{title}\n{verdict}"), alt)


def _draw(axes: Any, curve: LawCurve, color: str, title: str) -> None:
    axes.fill_between(curve.x, curve.low, curve.high, step="post", color=color, alpha=0.2, linewidth=0)
    axes.step(curve.x, curve.seen, where="post", color=color)
    axes.plot(curve.x, curve.stated, color=INK, linestyle="--", linewidth=1.1)
    if len(curve.x) > 1:
        axes.set_xscale("log")
        log_axis(axes.xaxis)
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label.replace("<=", "≤"))
    axes.set_title(title)
