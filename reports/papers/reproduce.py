"""Reproduce a paper: hold what was run, looked up or computed against what was published, and against wrong papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.reports.papers.estimate import ReproducedEstimate, mean_of_cells, mean_of_runs
from nasbench.reports.papers.gather import SEED, GatheredRuns, Key, gather
from nasbench.reports.papers.judge import judge, not_run
from nasbench.reports.papers.mutants import list_mutants
from nasbench.reports.papers.obstacles import find_obstacle
from nasbench.reports.papers.orderings import Ordering, judge_orderings
from nasbench.reports.papers.paper import (
    Computed,
    How,
    Paper,
    PublishedValue,
    Replay,
    Reported,
)
from nasbench.reports.papers.simulate import accuracy
from nasbench.reports.papers.verdict import AGAINST, ReproducedValue, Row
from nasbench.tables.catalogue import get_table


@dataclass(frozen=True)
class Reproduction:
    """A paper reproduced.

    Attributes:
        paper: what was published.
        rows: every published value, in the paper's order.
        orderings: every published ordering of methods that were reproduced.
        checksum: of the table that the searches ran on.
        queries: mean number of queries of a run.
    """

    paper: Paper
    rows: tuple[Row, ...]
    orderings: tuple[Ordering, ...]
    checksum: str
    queries: Mapping[Key, float]

    @property
    def failed(self) -> bool:
        """Whether a value differs from the published one, or an ordering is contradicted."""
        return bool(self.objections)

    @property
    def objections(self) -> Mapping[tuple[str, ...], str]:
        """What speaks against the paper: place in the table to a sentence."""
        found: dict[tuple[str, ...], str] = {}
        for row in self.rows:
            if row.verdict in AGAINST:
                place = (row.figure.method, *row.figure.column)
                found[place] = f"{', '.join(place)}: {row.verdict}"
        for one in self.orderings:
            if one.verdict == "contradicted":
                found[one.higher, one.lower, one.dataset, one.split] = (
                    f"{one.dataset}, {one.split}: {one.lower} is above {one.higher}, published is the opposite"
                )
        return found


@dataclass(frozen=True)
class MutantVerdict:
    """Whether a mutant of a paper was rejected.

    Attributes:
        paper: name.
        mutant: what is wrong with it.
        objections: what the check says against it and does not say against the paper, each a sentence.
    """

    paper: str
    mutant: str
    objections: tuple[str, ...]

    @property
    def rejected(self) -> bool:
        """Whether there is anything against it."""
        return bool(self.objections)


def reproduce(
    paper: Paper,
    runs: int | None = None,
    jobs: int = 1,
    seed: int = SEED,
    progress: Callable[[int, int], None] = lambda done, parts: None,
    table: str | None = None,
) -> Reproduction:
    """Reproduce every value of a paper.

    Args:
        paper: the published table.
        runs: searches a method and data set; None for the paper's default.
        jobs: processes.
        seed: of all random streams.
        progress: called with (parts done, parts in all).
        table: table that answers the searches and that incumbents are scored by; None for the paper's.

    Raises:
        NasbenchError: if the table cannot answer the paper's protocol, or a number makes no sense.
    """
    return compare(paper, gather(paper, runs, jobs, seed, progress, table))


def compare(paper: Paper, evidence: GatheredRuns) -> Reproduction:
    """Hold what was run against what was published."""
    found: dict[int, ReproducedValue] = {}
    rows: dict[int, Row] = {}
    for i, figure in enumerate(paper.figures):
        how = paper.methods[figure.method]
        if reason := find_obstacle(how, figure):
            rows[i] = not_run(figure, paper.unit, paper.margin(figure), reason)
        else:
            found[i] = _reproduced(paper, figure, how, evidence)
    rows.update(zip(found, judge(list(found.values())), strict=True))
    return Reproduction(
        paper=paper,
        rows=tuple(rows[i] for i in range(len(paper.figures))),
        orderings=tuple(judge_orderings(list(found.values()))),
        checksum=get_table(evidence.table).checksum,
        queries={key: float(searched.queries.mean()) for key, searched in evidence.searches.items()},
    )


def try_mutants(paper: Paper, evidence: GatheredRuns) -> tuple[MutantVerdict, ...]:
    """Hold the same evidence against every mutant of a paper."""
    known = compare(paper, evidence).objections
    verdicts = []
    for mutant in list_mutants(paper):
        against = compare(mutant.paper, evidence).objections
        new = tuple(text for place, text in against.items() if place not in known)
        verdicts.append(MutantVerdict(paper.name, mutant.name, new))
    return tuple(verdicts)


def _reproduced(paper: Paper, figure: PublishedValue, how: How, evidence: GatheredRuns) -> ReproducedValue:
    estimate, simulated = _estimates(paper, figure, how, evidence)
    return ReproducedValue(
        figure=figure,
        unit=paper.unit,
        margin=paper.margin(figure),
        estimate=estimate,
        simulated=simulated,
        published_runs=paper.runs,
        explanation=paper.explanations.get((figure.method, figure.dataset), ""),
    )


def _estimates(
    paper: Paper, figure: PublishedValue, how: How, evidence: GatheredRuns
) -> tuple[ReproducedEstimate, ReproducedEstimate | None]:
    """The estimate that is judged, and the one that is shown if that is another."""
    protocol = paper.protocol
    if isinstance(how, Computed):
        return how.compute(figure, Reported(table=evidence.table, epochs=protocol.reported_epochs)), None
    held = get_table(evidence.table)
    reported = accuracy(held, figure.dataset, figure.split, protocol.reported_epochs)
    if isinstance(how, Replay):
        cells = np.stack([held.space.from_string(cell) for cell in how.cells[figure.dataset]])
        return mean_of_cells(reported[held.rows(cells)]), None
    key = figure.method, protocol.searched or figure.dataset
    searched = evidence.searches[key]
    if protocol.measure != "accuracy":
        return mean_of_runs(searched.to_best(reported)), None
    sample = mean_of_runs(reported[searched.incumbents])
    if key not in evidence.laws:
        return sample, None
    law = evidence.laws[key]
    return ReproducedEstimate(mean=law.mean(reported), deviation=law.deviation(reported)), sample
