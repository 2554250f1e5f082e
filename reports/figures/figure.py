"""A figure is panels with a legend, a caption and a text for readers who cannot see it; written as SVG, PDF and PNG, and inlined into pages."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nasbench.reports.figures.style import (
    HEIGHT,
    INK,
    WIDTH,
    Font,
    LegendEntry,
    add_legend,
    figure_style,
    new_grid,
    settle,
)

RESOLUTION = 200

FORMATS = ("svg", "pdf", "png")

PAGE_WIDTH = 7.0
"""Width of a grid of panels in inches, unless another is wanted: both columns of a two-column page."""

NARROWEST = 2.3
"""Width in inches that a panel of a grid has at least, where text keeps its size."""

MOST_COLUMNS, MOST_PANELS = 3, 12
"""Of a sheet; figures with more panels have several."""

MOST_SIGNS = 120
"""Of the name of a panel; file systems take 255."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        name: anchor in the page, unique in a report.
        title: what tells it from its neighbours.
        draw: draws it on axes, its title included.
        alt: what it shows, in sentences with numbers.
        width: in inches, where it stands alone.
        height: likewise.
        font: "sans" or "serif".
    """

    name: str
    title: str
    draw: Callable[[Any], None]
    alt: str
    width: float = WIDTH
    height: float = HEIGHT
    font: Font = "sans"

    @cached_property
    def picture(self) -> Any:
        """The panel as a matplotlib figure of its own, without a legend."""
        with figure_style(self.font):
            figure, (axes,) = new_grid(1, 1, self.width, self.height)
            self.draw(axes)
            settle(figure)
        return figure

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document without a background."""
        return to_svg(self.picture)


@dataclass(frozen=True)
class Figure:
    """Panels that belong together.

    Attributes:
        name: anchor in the page, and name of its files.
        title: short heading.
        caption: how to read it, with n.
        panels: none where the figure was refused.
        refused: why it could not be drawn, else empty.
        legend: what the panels share.
        width: of its files, in inches; a panel alone may be narrower.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    refused: str = ""
    legend: tuple[LegendEntry, ...] = ()
    width: float = PAGE_WIDTH

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """Its files: all panels in a grid with one legend, at most `MOST_PANELS` in each."""
        parts = [self.panels[i : i + MOST_PANELS] for i in range(0, len(self.panels), MOST_PANELS)]
        endings = [""] if len(parts) == 1 else [f"-{i + 1}" for i in range(len(parts))]
        return tuple(
            Sheet(f"{self.name}{e}", part, self.legend, self.width) for e, part in zip(endings, parts, strict=True)
        )

    def styled(self, font: Font, width: float = PAGE_WIDTH) -> Figure:
        """Return the figure in another font, with files of another width in inches."""
        return replace(self, panels=tuple(replace(panel, font=font) for panel in self.panels), width=width)

    @property
    def is_narrow(self) -> bool:
        """Whether it is as wide as one column of a page."""
        return self.width <= WIDTH or (len(self.panels) == 1 and self.panels[0].width <= WIDTH)


@dataclass(frozen=True)
class Sheet:
    """Panels in a grid, with a legend: what is written to one file.

    Attributes:
        name: of the file, without its ending.
        panels: row by row.
        legend: below them.
        width: of the whole, in inches; a panel alone may be narrower.
    """

    name: str
    panels: tuple[Panel, ...]
    legend: tuple[LegendEntry, ...]
    width: float = PAGE_WIDTH

    @cached_property
    def picture(self) -> Any:
        """The matplotlib figure, as wide as a page; a panel alone keeps its width where it fits."""
        columns = max(1, min(MOST_COLUMNS, len(self.panels), int(self.width / NARROWEST)))
        rows = -(-len(self.panels) // columns)
        width = self.width if len(self.panels) > 1 else min(self.width, self.panels[0].width)
        # Narrower panels are lower too, but not in proportion: text keeps its size.
        shrink = (width / columns / max(panel.width for panel in self.panels)) ** 0.5
        height = rows * max(panel.height for panel in self.panels) * min(shrink, 1.0)
        with figure_style(self.panels[0].font):
            figure, cells = new_grid(rows, columns, width, height)
            for panel, axes in zip(self.panels, cells, strict=False):
                panel.draw(axes)
            for axes in cells[len(self.panels) :]:
                axes.set_visible(False)
            _label_margins(cells[: len(self.panels)], columns)
            if self.legend:
                longest = max(len(entry.label) for entry in self.legend)
                add_legend(figure, self.legend, max(1, min(len(self.legend), int(width / (0.5 + 0.06 * longest)))))
            settle(figure)
        return figure


def _label_margins(panels: Sequence[Any], columns: int) -> None:
    """Where all axes have the same labels, keep those at the left and below."""
    for get, keep in (("xlabel", lambda i: i + columns >= len(panels)), ("ylabel", lambda i: i % columns == 0)):
        if len({getattr(axes, f"get_{get}")() for axes in panels}) == 1:
            for i, axes in enumerate(panels):
                if not keep(i):
                    getattr(axes, f"set_{get}")("")


def to_svg(picture: Any) -> str:
    """Return a matplotlib figure as an SVG document without a background."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    picture.patch.set_visible(False)
    with figure_style():
        FigureCanvasSVG(picture).print_svg(stream, metadata={"Date": None})
    picture.patch.set_visible(True)
    return stream.getvalue()


