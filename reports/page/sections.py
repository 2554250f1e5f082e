"""The order in which a report is read: what is shown at once, and what a page folds away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench.reports.figures.figure import Figure
from nasbench.reports.tables.table import ReportTable

Block = ReportTable | Figure

RESULT, FRONTS, TIME, RANKS, FINAL, ROBUSTNESS, COST, THEORY, MORE = (
    "Result",
    "Fronts",
    "Time to target",
    "Ranks over data sets",
    "Final scores",
    "Robustness and power",
    "Cost and operators",
    "Theory",
    "Further results",
)

ORDER: dict[str, tuple[str, ...]] = {
    RESULT: ("hypervolume", "hypervolume-overview", "tasks", "reference-percentiles", "search-curves"),
    FRONTS: ("pareto", "multi-objective", "hypervolume-over-time"),
    TIME: ("time-ratios", "time-to-target-*", "survival", "run-time", "performance-profile"),
    RANKS: ("critical-difference", "mean-rank", "aggregate"),
    FINAL: (
        "anytime-*", "overview", "comparison", "constraints", "scores", "pairs", "score-seconds", "against-reference", "score-distributions",
        "pairwise-significance", "win-probability", "anytime",
    ),
    ROBUSTNESS: ("robustness", "further-data-set", "practical", "power", "ablation", "relative-improvement"),
    COST: ("cost", "costs", "operator_shares", "skips"),
    THEORY: ("laws", "bound-against-trace"),
}  # fmt: skip
"""Names of tables and figures by section, a star standing for any ending; what is named nowhere comes last."""

N_OPEN = {RESULT: 2, FRONTS: 1, TIME: 1, RANKS: 1}
"""How many blocks of a section are shown at once; the rest are folded."""


@dataclass(frozen=True)
class Section:
    """A section of results.

    Attributes:
        heading: its heading.
        shown: tables and figures that are shown at once.
        folded: those that a page folds away.
    """

    heading: str
    shown: tuple[Block, ...]
    folded: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Anchor in the page."""
        return "section-" + self.heading.lower().replace(" ", "-")

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All tables and figures, in the order of reading."""
        return (*self.shown, *self.folded)


def arrange(tables: Sequence[ReportTable], figures: Sequence[Figure]) -> tuple[Section, ...]:
    """Return the sections of a report; every table and figure is in one.

    With one objective the result is the first anytime figure and the overview; with several it is the hypervolume.
    """
    blocks: list[Block] = [*figures, *tables]
    order = {heading: list(names) for heading, names in ORDER.items()}
    if not any(block.name == "hypervolume" for block in blocks):
        first = next((block.name for block in blocks if block.name.startswith("anytime-")), "")
        lead = [name for name in (first, "overview") if name]
        order[RESULT] = [*lead, *order[RESULT]]
    sections, left = [], {id(block): block for block in blocks}
    for heading, names in order.items():
        found = [block for name in names for block in blocks if id(block) in left and _is_named(block, name)]
        for block in found:
            left.pop(id(block), None)
        found = list({id(block): block for block in found}.values())
        refused = [block for block in found if isinstance(block, Figure) and block.refused]
        drawn = [block for block in found if block not in refused]
        if found:
            shown = N_OPEN.get(heading, 0)
            sections.append(Section(heading, tuple(drawn[:shown]), (*drawn[shown:], *refused)))
    return (*sections, *((Section(MORE, (), tuple(left.values())),) if left else ()))


def _is_named(block: Block, name: str) -> bool:
    return block.name.startswith(name[:-1]) if name.endswith("*") else block.name == name
