"""The values of a panel's curves, for a page that shows them under the pointer."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from nasbench.reports.figures.figure import Panel

MOST_POINTS = 120
"""Of a curve; longer ones are thinned out evenly."""

SCALES = ("linear", "log")


def hover_data(panel: Panel) -> str:
    """Return JSON with the curves of a panel and where they stand in its SVG; empty where it has no curves of optimizers.

    `box` is left, top, right and bottom of the axes, in units of the SVG's view box; `x` the limits and the scale of the abscissa;
    each curve has its `group`, `label`, abscissas `x` and ordinates `y`, ascending in x.
    """
    (axes,) = panel.picture.axes
    lines = [line for line in axes.lines if re.fullmatch(r"method-\d+-line", line.get_gid() or "")]
    curves = [curve for line in lines if (curve := _curve(line))]
    if not curves or axes.get_xscale() not in SCALES or axes.xaxis.get_inverted():
        return ""
    width, height = (72.0 * inches for inches in panel.picture.get_size_inches())
    place = axes.get_position()
    box = [width * place.x0, height * (1 - place.y1), width * place.x1, height * (1 - place.y0)]
    data = {
        "box": [round(edge, 1) for edge in box],
        "x": {"limits": list(map(float, axes.get_xlim())), "scale": axes.get_xscale(), "label": axes.get_xlabel()},
        "curves": curves,
    }
    return json.dumps(data, allow_nan=False)


def _curve(line: Any) -> dict[str, Any] | None:
    x, y = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 2 or (np.diff(x) < 0).any():
        return None
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    shown = [[float(f"{value:.4g}") for value in values[kept]] for values in (x, y)]
    group = str(line.get_gid()).removesuffix("-line")
    return {"group": group, "label": str(line.get_label()).strip(), "x": shown[0], "y": shown[1]}
