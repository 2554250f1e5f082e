"""Runs a study: unit by unit, alone, in parallel or on a cluster, resuming what is missing.

Whoever runs a unit hands back the file of its traces as bytes; the process that was asked for the study alone writes the store.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.cli.progress import Report
from nasbench.errors import NasbenchError
from nasbench.files.locks import only_writer
from nasbench.registered import carrying
from nasbench.search.ledger import Ledger
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Space
from nasbench.study.endings import with_endings
from nasbench.study.plan import Study, Unit
from nasbench.study.store import Store, Timing, encode

if TYPE_CHECKING:
    from nasbench.study.cluster import Cluster

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Outcome:
    """A unit that was run.

    Attributes:
        traces: the file of its traces, see `nasbench.study.store.encode`.
        queries: queries answered.
        timing: its wall-clock facts.
    """

    traces: bytes
    queries: int
    timing: Timing


@dataclass(frozen=True)
class Summary:
    """What a call of `run_study` did.

    Attributes:
        folder: the results folder.
        units: units of the study.
        done: units that this call ran.
        queries: queries that this call answered.
        seconds: wall time of this call.
    """

    folder: Path
    units: int
    done: int
    queries: int
    seconds: float


def run_study(
    study: Study,
    folder: Path,
    *,
    jobs: int = 1,
    cluster: Cluster | None = None,
    progress: Report = lambda done, units: None,
) -> Summary:
    """Run what a results folder lacks of a study.

    Args:
        study: the plan.
        folder: results folder; made if it is not there, resumed if it holds the same study, of which it may hold fewer runs.
        jobs: processes, where there is no cluster.
        cluster: where units run; this process if there is none.
        progress: called with (units done, units in all) after every unit, and within one where this process runs it.

    Raises:
        NasbenchError: if the plan cannot be run, the folder holds something else, another process writes it,
            or the disk refuses.
    """
    started = time.perf_counter()
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    check_study(study)
    with only_writer(folder) as lock:
        store = Store.create_or_resume(folder, study)
        study = store.study
        units, missing = study.units(), store.unfinished
        done, queries = len(units) - len(missing), 0

        def within(fraction: float) -> None:
            progress(done + fraction, len(units))

        within(0.0)
        if cluster is not None:
            outcomes = _run_on_cluster(study, missing, cluster)
        else:
            alone = jobs == 1 or len(missing) < 2
            outcomes = in_processes(partial(_with_unit, study, tell=within if alone else None), missing, jobs)
        for unit, outcome in outcomes:
            lock.check()
            store.write(unit, outcome.traces, outcome.timing)
            queries, done = queries + outcome.queries, done + 1
            within(0.0)
        lock.check()
        if lost := len(store.unfinished) - (len(units) - done):
            raise NasbenchError(f"{lost} of {len(units)} units were removed from {folder} during the run; run again.")
    return Summary(folder, len(units), len(missing), queries, time.perf_counter() - started)


def check_study(study: Study) -> None:
    """Build every optimizer on every benchmark for one run, so that a mistake shows before the first hour.

    Raises:
        NasbenchError: at the first that cannot be built.
    """
    for name in study.benchmarks:
        problem = _problem(study, name, (0,))
        for entry in study.optimizers:
            get_optimizer(entry.name).create(problem, Streams(study.seed, (0,)), entry.settings)


def in_processes(function: Callable[[T], R], units: Sequence[T], jobs: int) -> Iterator[R]:
    """Apply a function to units in so many processes, or in this one; units go out in order, results come as they finish."""
    if jobs == 1 or len(units) < 2:
        return (function(unit) for unit in units)
    from joblib import Parallel, delayed

    carry = carrying(_in_worker)
    # Large units are not batched.
    parallel = Parallel(n_jobs=min(jobs, len(units)), return_as="generator_unordered", batch_size=1)
    with _interrupts_ignored():
        results: Iterator[R] = parallel(delayed(carry)(os.getpid(), function, unit) for unit in units)
    return results


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that leave an interrupt to this one from their first moment on: they inherit that it is ignored.

    An interrupt within these milliseconds is lost. In a thread nothing is changed, as Python lets the main one alone do so.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _in_worker(parent: int, function: Callable[[T], R], unit: T) -> R:
    if os.getpid() != parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a worker that was started later, in place of one that ended
        _end_with(parent)
    return function(unit)


@cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent is gone, which may have been killed and have told nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _with_unit(study: Study, unit: Unit, tell: Callable[[float], None] | None) -> tuple[Unit, Outcome]:
    return unit, run_unit(study, unit, tell)


def _run_on_cluster(study: Study, units: list[Unit], cluster: Cluster) -> Iterator[tuple[Unit, Outcome]]:
    from nasbench.study.cluster import Call

    # A unit travels with the part of the study that it needs, not with the other entries.
    narrowed = {
        (benchmark, entry.label): replace(study, benchmarks=(benchmark,), optimizers=(entry,))
        for benchmark in study.benchmarks
        for entry in study.optimizers
    }
    calls = (Call(run_unit, u.benchmark, (narrowed[u.benchmark, u.entry.label], u)) for u in units)
    for position, outcome in cluster.map(calls):
        yield units[position], outcome


def run_unit(study: Study, unit: Unit, tell: Callable[[float], None] | None = None) -> Outcome:
    """Run one unit; `tell` is called now and then with the fraction of the budget that is spent.

    Linear algebra runs on one thread: with more, sums are split differently from machine to machine and bits with them.
    """
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    problem = _problem(study, unit.benchmark, unit.runs)
    optimizer = get_optimizer(unit.entry.name).create(problem, Streams(study.seed, unit.runs), unit.entry.settings)
    with threadpool_limits(1):
        batches, own_seconds = search(problem, optimizer, _telling(problem.ledger, tell))
    traces = trace_table(batches, unit.runs, problem.space, study.objectives)
    encoded = encode(with_endings(traces, unit.runs, problem.ledger.endings()))
    timing = Timing(own_seconds / len(unit.runs), time.perf_counter() - started)
    return Outcome(encoded, int(traces.num_rows), timing)


def _telling(ledger: Ledger, tell: Callable[[float], None] | None) -> Callable[[Observations], bool]:
    """Never enough: what looks at each batch of a search tells how much of the budget is spent, twice a second at most."""
    last = time.monotonic()

    def look(observations: Observations) -> bool:
        nonlocal last
        if tell is not None and time.monotonic() > last + 0.5:
            last = time.monotonic()
            spent = [ledger.spent[account] / limit for account, limit in ledger.budget.limits.items()]
            tell(float(np.minimum(np.maximum.reduce(spent), 1.0).mean()))
        return False

    return look


def trace_table(
    batches: list[Observations], runs: tuple[int, ...], space: Space, objectives: tuple[str, ...]
) -> pa.Table:
    """One row a query, sorted by run and query; the columns are described in `nasbench.study.store`."""
    if not batches:
        raise NasbenchError("The optimizer proposed nothing at all; it should propose at least one architecture.")
    kept = np.concatenate([batch.answered for batch in batches], axis=1)
    lengths = kept.sum(axis=1)

    def column(field: str) -> np.ndarray:
        return np.concatenate([getattr(batch, field) for batch in batches], axis=1)[kept]

    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    values = column("objectives")
    names = {
        "run": pa.array(np.repeat(np.asarray(runs, dtype=np.int32), lengths)),
        "query": pa.array((np.arange(len(starts)) - starts).astype(np.int32)),
        "architecture": _strings(column("architectures"), space),
        "epochs": pa.array(column("epochs").astype(np.int32)),
        "training_seed": pa.array(column("training_seed").astype(np.int32)),
        **{name: pa.array(np.ascontiguousarray(values[:, m])) for m, name in enumerate(objectives)},
        "cost": pa.array(column("cost")),
        "first": pa.array(column("first")),
        "fresh": pa.array(column("fresh")),
    }
    if (proposers := _proposers(batches)) is not None:
        names["proposer"] = pa.array(proposers[kept]).dictionary_encode()
    return pa.table(names)


def _proposers(batches: list[Observations]) -> np.ndarray | None:
    """Who proposed each query, `(R, B)`; None unless the optimizer said it of every batch."""
    named = [batch.proposers for batch in batches if batch.proposers is not None]
    if len(named) < len(batches):
        return None
    return np.repeat(np.array(named).T, [batch.answered.shape[1] for batch in batches], axis=1)


def _strings(architectures: np.ndarray, space: Space) -> pa.DictionaryArray:
    """Official strings, as a dictionary of the distinct ones in order of first appearance of their index."""
    rows = np.ascontiguousarray(architectures).view(np.dtype((np.void, architectures.shape[1]))).ravel()
    _, position, inverse = np.unique(rows, return_index=True, return_inverse=True)
    dictionary = [space.to_string(architectures[p]) for p in position]
    return pa.DictionaryArray.from_arrays(pa.array(inverse.astype(np.int32)), pa.array(dictionary))


def _problem(study: Study, name: str, runs: tuple[int, ...]) -> Problem:
    benchmark = get_searchable(name)
    return benchmark.problem(study.protocol(benchmark.longest(study.objectives, study.split)), study.seed, runs)
