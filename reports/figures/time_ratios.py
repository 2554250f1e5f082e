"""Forest plot: time to the target of every optimizer relative to the reference, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasbench.reports.analysis.accounts import NAMES
from nasbench.reports.analysis.time_to_target import TimeToTargetResult
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import INK, Styles, log_axis, shown
from nasbench.reports.statistics.restricted_mean_ratio import RestrictedMeanRatio
from nasbench.reports.statistics.result import Interval, Undefined

NAME, TITLE = "time-ratios", "Time to target relative to the reference"
ROW = 0.24  # inches an optimizer


def time_ratios(arrivals: Sequence[TimeToTargetResult], reference: str, styles: Styles) -> Figure | None:
    """Draw one panel a benchmark; None where there is one optimizer.

    Args:
        arrivals: of every optimizer at one target in one account, on all benchmarks.
        reference: label of the optimizer that the others are compared with.
        styles: how optimizers are drawn.
    """
    compared = [arrival for arrival in arrivals if arrival.label != reference]
    if not compared:
        return None
    target, account = compared[0].target, compared[0].account
    title = f"Time to {target.name}, relative to {reference}"
    if all(isinstance(arrival.saving, Undefined) for arrival in compared):
        reasons = dict.fromkeys(a.saving.reason for a in compared if isinstance(a.saving, Undefined))
        return Figure(NAME, title, "", (), "; ".join(reasons))
    benchmarks = list(dict.fromkeys(arrival.benchmark for arrival in compared))
    panels = [_panel(name, [a for a in compared if a.benchmark == name], reference, styles) for name in benchmarks]
    return Figure(
        name=NAME,
        title=title,
        caption=(
            f"Ratio of the restricted mean {NAMES[account]} until {target.name} is queried, optimizer over {reference}, paired by run, "
            f"with {100 * (1 - compared[0].alpha):.10g}% confidence intervals "
            "(bootstrap-t of the log ratio, each by itself, without a correction for the number of comparisons). "
            "Left of the line at 1: faster than the reference. An open marker has no interval."
        ),
        panels=tuple(panels),
    )


def _panel(benchmark: str, arrivals: Sequence[TimeToTargetResult], reference: str, styles: Styles) -> Panel:
    known = [(a.label, a.saving) for a in arrivals if not isinstance(a.saving, Undefined)]
    sentences = [
        f"{label} {saving.value:.2f}" + (f" [{b.lower:.2f}, {b.upper:.2f}]" if isinstance(b, Interval) else "")
        for label, saving in known
        for b in [saving.interval]
    ]
    sentences += [f"{a.label} undefined" for a in arrivals if isinstance(a.saving, Undefined)]
    labels = [arrival.label for arrival in arrivals]
    return Panel(
        panel_name(NAME, benchmark),
        benchmark,
        lambda axes: _draw(axes, benchmark, labels, dict(known), styles),
        f"On {benchmark}, relative to {reference}: {'; '.join(sentences)}.",
        height=0.8 + ROW * len(labels),
    )


def _draw(axes: Any, title: str, labels: Sequence[str], ratios: dict[str, RestrictedMeanRatio], styles: Styles) -> None:
    for place, label in enumerate(labels):
        if label not in ratios:
            continue
        ratio, color, group = ratios[label], styles.line(label)["color"], styles.group(label)
        bounds = ratio.interval
        if isinstance(bounds, Interval):
            axes.hlines(place, bounds.lower, bounds.upper, color=color, linewidth=1.4, gid=f"{group}-band")
        face = color if isinstance(bounds, Interval) else "none"
        point = {"marker": styles.marker(label), "color": color, "markerfacecolor": face, "linestyle": "none"}
        axes.plot([ratio.value], [place], markersize=5, gid=f"{group}-line", **point)
    axes.axvline(1.0, color=INK, linewidth=0.8)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.8), max(high, 1.25))
    log_axis(axes.xaxis)
    axes.set_yticks(range(len(labels)), [shown(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("ratio of restricted means (log scale)")
    axes.set_title(shown(title))
