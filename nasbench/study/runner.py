"""Run a study unit by unit, in one or several processes or on a cluster, resuming missing units.

Workers return the results of units; only the main process writes the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.cli.progress import Report
from nasbench.errors import NasbenchError
from nasbench.files.locks import only_writer
from nasbench.ranges import as_names, as_plain
from nasbench.study.backend import Place, UnitResult, by_backend, run_unit
from nasbench.study.config import Study, WorkUnit
from nasbench.study.processes import in_processes
from nasbench.study.store import Store

if TYPE_CHECKING:
    from nasbench.study.cluster import Cluster


@dataclass(frozen=True)
class Summary:
    """Summary of a call of `run_study`.

    Attributes:
        folder: the results folder.
        units: number of units, excluding those of skipped problems.
        done: number of units run by this call.
        queries: number of queries in this call.
        seconds: wall time of this call.
        skipped: problems that were not run, with the reasons.
    """

    folder: Path
    units: int
    done: int
    queries: int
    seconds: float
    skipped: Mapping[str, str] = field(default_factory=dict)


def run_study(
    study: Study,
    folder: Path,
    *,
    jobs: int = 1,
    cluster: Cluster | None = None,
    device: str = "auto",
    again: str | Iterable[str] = (),
    progress: Report = lambda done, units: None,
    say: Callable[[str], None] = lambda sentence: None,
    written: Callable[[Store, WorkUnit], None] = lambda store, unit: None,
) -> Summary:
    """Run all parts of a study that a results folder lacks.

    On a CPU every process computes on one thread, so that results do not depend on the number of jobs. Measured seconds
    are only comparable between runs with equal `jobs` on an idle machine.

    Args:
        study: what to run.
        folder: results folder; created if missing, resumed if it contains the same study, possibly with fewer runs or methods.
        jobs: number of processes, without a cluster.
        cluster: cluster on which units run; None for local processes.
        device: where live tasks train: auto, cpu or cuda.
        again: labels of methods of which what the folder holds is removed, so that it is made anew by the present sources.
        progress: called with (units done, total units) after every unit, and during units that this process runs.
        say: callback for messages to the user, such as that a task is skipped.
        written: called with the store and every unit that this call ran, once its traces are stored.

    Raises:
        NasbenchError: if the study cannot be run, all problems lack their data, the folder contains something else,
            another process writes to it, or a file cannot be written.
    """
    started = time.perf_counter()
    jobs = as_plain(jobs)
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    kinds = by_backend(study)
    check_study(study)
    study = replace(study, methods=tuple(method.with_source() for method in study.methods))
    if cluster is not None and not all(backend.distributed for backend, _ in kinds):
        raise NasbenchError(f"{study.name} has live tasks, which are trained on this machine; leave --cluster out.")
    skipped = {name: reason for backend, part in kinds for name, reason in backend.unavailable(part).items()}
    if len(skipped) == len(study.problems):
        raise NasbenchError(next(iter(skipped.values())))
    for name, reason in skipped.items():
        say(f"{name} is skipped: {reason}")
    environment = {key: fact for backend, part in kinds for key, fact in backend.environment(part, device).items()}
    with only_writer(folder) as lock:
        store = Store.create_or_resume(folder, study, environment)
        store.write_skipped(skipped)
        store.discard(as_names("methods that are run again", again))
        study = store.study
        units, missing = store.units(), store.unfinished
        done, queries = len(units) - len(missing), 0

        def within(fraction: float) -> None:
            progress(done + fraction, len(units))

        within(0.0)
        if cluster is not None:
            results = _run_on_cluster(study, missing, cluster)
        else:
            alone = jobs == 1 or len(missing) < 2
            place = Place(folder, device, within if alone else None)
            results = in_processes(partial(_with_unit, study, place), missing, jobs)
        for unit, result in results:
            lock.check()
            store.write(unit, result)
            written(store, unit)
            queries, done = queries + result.queries, done + 1
            within(0.0)
        lock.check()
        if lost := len(store.unfinished) - (len(units) - done):
            raise NasbenchError(f"{lost} of {len(units)} units were removed from {folder} during the run; run again.")
    return Summary(folder, len(units), len(missing), queries, time.perf_counter() - started, skipped)


def check_study(study: Study) -> None:
    """Raise NasbenchError for the first invalid name or setting of a study, before anything runs."""
    for backend, part in by_backend(study):
        backend.check(part)


def _with_unit(study: Study, place: Place, unit: WorkUnit) -> tuple[WorkUnit, UnitResult]:
    return unit, run_unit(study, unit, place)


def _run_on_cluster(study: Study, units: list[WorkUnit], cluster: Cluster) -> Iterator[tuple[WorkUnit, UnitResult]]:
    from nasbench.study.cluster import Call

    # A unit is sent with the part of the study that it needs, without the other methods.
    narrowed = {
        (problem, method.label): replace(study, problems=(problem,), methods=(method,))
        for problem in study.problems
        for method in study.methods
    }
    calls = (Call(run_unit, unit.problem, (narrowed[unit.problem, unit.label], unit)) for unit in units)
    for position, result in cluster.map(calls):
        yield units[position], result
