"""Work units on tables and functions: an ask-tell optimizer queries a problem, for a range of runs in lockstep."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Ledger
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Optimizer, own_proposals_only
from nasbench.search.parallelism import Parallelism
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.single_run import SingleRun
from nasbench.search.workers import search_with_workers
from nasbench.study.backend import Place, UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.endings import with_endings
from nasbench.study.store import encode
from nasbench.study.trace_table import Columns, completion_columns, stack_columns, trace_columns, trace_table


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
            if study.constraints:
                _refuse_unsatisfiable(study, name)
            for method in study.methods:
                optimizer = method.optimizer().create(problem, Streams(study.seed, (0,)), method.settings)
                _refuse_uncopyable(SingleRun(optimizer, problem.space.d), study.parallelism)
                if study.warm_start is not None and (reason := own_proposals_only(optimizer)):
                    raise NasbenchError(f"{method.label} cannot be given a warm start. {reason}")
            if study.warm_start is not None:
                _given(study, name, problem, (0,))
            if study.workers > 1:
                _refuse_untimed(problem, name)

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

        started = time.perf_counter()
        work = _with_machines if study.parallelism.is_simulated else _in_lockstep
        with threadpool_limits(1):
            found = work(study, unit, place.tell)
        traces = trace_table(found.columns, get_searchable(unit.problem).space)
        encoded = encode(with_endings(traces, unit.runs, found.endings))
        timing: dict[str, Any] = {
            "optimizer_seconds": found.seconds / len(unit.runs),
            "unit_seconds": time.perf_counter() - started,
        }
        if found.on_the_way:
            timing["seconds_on_the_way"] = found.on_the_way
        return UnitResult(timing=timing, traces=encoded, queries=int(traces.num_rows))


BACKEND = AskTellBackend()


@dataclass(frozen=True)
class _Found:
    """What the runs of a unit found: columns of the trace, seconds of the optimizer over all runs, how each run ended, and the processor
    seconds of a run after numbers of queries that grow geometrically.
    """

    columns: Columns
    seconds: float
    endings: list[str]
    on_the_way: list[tuple[int, float]] = field(default_factory=list)


GROWTH = 1.2
"""By which the numbers of queries grow after which the seconds so far are noted."""


class _Clock:
    """Notes the optimizer's processor seconds, a run, on the way: other load bends them less than the time on the wall."""

    def __init__(self, runs: int, look: Callable[[Observations], bool]) -> None:
        self._runs, self._look, self._queries, self._due, self._spent = runs, look, 0, 1.0, 0.0
        self.noted: list[tuple[int, float]] = []

    def add(self, seconds: float) -> None:
        """Add the seconds of a batch."""
        self._spent += seconds / self._runs

    def __call__(self, observations: Observations) -> bool:
        self._queries += observations.architectures.shape[1]
        if self._queries >= self._due:
            self.noted.append((self._queries, self._spent))
            self._due = self._queries * GROWTH
        return self._look(observations)


def _in_lockstep(study: Study, unit: WorkUnit, tell: Callable[[float], None] | None) -> _Found:
    """Advance all runs of a unit together, each with one training after the other."""
    problem, optimizer, _ = _created(study, unit, unit.runs)
    clock = _Clock(problem.runs, _progress_callback(problem.ledger, tell))
    batches, seconds = search(problem, optimizer, clock, clock.add)
    columns = trace_columns(batches, unit.runs, study.objectives, study.constraints)
    return _Found(columns, seconds, problem.ledger.endings(), clock.noted)


def _with_machines(study: Study, unit: WorkUnit, tell: Callable[[float], None] | None) -> _Found:
    """Search run by run with the study's workers or batches."""
    columns: list[Columns] = []
    seconds, endings = 0.0, []
    for done, run in enumerate(unit.runs):
        problem, optimizer, given = _created(study, unit, (run,))
        look = _progress_callback(problem.ledger, tell, done, len(unit.runs))
        completions, own = search_with_workers(problem, optimizer, study.parallelism, look, given)
        columns.append(completion_columns(completions, run, study.objectives, study.constraints))
        seconds += own
        endings += problem.ledger.endings()
    return _Found(stack_columns(columns), seconds, endings)


def _created(study: Study, unit: WorkUnit, runs: tuple[int, ...]) -> tuple[Problem, Optimizer, Observations | None]:
    """Return problem and optimizer of some runs, and what the optimizer was told before its first query."""
    assert unit.method is not None
    problem = _problem(study, unit.problem, runs)
    optimizer = unit.method.optimizer().create(problem, Streams(study.seed, runs), unit.method.settings)
    given = None if study.warm_start is None else _given(study, unit.problem, problem, runs)
    if given is not None:
        optimizer.tell(given)
    return problem, optimizer, given


def _progress_callback(
    ledger: Ledger, tell: Callable[[float], None] | None, done: int = 0, parts: int = 1
) -> Callable[[Observations], bool]:
    """Return a callback for each batch that never stops the search and reports the spent fraction of the budget at most
    twice a second.

    Args:
        ledger: of the runs in progress.
        tell: called with the completed fraction of the unit.
        done: number of parts of the unit that are complete.
        parts: number of parts, each with a budget of its own.
    """
    last = time.monotonic()

    def look(observations: Observations) -> bool:
        nonlocal last
        if tell is not None and time.monotonic() > last + 0.5:
            last = time.monotonic()
            spent = [ledger.spent[account] / limit for account, limit in ledger.budget.limits.items()]
            tell((done + float(np.minimum(np.maximum.reduce(spent), 1.0).mean())) / parts)
        return False

    return look


def _given(study: Study, name: str, problem: Problem, runs: tuple[int, ...]) -> Observations:
    """Return the evaluations that runs are told before their first query."""
    assert study.warm_start is not None
    benchmark = get_searchable(name)
    protocol = study.protocol(benchmark.longest(study.objectives, study.split))
    return problem.judge(study.warm_start.observations(benchmark, protocol, problem.space, runs, problem.limits))


def _problem(study: Study, name: str, runs: tuple[int, ...]) -> Problem:
    benchmark = get_searchable(name)
    return benchmark.problem(study.protocol(benchmark.longest(study.objectives, study.split)), study.seed, runs)


def _refuse_unsatisfiable(study: Study, name: str) -> None:
    """Raise NasbenchError if no architecture of the benchmark satisfies the constraints in truth."""
    benchmark = get_searchable(name)
    oracle = benchmark.oracle(study.protocol(benchmark.longest(study.objectives, study.split)))
    assert np.isfinite(oracle.best_score)


def _refuse_uncopyable(run: SingleRun, parallelism: Parallelism) -> None:
    """Raise NasbenchError if the machines need the constant liar and the optimizer cannot be copied."""
    if parallelism.machines > 1 and not (run.is_asynchronous or run.has_batch_rule):
        run.copy()


def _refuse_untimed(problem: Problem, name: str) -> None:
    """Raise NasbenchError if a training of the problem, which is used up, takes no time."""
    first = problem.query(problem.space.sample(np.zeros((1, 1, problem.space.d))))
    if not first.charged_seconds.any():
        raise NasbenchError(
            f"{name} records no training times, by which workers would come back; leave workers out, or give batch_size."
        )
