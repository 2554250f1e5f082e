"""What a paper published, how it was measured, and how close a reproduction must come; plain data, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
SPLITS = ("validation", "test")
MARGINS: Mapping[str, float] = {"cifar10": 0.15, "cifar100": 0.35, "imagenet16-120": 0.35}
"""Points of accuracy that count as equal, stated before any table was reproduced."""

ROUNDING = 0.005
"""Half of the last printed digit: the margin of what is replayed and not searched."""


@dataclass(frozen=True, kw_only=True)
class PublishedValue:
    """One published number.

    Attributes:
        method, dataset, split: of what.
        mean: as printed.
        deviation: standard deviation over runs, as printed; None where the paper gives none.
        confirmed: a second public source with the same digits; empty if none was found, so that the digits are unconfirmed.
    """

    method: str
    dataset: str
    split: str
    mean: float
    deviation: float | None = None
    confirmed: str = ""


@dataclass(frozen=True, kw_only=True)
class Search:
    """The method is run again.

    Attributes:
        optimizer: place of the optimizer, `module:attribute`.
        settings: as in the paper's code.
        closed_form: whether the method is uniform random search with replacement, whose law is known.
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
class NotRun:
    """The method cannot be run.

    Attributes:
        reason: why, and what would be needed.
    """

    reason: str


How = Search | Replay | NotRun
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
        measure: what is reported: 200-epoch seed means of the incumbent, or unique queries until the best cell is queried.
    """

    budgets: Mapping[str, Mapping[str, float]]
    epochs: int
    repeat_policy: str
    crossing_counts: bool = True
    searched: str | None = None
    measure: Measure = "accuracy"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A published table.

    Attributes:
        name: what `nasbench reproduce` takes.
        title: of the paper and table.
        citation: where it stands.
        runs: repetitions behind each published mean of what is searched; also the default of ours, unless `own_runs` says less.
        protocol: how.
        methods: name in the table to how it is reproduced.
        figures: what was published.
        margins: data set to the difference that counts as equal, in the unit of the measure.
        explanations: (method, data set) to what was found to be behind a difference.
        notes: what is known to differ from the paper, in data or protocol, each a sentence.
        own_runs: default number of our runs, 0 for `runs`.
    """

    name: str
    title: str
    citation: str
    runs: int
    protocol: Protocol
    methods: Mapping[str, How]
    figures: Sequence[PublishedValue]
    margins: Mapping[str, float] = field(default_factory=lambda: MARGINS)
    explanations: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    own_runs: int = 0

    @property
    def default_runs(self) -> int:
        """Number of runs where the user names none."""
        return self.own_runs or self.runs


def parse_row(method: str, values: str, confirmed: str = "") -> tuple[PublishedValue, ...]:
    """Read a line of a table: for each data set validation and test, `mean±deviation` or `mean`; `-` where there is none."""
    cells = values.split()
    places = [(dataset, split) for dataset in DATASETS for split in SPLITS]
    read = []
    for (dataset, split), cell in zip(places, cells, strict=True):
        if cell != "-":
            mean, _, deviation = cell.partition("±")
            spread = float(deviation) if deviation else None
            read.append(
                PublishedValue(
                    method=method,
                    dataset=dataset,
                    split=split,
                    mean=float(mean),
                    deviation=spread,
                    confirmed=confirmed,
                )
            )
    return tuple(read)