def write_pdf(picture: Any, path: Path) -> None:
    """Write a matplotlib figure as a PDF file."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    with figure_style():
        FigureCanvasPdf(picture).print_pdf(path, metadata={"CreationDate": None})


def write_png(picture: Any, path: Path) -> None:
    """Write a matplotlib figure as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture.set_dpi(RESOLUTION)
    with figure_style():
        FigureCanvasAgg(picture).print_png(path)


def panel_name(*parts: str) -> str:
    """Return a name for files and anchors: letters, digits, dots and dashes, and a checksum where other signs were replaced."""
    text = "-".join(parts).replace("/", "-")
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", text)[:MOST_SIGNS]
    return plain if plain == text else f"{plain}-{zlib.crc32(text.encode(errors='replace')):08x}"


def inline_svg(panel: Panel) -> str:
    """Return the panel as an SVG element for a page: text in the page's colour, ids of its own."""
    svg = panel.svg[panel.svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)

    def own(tag: re.Match[str]) -> str:
        text = re.sub(r'\bid="', f'id="{panel.name}-', tag[0])
        text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{panel.name}-", text)
        return text.replace(INK, "currentColor")

    # Tags alone: what a label says stays as it is.
    svg = re.sub(r"<[^>]*>", own, svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return f'{head} aria-hidden="true" focusable="false">{rest}'


def swatch(entry: LegendEntry) -> str:
    """Return the line and marker of an entry of a legend as an SVG element."""
    color = "currentColor" if entry.color == INK else entry.color
    dashes = "" if isinstance(entry.linestyle, str) else " ".join(f"{1.5 * part:g}" for part in entry.linestyle[1])
    dashes = "5 3" if entry.linestyle == "--" else dashes
    line = f'<path d="M0 6H28" stroke="{color}" stroke-width="2" fill="none" stroke-dasharray="{dashes or "none"}"/>'
    dot = f'<circle cx="14" cy="6" r="3.5" fill="{color}"/>' if entry.marker else ""
    return f'<svg class="swatch" viewBox="0 0 28 12" aria-hidden="true" focusable="false">{line if entry.linestyle else ""}{dot}</svg>'


def write_figure_files(figures: Sequence[Figure], folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write every figure, its panels in a grid, into an existing folder; return the paths.

    Args:
        figures: a figure that was refused has no file.
        folder: where to write.
        formats: of "svg", "pdf" and "png".
    """
    return [path for figure in figures for sheet in figure.sheets for path in write_sheet(sheet, folder, formats)]


def write_sheet(sheet: Sheet, folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a sheet, laid out once, in all formats; arguments as in `write_figure_files`."""
    # Canvases are used directly: `savefig` draws every figure twice, to find out again where everything stands.
    write: dict[str, Callable[[Any, Path], object]] = {
        "svg": lambda picture, path: path.write_text(to_svg(picture), encoding="utf-8"),
        "pdf": write_pdf,
        "png": write_png,
    }
    picture = replace(sheet).picture  # of a copy, so that the picture is not kept
    paths = [folder / f"{sheet.name}.{ending}" for ending in formats]
    for ending, path in zip(formats, paths, strict=True):
        write[ending](picture, path)
    return paths
