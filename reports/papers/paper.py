"""What a paper published, how it was measured, and how close a reproduction must come; plain data, frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from nasbench.reports.papers.estimate import ReproducedEstimate

TABLE = "nas-bench-201-reference"
"""Table that ships and that most papers are reproduced on; one imported from the official files serves as well."""

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
SPLITS = ("validation", "test")
MARGINS: Mapping[str, float] = {"cifar10": 0.15, "cifar100": 0.35, "imagenet16-120": 0.35}
"""Largest margins of equivalence in points of accuracy, stated before any table was reproduced; see `Paper.margin`."""


@dataclass(frozen=True, kw_only=True)
class PublishedValue:
    """One published number.

    Attributes:
        method, dataset, split: of what; the split is the part of the data, or the quantity where that is no accuracy.
        mean: as printed.
        deviation: standard deviation over runs, as printed; None where the paper gives none.
        digits: printed decimals of the mean.
        confirmed: a second public source with the same digits; empty if none was found, so that the digits are unconfirmed.
    """

    method: str
    dataset: str
    split: str
    mean: float
    deviation: float | None = None
    digits: int = 2
    confirmed: str = ""

    @property
    def rounding(self) -> float:
        """Half of the last printed digit."""
        return 0.5 * 10.0**-self.digits

    @property
    def column(self) -> tuple[str, str]:
        """Column of the published table."""
        return self.dataset, self.split


@dataclass(frozen=True, kw_only=True)
class Search:
    """The method is run again.

    Attributes:
        optimizer: place of the optimizer, `module:attribute`.
        settings: as in the paper's code.
        closed_form: whether the method is uniform random search with replacement, whose distribution is known exactly.
    """

    optimizer: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    closed_form: bool = False


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The final cells that the authors published are looked up; nothing is searched.

    Attributes:
        cells: data set that is looked up to the cells, one a seed of the paper.
        lacking: data set to the reason why its cells cannot be looked up.
    """

    cells: Mapping[str, Sequence[str]]
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Computed:
    """The number follows from tables: a maximum, a correlation over architectures, an expectation.

    Attributes:
        compute: the published value and what is reported of a table to ours.
        tables: tables that it needs; where one is not at hand the row is not run.
    """

    compute: Callable[[PublishedValue, Reported], ReproducedEstimate]
    tables: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class NotRun:
    """The method cannot be run.

    Attributes:
        reason: why, and what would be needed.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a paper reports of the architectures that were found.

    Attributes:
        table: that they are looked up in.
        epochs: training after which they are scored; None where the table does not say.
    """

    table: str
    epochs: int | None


How = Search | Replay | Computed | NotRun
MutantKind = Literal["methods", "data sets", "columns", "splits", "epochs"]
Measure = Literal["accuracy", "queries to the optimum"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How the paper searched and what it reported.

    Attributes:
        budgets: data set searched to limits of accounts (`nasbench.search.ledger`).
        epochs: training that answers the search.
        repeat_policy: policy for repeated queries (`nasbench.search.search_protocol`).
        crossing_counts: whether the query that crosses the budget counts; if not, it is dropped with its answer.
        searched: data set on which every search runs and whose cell is reported on all data sets; None if each has its own.
        measure: what is reported: seed means of the incumbent, or unique queries until the best cell is queried.
        reported_epochs: training after which the incumbent is scored, or the best cell is known.
    """

    budgets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    epochs: int = 200
    repeat_policy: str = "retrain"
    crossing_counts: bool = True
    searched: str | None = None
    measure: Measure = "accuracy"
    reported_epochs: int = 200


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A published table.

    Attributes:
        name: what `nasbench reproduce` takes.
        title: of the paper and table.
        citation: where it stands.
        runs: repetitions behind each published mean of what is searched; also the default of ours, unless `own_runs` says more or less.
        methods: name in the table to how it is reproduced.
        figures: what was published.
        protocol: how.
        margins: data set to the largest difference that may count as equal, in the unit of the measure.
        explanations: (method, data set) to what was found to be behind a difference.
        notes: what is known to differ from the paper, in data or protocol, each a sentence.
        own_runs: default number of our runs, 0 for `runs`.
        unit: of the numbers.
        table: that holds what is looked up, unless the user names another.
        mutants: kinds of mutants (`nasbench.reports.papers.mutants`) that apply: which labels can be exchanged, and whether
            another split or another training would change the values.
    """

    name: str
    title: str
    citation: str
    methods: Mapping[str, How]
    figures: Sequence[PublishedValue]
    runs: int = 1
    protocol: Protocol = field(default_factory=Protocol)
    margins: Mapping[str, float] = field(default_factory=lambda: MARGINS)
    explanations: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    own_runs: int = 0
    unit: str = "%"
    table: str = TABLE
    mutants: Sequence[MutantKind] = ("methods", "data sets", "splits", "epochs")

    @property
    def default_runs(self) -> int:
        """Number of runs where the user names none."""
        return self.own_runs or self.runs

    def margin(self, figure: PublishedValue) -> float:
        """Return the difference from a published value that counts as equal.

        At most half of the smallest gap between two methods of the same column, so that no method can pass for its neighbour. Rows
        that do not vary between runs (fixed cells, baselines) are no neighbours: they are compared digit by digit. Without a neighbour and
        a stated margin the printed digits must be met.
        """
        means = sorted({f.mean for f in self.figures if f.column == figure.column and f.deviation != 0.0})
        gaps = [high - low for low, high in pairwise(means)]
        bounds = [gap / 2.0 for gap in gaps]
        if figure.dataset in self.margins:
            bounds.append(self.margins[figure.dataset])
        return max(min(bounds, default=0.0), figure.rounding)


def parse_row(method: str, values: str, confirmed: str = "") -> tuple[PublishedValue, ...]:
    """Read a line of a table: for each data set validation and test, `mean±deviation` or `mean`; `-` where there is none."""
    cells = values.split()
    places = [(dataset, split) for dataset in DATASETS for split in SPLITS]
    return tuple(
        parse_value(method, dataset, split, cell, confirmed)
        for (dataset, split), cell in zip(places, cells, strict=True)
        if cell != "-"
    )


def parse_value(method: str, dataset: str, split: str, cell: str, confirmed: str = "") -> PublishedValue:
    """Read one cell of a table, `mean±deviation` or `mean`."""
    mean, _, deviation = cell.partition("±")
    return PublishedValue(
        method=method,
        dataset=dataset,
        split=split,
        mean=float(mean),
        deviation=float(deviation) if deviation else None,
        digits=len(mean.partition(".")[2]),
        confirmed=confirmed,
    )
