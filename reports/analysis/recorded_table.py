"""How a table of runs is read: what was given, and the defaults for what was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nasbench.benchmarks.views import View

VALUE = "value"
"""Column of what was optimised, where no other is named."""
NO_UNIT = "a.u."
"""Arbitrary units: those of values of which no unit was given."""


@dataclass(frozen=True, kw_only=True)
class RecordedTable:
    """How one table of runs is read.

    Attributes:
        source: what it is called: the name of the file.
        column: the column of what was optimised, `value` if none was named.
        unit: of its values; arbitrary if none was given.
        direction: "min" or "max"; "min" if none was given.
        benchmark: what scores its architectures, and has a unit and direction of its own; empty where there is none.
        assumed: what was not given, in words.
        timed: whether it says what seconds each query was charged.
        named: whether it names architectures.
        renamed: columns that are not called by their meaning, with it.
        clocked: whether it says when each result came back.
        note: what readers should know of the files of another library, in sentences.
    """

    source: str
    column: str
    unit: str
    direction: str
    benchmark: str
    assumed: tuple[str, ...] = ()
    timed: bool = False
    named: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    clocked: bool = False
    note: str = ""

    @property
    def objective(self) -> str:
        """What reports call the values: by their column; on a benchmark `value` is its error."""
        return "error" if self.benchmark and self.column == VALUE else self.column

    @property
    def view(self) -> View:
        """How users see the values, where no benchmark says it."""
        return View(self.direction, 100.0 if self.direction == "max" and self.unit == "%" else 0.0)

    @property
    def description(self) -> str:
        """What was read, and how, in a sentence."""
        read = ", ".join(f"{their} is the {our}" for their, our in self.renamed.items())
        read = f" In the table {read}." if read else ""
        if self.benchmark:
            return (
                f"Runs read from {self.source}; column {self.column}, the {self.objective} of {self.benchmark}.{read}"
            )
        unit = "arbitrary units (a.u.)" if self.unit == NO_UNIT else self.unit
        told = f" {self.note}" if self.note else ""
        assumed = f" (no {' and no '.join(self.assumed)} was given)" if self.assumed else ""
        return (
            f"Runs read from {self.source}; column {self.column}: in {unit}, {self.view.better}{assumed}.{read}{told}"
        )

    @property
    def protocol(self) -> str:
        """What is known of the searches and their scores, for the methods section."""
        scores = (
            f"Architectures are scored by the benchmark {self.benchmark}."
            if self.benchmark
            else "The score of an architecture is the mean of its recorded values; the best known architecture is the best of the table, which may fall short "
            "of the best of the search space."
        )
        return " ".join(
            [
                self.description,
                scores,
                *(
                    []
                    if self.named
                    else ["The table names no architectures, so every query counts as a different one."]
                ),
                *([] if self.timed else ["The table records no training times."]),
                *(["The wall clock is the column wall_seconds of the table."] if self.clocked else []),
                "Runs of different methods are paired in the order of their numbers; pairing runs that share no seed costs power and keeps the tests valid.",
            ]
        )
