"""The style of every figure: colours that colour-blind readers can distinguish, in the order of the study, in print and on dark screens."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from nasbench.markup import printable

INK = "#010101"
"""Text and axes; figures inside the page replace it by the colour of the page's text."""

GRID = "#8c8c8c"

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#C470A0", "#A87900", "#7D7D7D", "#8A63D2")
"""Blue, vermilion, bluish green, reddish purple (Okabe and Ito 2008), ochre, grey, violet: each with a contrast of 3 to 1 or more
to white and to the dark page, and with lightness or hue apart under deuteranopia, protanopia and tritanopia."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (5, 1.4, 1.2, 1.4)), (0, (1.4, 1.4)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

WIDTH = 3.35
"""Width of a panel in inches: one column of a two-column page."""

HEIGHT = 2.5

Font = Literal["sans", "serif"]
FAMILIES: dict[Font, str] = {"sans": "sans-serif", "serif": "serif"}

SETTINGS = {
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.serif": ["DejaVu Serif", "Georgia", "Times New Roman", "serif"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.borderpad": 0.0,
    "lines.linewidth": 1.4,
    "lines.markersize": 3.5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "nasbench",
    "pdf.fonttype": 42,
    "figure.constrained_layout.use": True,
    "figure.max_open_warning": 0,
    # Labels are plain text: a dollar sign is one, and starts no formula.
    "text.parse_math": False,
}


LONGEST = 48
"""Signs of a label that fit beside others; of a longer one the middle is left out."""

MOST_TRIES = 10
"""To make room for axes between long names, which shrink by a quarter each time."""

MOST_COLOURS = 7
"""Optimizers that are drawn in colour; of more than these, the best `MOST_BEST` and the reference."""

MOST_BEST = 4


def draw_band(axes: Any, at: Any, low: Any, high: Any, color: str, count: int, *, step: str | None = None) -> Any:
    """Shade between `low` and `high`, fainter where there are many optimizers; return what was drawn."""
    return axes.fill_between(at, low, high, step=step, color=color, alpha=0.16 if count <= 4 else 0.1, linewidth=0)


@dataclass(frozen=True)
class LegendEntry:
    """An entry of the legend that the panels of a figure share.

    Attributes:
        label: what it names.
        color: as matplotlib takes it.
        linestyle: dashes of the line, empty where there is a marker alone.
        marker: empty where there is a line alone.
        group: identifier of what is drawn for the optimizer that it stands for, empty where it is another thing.
    """

    label: str
    color: str
    linestyle: Any = ""
    marker: str = ""
    group: str = ""


@dataclass(frozen=True)
class Styles:
    """How the optimizers of a study are drawn: in one colour everywhere, by their place in the study.

    Attributes:
        labels: of all optimizers, in the order of the study.
        coloured: labels of those drawn in colour and with bands, in the order of the study; the others are grey. All if empty.
    """

    labels: tuple[str, ...]
    coloured: tuple[str, ...] = ()

    def is_coloured(self, label: str) -> bool:
        """Return whether an optimizer is drawn in colour."""
        return not self.coloured or label in self.coloured

    def line(self, label: str) -> dict[str, Any]:
        """Return colour, dashes and order of an optimizer's line; thin, grey and behind the others where it has no colour."""
        if not self.is_coloured(label):
            return {"color": GRID, "linestyle": "-", "linewidth": 0.7, "zorder": 1.5}
        return line_style(self.coloured or self.labels, label)

    def marker(self, label: str) -> str:
        """Return the marker of an optimizer."""
        return marker(self.labels, label)

    def group(self, label: str) -> str:
        """Return the identifier of everything drawn for an optimizer, by which a page shows and hides it."""
        return f"method-{self.labels.index(label)}"

    def legend(self) -> tuple[LegendEntry, ...]:
        """Return the entries of lines: the optimizers in colour, and one for all in grey."""
        lines = [(label, self.line(label)) for label in self.labels if self.is_coloured(label)]
        entries = [
            LegendEntry(shown(label), style["color"], style["linestyle"], group=self.group(label))
            for label, style in lines
        ]
        return (*entries, *((LegendEntry(f"{len(self.grey)} others", GRID, "-"),) if self.grey else ()))

    @property
    def grey(self) -> tuple[str, ...]:
        """Labels of the optimizers drawn in grey."""
        return tuple(label for label in self.labels if not self.is_coloured(label))

    @property
    def note(self) -> str:
        """What a caption says of the optimizers in grey; empty where there are none."""
        if not self.grey:
            return ""
        return f" In colour: the reference and the {MOST_BEST} with the best mean rank; the other {len(self.grey)} optimizers are grey, without bands."


