"""A figure is panels with a caption and a text for readers who cannot see it; written as SVG, PDF and PNG, and inlined into pages."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nasbench.reports.figures.style import INK, figure_style, settle

RESOLUTION = 200

MOST_SIGNS = 120
"""Of the name of a panel; file systems take 255."""


@dataclass(frozen=True)
class Panel:
    """One picture, a column wide.

    Attributes:
        name: file name without ending, unique in a report.
        title: what tells it from its neighbours.
        picture: the matplotlib figure.
        alt: what it shows, in sentences with numbers.
    """

    name: str
    title: str
    picture: Any
    alt: str

    def __post_init__(self) -> None:
        with figure_style():
            settle(self.picture)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document without a background."""
        stream = io.StringIO()
        with figure_style():
            self.picture.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
        return stream.getvalue()


@dataclass(frozen=True)
class Figure:
    """Panels that belong together.

    Attributes:
        name: anchor in the page.
        title: short heading.
        caption: how to read it, with n.
        panels: the pictures; none where the figure was refused.
        refused: why it could not be drawn, else empty.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    refused: str = ""


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


def write_figure_files(figures: Sequence[Figure], folder: Path) -> list[Path]:
    """Write every panel as SVG, PDF and PNG into an existing folder; return the paths."""
    paths = []
    for panel in (panel for figure in figures for panel in figure.panels):
        path = folder / f"{panel.name}.svg"
        path.write_text(panel.svg, encoding="utf-8")
        paths.append(path)
        with figure_style():
            for ending, metadata in (("pdf", {"CreationDate": None}), ("png", {})):
                path = folder / f"{panel.name}.{ending}"
                panel.picture.savefig(path, dpi=RESOLUTION, metadata=metadata)
                paths.append(path)
    return paths
