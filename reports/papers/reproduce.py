"""Reproduce a paper: run what can be run, replay what was published, judge all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import NasbenchError
from nasbench.reports.papers.judge import ReproducedValue, Row, judge, not_run
from nasbench.reports.papers.paper import ROUNDING, NotRun, Paper, Protocol, PublishedValue, Replay, Search
from nasbench.reports.papers.random_search_distribution import Law, law_of_queries, law_of_time
from nasbench.reports.papers.simulate import TABLE, Searched, accuracy, run_searches
from nasbench.tables.catalogue import get_table
from nasbench.tables.train_time import training_seconds

SEED = 2020
FEWEST_RUNS = 2


@dataclass(frozen=True)
class Reproduction:
    """A paper reproduced.

    Attributes:
        paper: what was published.
        rows: every figure, in the paper's order.
        checksum: of the table that everything was computed on.
        queries: mean number of queries of a run, by (method, data set searched).
    """

    paper: Paper
    rows: tuple[Row, ...]
    checksum: str
    queries: Mapping[tuple[str, str], float]

    @property
    def failed(self) -> bool:
        """Whether a number was shown to differ from the published one."""
        return any(row.verdict == "different" for row in self.rows)


def reproduce(
    paper: Paper,
    runs: int | None = None,
    jobs: int = 1,
    seed: int = SEED,
    progress: Callable[[int, int], None] = lambda done, parts: None,
    table: str = TABLE,
) -> Reproduction:
    """Reproduce every figure of a paper.

    Args:
        paper: the published table.
        runs: searches a method and data set; None for the paper's default.
        jobs: processes.
        seed: of all random streams.
        progress: called with (parts done, parts in all).
        table: table that answers the searches and that incumbents are scored by.

    Raises:
        NasbenchError: if the table cannot answer the paper's protocol, or a number makes no sense.
    """
    count = paper.default_runs if runs is None else runs
    if count < FEWEST_RUNS:
        raise NasbenchError(f"The number of runs is {count}; a comparison needs {FEWEST_RUNS} or more.")
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    require_complete(table)
    searches = _run_all(paper, count, jobs, seed, progress, table)
    found: dict[int, ReproducedValue] = {}
    rows: dict[int, Row] = {}
    for i, figure in enumerate(paper.figures):
        how = paper.methods[figure.method]
        margin = ROUNDING if isinstance(how, Replay) else paper.margins[figure.dataset]
        if isinstance(how, NotRun):
            rows[i] = not_run(figure, _unit(paper), margin, how.reason)
        elif isinstance(how, Replay) and figure.dataset not in how.cells:
            rows[i] = not_run(figure, _unit(paper), margin, how.lacking[figure.dataset])
        else:
            found[i] = _measured(paper, figure, how, searches, margin, table)
    rows.update(zip(found, judge(list(found.values())), strict=True))
    return Reproduction(
        paper=paper,
        rows=tuple(rows[i] for i in range(len(paper.figures))),
        checksum=get_table(table).checksum,
        queries={key: float(searched.queries.mean()) for key, searched in searches.items()},
    )


def require_complete(table: str) -> None:
    """Raise `NasbenchError` unless a table answers for every cell of NAS-Bench-201."""
    found = get_table(table)
    if found.base_space.name != "nas-bench-201" or not found.is_complete:
        raise NasbenchError(
            f"Table {table!r} does not hold every cell of NAS-Bench-201, on which published tables are reproduced; take one that does."
        )


def random_law(dataset: str, protocol: Protocol, table: str = TABLE) -> Law:
    """The law of random search's incumbent under a paper's protocol.

    Raises:
        NasbenchError: if the protocol limits another account than simulated seconds or queries.
    """
    held = get_table(table)
    signal = accuracy(held, dataset, "validation", protocol.epochs)
    limits = protocol.budgets[dataset]
    if "train_seconds" in limits:
        cost = training_seconds(held, dataset, protocol.epochs)
        assert cost is not None
        return law_of_time(signal, cost, limits["train_seconds"], crossing_counts=protocol.crossing_counts)
    if "queries" in limits:
        return law_of_queries(signal, int(limits["queries"]))
    if "unique_queries" in limits:
        return law_of_queries(signal, _draws(len(signal), limits["unique_queries"]))
    raise NasbenchError(f"There is no closed form for a budget of {', '.join(limits)}; use queries or train_seconds.")


def _draws(size: int, unique: float) -> int:
    """Draws with replacement until so many architectures are distinct, in expectation."""
    return round(float(np.sum(size / (size - np.arange(unique)))))


def _unit(paper: Paper) -> str:
    return "%" if paper.protocol.measure == "accuracy" else "queries"


def _run_all(
    paper: Paper, runs: int, jobs: int, seed: int, progress: Callable[[int, int], None], table: str
) -> dict[tuple[str, str], Searched]:
    from joblib import Parallel, delayed

    parts = list(np.array_split(np.arange(runs), min(jobs, runs)))
    tasks = [
        (method, how, dataset)
        for method, how in paper.methods.items()
        if isinstance(how, Search)
        for dataset in paper.protocol.budgets
    ]
    work = [(how, paper.protocol, dataset, part.tolist(), seed, table) for _, how, dataset in tasks for part in parts]
    done = []
    for result in Parallel(n_jobs=jobs, return_as="generator")(delayed(_search)(*arguments) for arguments in work):
        done.append(result)
        progress(len(done), len(work))
    each = len(parts)
    return {
        (method, dataset): Searched.joined(done[i * each : (i + 1) * each])
        for i, (method, _, dataset) in enumerate(tasks)
    }


def _search(how: Search, protocol: Protocol, dataset: str, runs: list[int], seed: int, table: str) -> Searched:
    return run_searches(how, protocol, get_benchmark(f"{table}/{dataset}"), runs, seed)


def _measured(
    paper: Paper,
    figure: PublishedValue,
    how: Search | Replay,
    searches: Mapping[tuple[str, str], Searched],
    margin: float,
    table: str,
) -> ReproducedValue:
    held, protocol = get_table(table), paper.protocol
    reported = accuracy(held, figure.dataset, figure.split, 200)
    closed_form = None
    if isinstance(how, Replay):
        cells = np.stack([held.space.from_string(cell) for cell in how.cells[figure.dataset]])
        values = reported[held.rows(cells)]
    else:
        searched = searches[figure.method, protocol.searched or figure.dataset]
        values = reported[searched.incumbents] if protocol.measure == "accuracy" else searched.to_optimum
        if how.closed_form:
            closed_form = _law(protocol.searched or figure.dataset, paper.name, table).mean(reported)
    return ReproducedValue(
        figure=figure,
        unit=_unit(paper),
        margin=margin,
        values=values,
        replayed=isinstance(how, Replay),
        published_runs=paper.runs,
        explanation=paper.explanations.get((figure.method, figure.dataset), ""),
        closed_form=closed_form,
    )


@lru_cache(maxsize=16)
def _law(dataset: str, paper: str, table: str) -> Law:
    from nasbench.reports.papers.catalogue import get_paper

    return random_law(dataset, get_paper(paper).protocol, table)