@contextmanager
def figure_style(font: Font = "sans") -> Iterator[None]:
    """Apply the look inside a `with` block, whatever the user's configuration of matplotlib is."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Signs that the font lacks are boxes on paper and as they should be in a browser.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**SETTINGS, "font.family": FAMILIES[font]})
        yield


def shown(text: str) -> str:
    """Return a label as figures show it: one line of bounded length, without a leading underscore, which legends leave out."""
    line = printable(text).strip() or "?"
    line = line if len(line) <= LONGEST else f"{line[: LONGEST // 2]}…{line[-LONGEST // 2 :]}"
    return f" {line}" if line.startswith("_") else line


def line_style(labels: Sequence[str], label: str) -> dict[str, Any]:
    """Return the colour and dashes of an optimizer, by its place in the study."""
    place = labels.index(label)
    return {"color": PALETTE[place % len(PALETTE)], "linestyle": DASHES[place % len(DASHES)]}


def marker(labels: Sequence[str], label: str) -> str:
    """Return the marker of an optimizer, by its place in the study."""
    return MARKERS[labels.index(label) % len(MARKERS)]


def new_grid(rows: int, columns: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """Return a figure of some inches with `rows * columns` axes, drawn without a window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def add_legend(figure: Any, entries: Sequence[LegendEntry], columns: int) -> None:
    """Add a legend below the axes, and the room for it."""
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=e.color, linestyle=e.linestyle or "none", marker=e.marker or None, label=e.label)
        for e in entries
    ]
    rows = -(-len(lines) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.18 * rows + 0.05)
    figure.legend(handles=lines, loc="outside lower center", ncols=columns, borderaxespad=0.1)


def log_axis(axis: Any) -> None:
    """Label a logarithmic axis in plain text: powers of ten, and 2 and 5 between them where there are few powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    if 0.0 < low < high < 30.0 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
    axis.set_minor_formatter(NullFormatter())


def power_text(value: float) -> str:
    """Return `0.01`, `1`, `1,000`, and `10⁵` where that would be long."""
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    mantissa, exponent = f"{value:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if mantissa == "1" else f"{mantissa}·{power}"


def settle(figure: Any) -> None:
    """Capitalise the labels of axes and lay the figure out once and for all, so that every format shows the same.

    Titles and labels under the axes are moved, and made smaller if need be, until nothing of them is cut off: the layout keeps them
    in the middle of the axes, which stand far to the right where the names beside them are long. Where names leave no room for the
    axes at all, they are made smaller first.
    """
    for label in (axis.label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        label.set_text(label.get_text()[:1].upper() + label.get_text()[1:])
    for _ in range(MOST_TRIES):
        if _has_room(figure):
            break
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_tick_params(
                    labelsize=0.75 * max((t.get_fontsize() for t in axis.get_ticklabels()), default=7.0)
                )
    figure.set_layout_engine("none")
    for axes in figure.axes:
        for text in (axes.title, axes.xaxis.label):
            _keep_inside(figure.bbox.width, axes.bbox.width, text)


def _has_room(figure: Any) -> bool:
    """Lay the figure out; whether what stands around the axes left room for them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.get_layout_engine().execute(figure)
    collapsed = [one for one in caught if "collapsed to zero" in str(one.message)]
    for one in caught:
        if one not in collapsed:
            warnings.warn(str(one.message), one.category, stacklevel=2)
    return not collapsed


def _keep_inside(width: float, axes_width: float, text: Any) -> None:
    """Move a text within `[0, width]`, in pixels; its place is in units of the width of the axes."""
    extent = text.get_window_extent()
    if extent.width > width:
        text.set_fontsize(text.get_fontsize() * 0.99 * width / extent.width)
        extent = text.get_window_extent()
    shift = max(-extent.x0, 0.0) + min(width - extent.x1, 0.0)
    text.set_x(text.get_position()[0] + shift / axes_width)
