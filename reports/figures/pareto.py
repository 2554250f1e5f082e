"""Pareto fronts: the true one, and what runs attain, as the median attainment surface with a band from quarter to three quarters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.figure import Figure, Panel, panel_name
from nasbench.reports.figures.style import INK, LegendEntry, Styles, draw_band, shown
from nasbench.reports.statistics.inputs import FloatArray
from nasbench.reports.statistics.multiobjective import attainment_surface
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize
from nasbench.search.dominance import nondominated

MARGIN = 0.25
"""What is shown beyond the true front, as a share of its extent."""


def pareto(evaluations: Sequence[BenchmarkEvaluation], objectives: Sequence[str], styles: Styles) -> Figure:
    """Draw one panel a benchmark and further objective, the first objective upwards."""
    projected = "" if len(objectives) == 2 else " Fronts are projected on two objectives."
    return Figure(
        name="pareto",
        title="Fronts attained",
        caption=(
            "Line: what half of the runs attain (median attainment surface); "
            f"band: from a quarter to three quarters of the runs; dots: the {evaluations[0].front_name}.{styles.note} "
            f"{_corner(evaluations[0], len(objectives))} is better.{projected}"
        ),
        panels=tuple(
            _panel(evaluation, objectives, other, styles)
            for evaluation in evaluations
            for other in range(1, len(objectives))
        ),
        legend=(*styles.legend(), LegendEntry(evaluations[0].front_name, INK, marker=".")),
    )


def _corner(evaluation: BenchmarkEvaluation, count: int) -> str:
    """Return in which corner good points lie."""
    across = {view.direction for view in evaluation.views[1:count]}
    side = "left" if across == {"min"} else "right" if across == {"max"} else "left, or right of what is maximised,"
    return f"{'Upper' if evaluation.view.direction == 'max' else 'Lower'} {side}"


Surfaces = Mapping[str, tuple[FloatArray | Undefined, FloatArray, FloatArray | Undefined]]
"""By label, what a quarter, half and three quarters of the runs attain."""


def _panel(evaluation: BenchmarkEvaluation, objectives: Sequence[str], other: int, styles: Styles) -> Panel:
    truth = evaluation.front
    assert truth is not None
    surfaces: dict[str, Any] = {}
    for label, outcome in evaluation.outcomes.items():
        assert outcome.fronts is not None
        fronts = [_projected(points, other) for points in outcome.fronts.final]
        quarter, half, most = (attainment_surface(fronts, fraction) for fraction in (0.25, 0.5, 0.75))
        if not isinstance(half, Undefined):
            surfaces[label] = (quarter, half, most)
    name = panel_name("pareto", objectives[other], evaluation.short)
    true = _projected(truth.points, other)
    sentences = "; ".join(
        f"{label}: median surface of {pluralize(len(half), 'point')}" for label, (_, half, _) in surfaces.items()
    )
    alt = (
        f"Attained fronts on {evaluation.short}, {objectives[0]} against {objectives[other]}; "
        f"the {evaluation.front_name} has {pluralize(len(true), 'point')}; {sentences}."
    )

    def draw(axes: Any) -> None:
        _draw(axes, true, surfaces, styles)
        for axis, view in ((axes.xaxis, evaluation.views[other]), (axes.yaxis, evaluation.view)):
            if view.direction == "max":  # drawn as what is minimised, read as what users asked for
                axis.set_inverted(True)
                axis.set_major_formatter(lambda value, _, view=view: f"{view(value):g}")
        axes.set_xlabel(f"{shown(objectives[other])} ({evaluation.units[other]})")
        axes.set_ylabel(f"{shown(objectives[0])} ({evaluation.unit})")
        axes.set_title(shown(evaluation.short))

    return Panel(name, f"{evaluation.short}, {objectives[other]}", draw, alt)


def _draw(axes: Any, true: FloatArray, surfaces: Surfaces, styles: Styles) -> None:
    """Draw the true front `(n, 2)` and the surfaces."""
    low, high = true.min(axis=0), true.max(axis=0)
    edge = high + MARGIN * np.where(high > low, high - low, 1.0)
    for label, (quarter, half, most) in surfaces.items():
        style, group = styles.line(label), styles.group(label)
        axes.step(*_stairs(half, edge), where="post", label=shown(label), gid=f"{group}-line", **style)
        if styles.is_coloured(label) and not isinstance(quarter, Undefined) and not isinstance(most, Undefined):
            grid = np.unique(np.concatenate([_stairs(quarter, edge)[0], _stairs(most, edge)[0]]))
            inner, outer = _height(quarter, grid), _height(most, grid)
            both = np.isfinite(inner)
            outer = np.where(np.isfinite(outer), outer, edge[1] * 10)
            band = draw_band(axes, grid[both], inner[both], outer[both], style["color"], len(surfaces), step="post")
            band.set_gid(f"{group}-band")
    axes.plot(true[:, 0], true[:, 1], linestyle="none", marker=".", color=INK, markersize=3)
    axes.set_xlim(low[0] - 0.05 * (edge[0] - low[0]), edge[0])
    axes.set_ylim(low[1] - 0.05 * (edge[1] - low[1]), edge[1])


def _projected(points: FloatArray, other: int) -> FloatArray:
    """Return the front in (objective `other`, first objective), by rising abscissa."""
    pair = np.unique(points[:, [other, 0]], axis=0)
    return np.asarray(pair[nondominated(pair.astype(np.float64))])


def _stairs(surface: FloatArray, edge: FloatArray) -> tuple[FloatArray, FloatArray]:
    ordered = surface[np.argsort(surface[:, 0])]
    return np.append(ordered[:, 0], edge[0]), np.append(ordered[:, 1], ordered[-1, 1])


def _height(surface: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the lowest ordinate attained at each abscissa; infinite left of the surface."""
    ordered = surface[np.argsort(surface[:, 0])]
    position = np.searchsorted(ordered[:, 0], grid, side="right") - 1
    return np.where(position >= 0, ordered[np.maximum(position, 0), 1], np.inf)
