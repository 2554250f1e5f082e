"""Run the searches of a paper, and work out what is known of random search exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import NasbenchError
from nasbench.reports.papers.paper import TABLE, Paper, Protocol, Search
from nasbench.reports.papers.random_search_distribution import (
    Law,
    law_of_queries,
    law_of_time,
    law_of_unique_queries,
)
from nasbench.reports.papers.simulate import Searched, accuracy, run_searches
from nasbench.tables.catalogue import get_table
from nasbench.tables.train_time import training_seconds

SEED = 2020
FEWEST_RUNS = 2

Key = tuple[str, str]
"""Method, and the data set that it searched."""


@dataclass(frozen=True)
class GatheredRuns:
    """What was run for a paper; everything else is looked up.

    Attributes:
        searches: the runs of each method that is searched.
        laws: distribution of the incumbent where it is known exactly.
        table: table that answered, and that incumbents are scored by.
    """

    searches: Mapping[Key, Searched]
    laws: Mapping[Key, Law]
    table: str


def gather(
    paper: Paper,
    runs: int | None = None,
    jobs: int = 1,
    seed: int = SEED,
    progress: Callable[[int, int], None] = lambda done, parts: None,
    table: str | None = None,
) -> GatheredRuns:
    """Run the searches of a paper; the arguments are those of `reproduce`."""
    count = paper.default_runs if runs is None else runs
    searched = any(isinstance(how, Search) for how in paper.methods.values())
    if count < FEWEST_RUNS and (searched or runs is not None):
        raise NasbenchError(f"The number of runs is {count}; a comparison needs {FEWEST_RUNS} or more.")
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    name = paper.table if table is None else table
    require_complete(name, paper.table)
    laws = {
        (method, dataset): random_law(dataset, paper.protocol, name)
        for method, how in paper.methods.items()
        if isinstance(how, Search) and how.closed_form
        for dataset in paper.protocol.budgets
    }
    return GatheredRuns(_run_all(paper, count, jobs, seed, progress, name), laws, name)


def require_complete(table: str, like: str = TABLE) -> None:
    """Raise `NasbenchError` unless a table answers for every architecture of the space that another one is of."""
    found = get_table(table)
    space = get_table(like).base_space.name
    if found.base_space.name != space or not found.is_complete:
        raise NasbenchError(
            f"Table {table!r} does not hold every architecture of {space}, on which this paper is reproduced; take one that does."
        )


def random_law(dataset: str, protocol: Protocol, table: str = TABLE) -> Law:
    """Return the distribution of random search's incumbent under a paper's protocol.

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
        return law_of_unique_queries(signal, int(limits["unique_queries"]))
    raise NasbenchError(f"There is no closed form for a budget of {', '.join(limits)}; use queries or train_seconds.")


def _run_all(
    paper: Paper, runs: int, jobs: int, seed: int, progress: Callable[[int, int], None], table: str
) -> dict[Key, Searched]:
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
