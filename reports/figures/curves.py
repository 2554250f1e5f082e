"""A panel of curves, one for each optimizer: what most figures draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench.reports.figures.figure import Panel, panel_name
from nasbench.reports.figures.style import add_legend, draw_band, line_style, log_axis, marker, new_panel, shown
from nasbench.reports.statistics.inputs import FloatArray


@dataclass(frozen=True)
class Curve:
    """A curve.

    Attributes:
        label: of the optimizer.
        at: abscissas, ascending, `(n,)`.
        values: ordinates, `(n,)`.
        alt: what it shows, in words with numbers.
        band: lower and upper bound, `(n,)` each; None where there is no band.
        is_censored: whether a marker ends it, since some runs would go on.
    """

    label: str
    at: FloatArray
    values: FloatArray
    alt: str
    band: tuple[FloatArray, FloatArray] | None = None
    is_censored: bool = False


def curve_panel(
    names: Sequence[str],
    title: str,
    curves: Sequence[Curve],
    labels: Sequence[str],
    *,
    axes: tuple[str, str],
    alt: str,
    steps: bool = False,
    log: bool = False,
    fractions: bool = False,
    scale: Callable[[Any], None] = lambda axes: None,
) -> Panel:
    """Return the panel.

    Args:
        names: parts of its file name.
        title: what it is about: a data set.
        curves: in the order of the legend.
        labels: of all optimizers, which have their colours by place.
        axes: labels of the axes, x and y.
        alt: what all curves show; their own texts follow.
        steps: whether a value holds up to the next abscissa.
        log: whether the abscissa is logarithmic.
        fractions: whether ordinates are fractions, from 0 to 1.
        scale: sets the axes further.
    """
    figure, drawn = new_panel()
    for curve in curves:
        style = line_style(labels, curve.label)
        point = {"marker": "o"} if len(curve.at) == 1 else {}
        step = {"drawstyle": "steps-post"} if steps else {}
        drawn.plot(curve.at, curve.values, label=shown(curve.label), **style, **point, **step)
        if curve.band:
            draw_band(drawn, curve.at, *curve.band, style["color"], len(curves), step="post" if steps else None)
        if curve.is_censored:
            sign = marker(labels, curve.label)
            drawn.plot(curve.at[-1:], curve.values[-1:], marker=sign, color=style["color"], clip_on=False)
    if log:
        drawn.set_xscale("log")
        log_axis(drawn.xaxis)
    if fractions:
        drawn.set_ylim(-0.02, 1.02)
    scale(drawn)
    drawn.set_xlabel(axes[0])
    drawn.set_ylabel(axes[1])
    drawn.set_title(shown(title))
    add_legend(figure, drawn)
    return Panel(panel_name(*names), title, figure, f"{alt}: {'; '.join(curve.alt for curve in curves)}.")
