"""Write a report: one self-contained HTML page, Markdown, LaTeX, and every table and figure as files of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from nasbench import markup
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.forks import in_forks
from nasbench.reports.figures.figure import FORMATS, Figure, Panel, inline_svg, swatch, write_sheet
from nasbench.reports.figures.hover import hover_data
from nasbench.reports.page.options import DEFAULTS, ReportOptions
from nasbench.reports.page.report import Report
from nasbench.reports.tables.render import write_table_files
from nasbench.reports.tables.table import ReportTable
from nasbench.reports.tables.to_html import to_html
from nasbench.reports.tables.to_latex import to_latex
from nasbench.reports.tables.to_markdown import to_markdown

LONG_WORD = 24
"""Signs from which on LaTeX may break a word anywhere: a hash, or a file."""


@dataclass(frozen=True)
class ReportFiles:
    """Where a report was written.

    Attributes:
        page: the HTML page.
        files: everything, the page included.
    """

    page: Path
    files: tuple[Path, ...]


def write_report(
    report: Report,
    folder: Path,
    options: ReportOptions = DEFAULTS,
    progress: Callable[[float], None] = lambda share: None,
) -> ReportFiles:
    """Write a report into a folder, which is made if it is not there; `options` say what files figures have.

    `progress` is called with the share of the figures that are drawn.

    Raises:
        NasbenchError: if the folder is a file or the disk refuses.
    """
    if folder.exists() and not folder.is_dir():
        raise NasbenchError(f"{folder} is a file; a report needs a folder.")
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        (folder / "figures").mkdir(exist_ok=True)
        files = [path for table in report.tables for path in write_table_files(table, folder / "tables")]
        drawings, drawn = _draw(report, folder / "figures", options, progress)
        files += drawn
        for name, text in (
            ("report.md", markdown(report, options.formats)),
            ("report.tex", latex(report)),
            *((("main.tex", latex(report, is_compact=True)),) if options.is_compact else ()),
            ("report.html", html(report, drawings)),
        ):
            (folder / name).write_text(text, encoding="utf-8")
            files.append(folder / name)
    except OSError as fault:
        raise NasbenchError(
            f"The report cannot be written to {folder} ({fault.strerror}); choose another --out."
        ) from None
    return ReportFiles(folder / "report.html", tuple(files))


@dataclass(frozen=True)
class Drawing:
    """A panel as a page has it.

    Attributes:
        svg: an SVG element.
        curves: JSON of its curves, for their values under the pointer; empty where there are none.
    """

    svg: str
    curves: str


def _draw(
    report: Report, folder: Path, options: ReportOptions, progress: Callable[[float], None]
) -> tuple[dict[str, Drawing], list[Path]]:
    """Draw every panel for the page, by its name, and write the files of all figures; in several processes."""
    panels = {panel.name: panel for figure in report.figures for panel in figure.panels}
    sheets = [sheet for figure in report.figures for sheet in figure.sheets]
    total, ended = len(panels) + len(sheets), count(1)

    def done() -> None:
        progress(next(ended) / total)

    # Of a sheet the files take about as long as a few panels do, so both are spread evenly.
    drawings = in_forks([partial(draw_panel, panel) for panel in panels.values()], options.jobs, done)
    written = in_forks([partial(write_sheet, sheet, folder, options.formats) for sheet in sheets], options.jobs, done)
    return dict(zip(panels, drawings, strict=True)), [path for paths in written for path in paths]


def draw_panel(panel: Panel) -> Drawing:
    """Draw a panel for a page."""
    own = replace(panel)  # a copy, which keeps its picture no longer than is needed
    return Drawing(inline_svg(own), hover_data(own))


def html(report: Report, drawings: Mapping[str, Drawing] | None = None) -> str:
    """Return the HTML page, which loads nothing from elsewhere; `drawings` are of its panels, by name."""
    from markupsafe import Markup

    panels = [panel for figure in report.figures for panel in figure.panels]
    drawn = drawings if drawings is not None else {panel.name: draw_panel(panel) for panel in panels}

    filters: dict[str, Callable[..., str]] = {
        "table": lambda table: Markup(to_html(table)),
        "hover": lambda panel: drawn[panel.name].curves,
        "swatch": lambda entry: Markup(swatch(entry)),
        "svg": lambda panel: Markup(drawn[panel.name].svg),
    }
    return _rendered("page.html.j2", report, filters, autoescape=True, finalize=_shown)


def _shown(value: object) -> object:
    """Return plain text without control characters; markup and line breaks are kept."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(markup.printable(line) for line in value.split("\n"))


def markdown(report: Report, formats: Sequence[str] = FORMATS) -> str:
    """Return the report in Markdown; it links the figures beside it, in the first of their formats that a page can show."""
    kind = next((name for name in ("svg", "png", "pdf") if name in formats), "svg")
    filters: dict[str, Callable[..., str]] = {"md": markup.markdown, "fenced": markup.fenced, "table": to_markdown}
    return _rendered("report.md.j2", report, {**filters, "file": lambda name: f"{name}.{kind}"})


def latex(report: Report, *, is_compact: bool = False) -> str:
    """Return the report as a LaTeX document, or its main result alone; figures are included from beside it."""
    filters: dict[str, Callable[..., str]] = {
        "tex": markup.latex,
        "broken": lambda text: " ".join(
            _breakable(w) if len(w) > LONG_WORD else markup.latex(w) for w in text.split(" ")
        ),
        "breakable": _breakable,
        "table": to_latex,
    }
    # Braces and percent signs are LaTeX's own.
    marks = {"variable": ("<<", ">>"), "block": ("<%", "%>"), "comment": ("<#", "#>")}
    brackets = {
        f"{what}_{end}_string": sign
        for what, signs in marks.items()
        for end, sign in zip(("start", "end"), signs, strict=True)
    }
    return _rendered("main.tex.j2" if is_compact else "report.tex.j2", report, filters, **brackets)


def _sheets(figure: Figure) -> list[tuple[str, str]]:
    """Return the name of each file of a figure, and what its panels show."""
    return [(sheet.name, " ".join(panel.alt for panel in sheet.panels)) for sheet in figure.sheets]


def _breakable(text: str) -> str:
    """Return text that LaTeX may break at any sign."""
    return r"\allowbreak{}".join(markup.latex(sign) for sign in text)


def _rendered(template: str, report: Report, filters: Mapping[str, Callable[..., str]], **options: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    shared: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=PackageLoader("nasbench.reports"), **shared, **options)
    environment.filters.update({"sheets": _sheets, **filters})
    environment.tests["table"] = lambda block: isinstance(block, ReportTable)
    return environment.get_template(template).render(report=report, version=version("nas-verify"))
