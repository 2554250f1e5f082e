"""Work units on tables and functions: an ask-tell optimizer queries a problem, for a range of runs in lockstep."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.search.ledger import Ledger
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.study.backend import Place, UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.endings import with_endings
from nasbench.study.store import encode
from nasbench.study.trace_table import trace_columns, trace_table


class AskTellBackend:
    """Runs ask-tell optimizers; see `nasbench.study.backend.Backend`."""

    distributed = True

    def check(self, study: Study) -> None:
        """Build every method on every problem for one run, so that errors are found before the study starts.

        Raises:
            NasbenchError: for the first method that cannot be built.
        """
        for name in study.problems:
            problem = _problem(study, name, (0,))
            for method in study.methods:
                method.optimizer().create(problem, Streams(study.seed, (0,)), method.settings)

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return nothing, since a missing table is an error."""
        return {}

    def environment(self, study: Study, device: str) -> Mapping[str, Any]:
        """Return the checksum of each table."""
        return {"benchmarks": {name: get_searchable(name).checksum for name in study.problems}}

    def run(self, study: Study, unit: WorkUnit, place: Place) -> UnitResult:
        """Run one unit.

        Linear algebra runs on one thread, since with more the splitting of sums, and thus rounding, differs between
        machines.
        """
        from threadpoolctl import threadpool_limits

        assert unit.method is not None
        started = time.perf_counter()
        problem = _problem(study, unit.problem, unit.runs)
        optimizer = unit.method.optimizer().create(problem, Streams(study.seed, unit.runs), unit.method.settings)
        with threadpool_limits(1):
            batches, seconds = search(problem, optimizer, _progress_callback(problem.ledger, place.tell))
        traces = trace_table(trace_columns(batches, unit.runs, study.objectives), problem.space)
        encoded = encode(with_endings(traces, unit.runs, problem.ledger.endings()))
        timing = {"optimizer_seconds": seconds / len(unit.runs), "unit_seconds": time.perf_counter() - started}
        return UnitResult(timing=timing, traces=encoded, queries=int(traces.num_rows))


BACKEND = AskTellBackend()


def _progress_callback(ledger: Ledger, tell: Callable[[float], None] | None) -> Callable[[Observations], bool]:
    """Return a callback for each batch that never stops the search and reports the spent fraction of the budget at most
    twice a second.
    """
    last = time.monotonic()

    def look(observations: Observations) -> bool:
        nonlocal last
        if tell is not None and time.monotonic() > last + 0.5:
            last = time.monotonic()
            spent = [ledger.spent[account] / limit for account, limit in ledger.budget.limits.items()]
            tell(float(np.minimum(np.maximum.reduce(spent), 1.0).mean()))
        return False

    return look


def _problem(study: Study, name: str, runs: tuple[int, ...]) -> Problem:
    benchmark = get_searchable(name)
    return benchmark.problem(study.protocol(benchmark.longest(study.objectives, study.split)), study.seed, runs)
