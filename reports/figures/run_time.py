"""Run-time distributions: the fraction of (run, target) pairs solved within each number of queries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.evaluation import BenchmarkEvaluation
from reports.figures.figure import Figure, Panel
from reports.figures.style import add_legend, figure_style, line_style, log_axis, new_panel
from reports.statistics.result import Undefined
from reports.statistics.runtime import run_time_distribution

POINTS = 200


def run_time(evaluations: Sequence[BenchmarkEvaluation]) -> Figure:
    """Draw one panel a benchmark, over all targets of the report."""
    targets = evaluations[0].targets
    with figure_style():
        drawn = [_panel(evaluation) for evaluation in evaluations]
    panels = tuple(panel for panel in drawn if isinstance(panel, Panel))
    refused = "; ".join(dict.fromkeys(panel.reason for panel in drawn if isinstance(panel, Undefined)))
    return Figure(
        name="run-time",
        title="Run-time distributions",
        caption=(
            f"Fraction of (run, target) pairs reached within a number of queries, over {len(targets)} targets ({', '.join(t.name for t in targets)}); "
            "higher is better. Curves end where the first unsuccessful run stopped."
        ),
        panels=panels,
        refused="" if panels else refused,
    )


def _panel(evaluation: BenchmarkEvaluation) -> Panel | Undefined:
    labels = list(evaluation.outcomes)
    figure, axes = new_panel()
    sentences = []
    for label, outcome in evaluation.outcomes.items():
        times = [outcome.times[target.key, "queries"] for target in evaluation.targets]
        end = min((float(t.time[~t.observed].min()) for t in times if t.events < t.runs), default=np.inf)
        end = end if np.isfinite(end) else max(float(t.time.max()) for t in times)
        budgets = np.unique(np.round(np.geomspace(1.0, max(end, 1.0), POINTS)))
        solved = run_time_distribution(times, budgets[budgets <= end])
        if isinstance(solved, Undefined):
            return solved
        point = {"marker": "o"} if len(solved) == 1 else {}
        axes.step(budgets[budgets <= end], solved, where="post", label=label, **line_style(labels, label), **point)
        sentences.append(f"{label} {100 * solved[-1]:.0f} % within {end:,.0f}")
    axes.set_xscale("log")
    log_axis(axes.xaxis)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("queries")
    axes.set_ylabel("fraction of pairs reached")
    axes.set_title(evaluation.short)
    add_legend(figure, axes)
    alt = f"Fraction of run and target pairs reached on {evaluation.short}: " + "; ".join(sentences) + "."
    return Panel(f"run-time-{evaluation.short.replace('/', '-')}", evaluation.short, figure, alt)
