"""A panel of curves, one for each optimizer: what most figures draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench.reports.figures.figure import Panel, panel_name
from nasbench.reports.figures.style import Styles, draw_band, log_axis, shown
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
    styles: Styles,
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
        names: parts of its name.
        title: what it is about: a data set.
        curves: in the order of the study.
        styles: how their optimizers are drawn.
        axes: labels of the axes, x and y.
        alt: what all curves show; their own texts follow.
        steps: whether a value holds up to the next abscissa.
        log: whether the abscissa is logarithmic.
        fractions: whether ordinates are fractions, from 0 to 1.
        scale: sets the axes further.
    """

    def draw(drawn: Any) -> None:
        for curve in curves:
            _draw_curve(drawn, curve, styles, sum(map(styles.is_coloured, styles.labels)), steps)
        if log:
            drawn.set_xscale("log")
            log_axis(drawn.xaxis)
        if fractions:
            drawn.set_ylim(-0.02, 1.02)
        scale(drawn)
        drawn.set_xlabel(axes[0])
        drawn.set_ylabel(axes[1])
        drawn.set_title(shown(title))

    return Panel(panel_name(*names), title, draw, f"{alt}: {'; '.join(curve.alt for curve in curves)}.")


def _draw_curve(axes: Any, curve: Curve, styles: Styles, count: int, steps: bool) -> None:
    style, group = styles.line(curve.label), styles.group(curve.label)
    point = {"marker": "o"} if len(curve.at) == 1 else {}
    step = {"drawstyle": "steps-post"} if steps else {}
    axes.plot(curve.at, curve.values, label=shown(curve.label), gid=f"{group}-line", **style, **point, **step)
    if not styles.is_coloured(curve.label):
        return
    if curve.band:
        band = draw_band(axes, curve.at, *curve.band, style["color"], count, step="post" if steps else None)
        band.set_gid(f"{group}-band")
    if curve.is_censored:
        sign = {"marker": styles.marker(curve.label), "color": style["color"], "gid": f"{group}-end"}
        axes.plot(curve.at[-1:], curve.values[-1:], clip_on=False, **sign)
