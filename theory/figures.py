"""Figures of what claims state and what was observed: PDF, SVG and PNG of each curve."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench import markup
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.registry import Finding
from nasbench.theory.traces.trace_check import TraceCheck

LONGEST = 48
"""Maximum length of an optimizer's label in the title and file name of a figure."""

FORMATS = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
"""File types, with metadata that would differ between two equal figures."""

STATED = {"exact": "exact law", "simulated": "simulated law", "bound": "bound"}


@dataclass(frozen=True)
class ClaimFigure:
    """A curve to draw.

    Attributes:
        name: parts of the file name.
        title: plain text, of several lines.
        curve: data.
    """

    name: tuple[str, ...]
    title: str
    curve: LawCurve


def figures_of(results: Sequence[Finding] | Sequence[TraceCheck]) -> list[ClaimFigure]:
    """Return a figure for each verdict with a curve."""
    figures = []
    for one in results:
        verdict = one.verdict
        if verdict.curve is None:
            continue
        if isinstance(one, Finding):
            name: tuple[str, ...] = (one.claim.name,)
            title = f"{one.claim.name}: {verdict.outcome.value}"
        else:
            label = one.optimizer[:LONGEST]
            name = (one.claim, one.benchmark, label)
            title = markup.printable(f"{label} on {one.benchmark}") + f"\n{one.claim}: {verdict.outcome.value}"
        figures.append(ClaimFigure(name, title, verdict.curve))
    return figures


def draw(folder: Path, figures: Sequence[ClaimFigure]) -> list[Path]:
    """Write each figure in every format; return the files, those of one format together."""
    stems = [_stem(number, figure) for number, figure in enumerate(figures)]
    for stem, figure in zip(stems, figures, strict=True):
        _draw(folder / stem, figure)
    return [folder / f"{stem}.{suffix}" for suffix in FORMATS for stem in stems]


def _stem(number: int, figure: ClaimFigure) -> str:
    stem = "-".join((f"{number:02d}", *figure.name))
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in stem)


def _draw(path: Path, figure: ClaimFigure) -> None:
    """Plot the stated curve over the observed one with its confidence band."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    curve = figure.curve
    # Labels are plain text, whatever characters they have; ticks are formulas.
    with rc_context({"svg.hashsalt": "theory", "font.size": 9}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        drawn = Figure(figsize=(4.2, 2.9), layout="constrained")
        axes = drawn.add_subplot()
        if (curve.low < curve.high).any():
            axes.fill_between(curve.x, curve.low, curve.high, alpha=0.25, linewidth=0, step="post", label=curve.band)
            axes.step(curve.x, curve.seen, where="post", label="observed", linewidth=1.2)
        else:
            axes.plot(curve.x, curve.seen, marker="o", markersize=3, label="observed", linewidth=1.2)
        axes.plot(curve.x, curve.stated, color="black", linestyle="--", linewidth=1.1, label=STATED[curve.kind])
        axes.set(xlabel=curve.x_label, ylabel=curve.y_label.replace("<=", "≤"), xscale="log")
        if curve.log_y:
            axes.set_yscale("log")
        axes.set_title(figure.title, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        legend = axes.legend(fontsize=7, frameon=False)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *legend.get_texts()):
            text.set_parse_math(False)
        for suffix, metadata in FORMATS.items():
            drawn.savefig(path.with_name(f"{path.name}.{suffix}"), metadata=metadata, dpi=200)
