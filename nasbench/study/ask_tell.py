"""Units on tables and functions: an ask-tell optimizer queries a problem, for a range of runs in lockstep."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Ledger
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.spaces.space import Space
from nasbench.study.backend import Place, UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.endings import with_endings
from nasbench.study.store import encode


class AskTellBackend:
    """Runs ask-tell optimizers; see `nasbench.study.backend.Backend`."""

    distributed = True

    def check(self, study: Study) -> None:
        """Build every method on every problem for one run, so that a mistake shows before the first hour.

        Raises:
            NasbenchError: at the first that cannot be built.
        """
        for name in study.problems:
            problem = _problem(study, name, (0,))
            for method in study.methods:
                method.optimizer().create(problem, Streams(study.seed, (0,)), method.settings)

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return nothing: a table that is not there is an error."""
        return {}

    def environment(self, study: Study, device: str) -> Mapping[str, Any]:
        """Return the checksum of each table."""
        return {"benchmarks": {name: get_searchable(name).checksum for name in study.problems}}

    def run(self, study: Study, unit: WorkUnit, place: Place) -> UnitResult:
        """Run one unit.

        Linear algebra runs on one thread: with more, sums are split differently from machine to machine and bits with them.
        """
        from threadpoolctl import threadpool_limits

        assert unit.method is not None
        started = time.perf_counter()
        problem = _problem(study, unit.problem, unit.runs)
        optimizer = unit.method.optimizer().create(problem, Streams(study.seed, unit.runs), unit.method.settings)
        with threadpool_limits(1):
            batches, seconds = search(problem, optimizer, _progress_callback(problem.ledger, place.tell))
        traces = trace_table(batches, unit.runs, problem.space, study.objectives)
        encoded = encode(with_endings(traces, unit.runs, problem.ledger.endings()))
        timing = {"optimizer_seconds": seconds / len(unit.runs), "unit_seconds": time.perf_counter() - started}
        return UnitResult(timing=timing, traces=encoded, queries=int(traces.num_rows))


BACKEND = AskTellBackend()


def _progress_callback(ledger: Ledger, tell: Callable[[float], None] | None) -> Callable[[Observations], bool]:
    """Return what looks at each batch, is never satisfied, and tells twice a second at most how much of the budget is spent."""
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
    """Return one row a query, sorted by run and query; the columns are described in `nasbench.study.store`."""
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
        "charged_seconds": pa.array(column("cost")),
        "is_new_architecture": pa.array(column("first")),
        "is_new_isomorphism_class": pa.array(column("fresh")),
    }
    if (operators := _operators(batches)) is not None:
        names["operator"] = pa.array(operators[kept]).dictionary_encode()
    return pa.table(names)


def _operators(batches: list[Observations]) -> np.ndarray | None:
    """Return the operator that proposed each query, `(R, B)`; None unless the optimizer said it of every batch."""
    named = [batch.proposers for batch in batches if batch.proposers is not None]
    if len(named) < len(batches):
        return None
    return np.repeat(np.array(named).T, [batch.answered.shape[1] for batch in batches], axis=1)


def _strings(architectures: np.ndarray, space: Space) -> pa.DictionaryArray:
    """Return official strings as a dictionary of the distinct ones in order of first appearance of their index."""
    rows = np.ascontiguousarray(architectures).view(np.dtype((np.void, architectures.shape[1]))).ravel()
    _, position, inverse = np.unique(rows, return_index=True, return_inverse=True)
    dictionary = [space.to_string(architectures[p]) for p in position]
    return pa.DictionaryArray.from_arrays(pa.array(inverse.astype(np.int32)), pa.array(dictionary))


def _problem(study: Study, name: str, runs: tuple[int, ...]) -> Problem:
    benchmark = get_searchable(name)
    return benchmark.problem(study.protocol(benchmark.longest(study.objectives, study.split)), study.seed, runs)
