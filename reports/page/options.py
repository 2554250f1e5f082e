"""How a report looks: names, figures and length, from a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.analysis.comparison import ALPHA
from nasbench.reports.analysis.display_names import SUITE_NAMES, DisplayNames
from nasbench.reports.figures.figure import FORMATS, PAGE_WIDTH
from nasbench.reports.figures.style import Font


@dataclass(frozen=True)
class ReportOptions:
    """How a report looks.

    Attributes:
        names: of optimizers and data sets.
        formats: of the files of figures; figures are not drawn at all if there is none.
        font: of figures.
        width: of the files of figures in inches; text has 8 points or more where the page is as wide.
        figures: names of the figures that are drawn; all if empty.
        alpha: error rate of tests and intervals, of benchmarks.
        jobs: processes that evaluate benchmarks and draw figures.
        is_compact: whether the LaTeX document has the main result alone, for the text of a paper; the rest is its appendix.
    """

    names: DisplayNames = SUITE_NAMES
    formats: tuple[str, ...] = FORMATS
    font: Font = "sans"
    figures: tuple[str, ...] = ()
    is_compact: bool = False
    alpha: float = ALPHA
    jobs: int = 1
    width: float = PAGE_WIDTH

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 0.25:
            raise NasbenchError(f"The error rate is {self.alpha:g}; it should lie between 0 and 0.25, as 0.05 does.")
        if self.jobs < 1:
            raise NasbenchError(f"The number of jobs is {self.jobs}; it should be 1 or more.")
        if not 3.0 <= self.width <= 20.0:
            raise NasbenchError(
                f"The width of figures is {self.width:g}; it should lie between 3 and 20 inches, as 5.5 does."
            )
        for name in self.formats:
            if name not in FORMATS:
                raise unknown_name("format of figures", name, FORMATS)

    @property
    def are_drawn(self) -> bool:
        """Whether figures are drawn."""
        return bool(self.formats)


DEFAULTS = ReportOptions()


def read_options(path: Path) -> ReportOptions:
    """Read the options from a TOML file: a table `[names]` from labels and problems to names, and `[figures]`.

    Raises:
        NasbenchError: if the file is something else, saying what would be right.
    """
    from nasbench.files.schema import FileModel, read_model

    class FiguresTable(FileModel):
        """The section `figures`."""

        formats: tuple[str, ...] = FORMATS
        font: Font = "sans"
        width: float = PAGE_WIDTH
        show: tuple[str, ...] = ()

    class OptionsFile(FileModel):
        """The file."""

        names: Mapping[str, str] = {}
        figures: FiguresTable = FiguresTable()
        compact: bool = False

    found = read_model(OptionsFile, path, f"report style {path}")
    blank = next((name for name, text in found.names.items() if not text.strip()), None)
    if blank is not None:
        raise NasbenchError(f"The report style {path} calls {blank!r} by an empty name; it should be a text.")
    figures = found.figures
    return ReportOptions(
        names=DisplayNames(dict(found.names)),
        formats=figures.formats,
        font=figures.font,
        figures=figures.show,
        is_compact=found.compact,
        width=figures.width,
    )


def choose_options(
    style: Path | None = None,
    *,
    figures: str | None = None,
    compact: bool = False,
    alpha: float | None = None,
    jobs: int | None = None,
) -> ReportOptions:
    """Return the options of a style file, changed by what is given; None leaves them.

    Raises:
        NasbenchError: if the file or an option is not one, saying what would be right.
    """
    options = DEFAULTS if style is None else read_options(style)
    changes: dict[str, Any] = {
        "formats": None if figures is None else formats_of(figures),
        "alpha": alpha,
        "jobs": jobs,
    }
    return replace(
        options,
        is_compact=options.is_compact or compact,
        **{name: value for name, value in changes.items() if value is not None},
    )


def formats_of(choice: str) -> tuple[str, ...]:
    """Return the formats that a choice on the command line means: "all", "none" or one of them."""
    choices = {"all": FORMATS, "none": (), **{name: (name,) for name in FORMATS}}
    if choice not in choices:
        raise unknown_name("choice of --figures", choice, choices)
    return choices[choice]
