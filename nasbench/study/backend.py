"""Backends that check and run the work units of a kind of problem: queries to a benchmark, or training on a live task.

The runner depends on this interface only; `backend_of` selects the backend of a problem. Training code is imported on
demand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import is_live

ASK_TELL, LIVE = "nasbench.study.ask_tell", "nasbench.live.experiment.study_backend"
"""Modules with the `BACKEND` of tables and functions, and that of live tasks."""
TASK_STUDY = "nasbench.live.experiment.task_study"
"""Module with the study of one live task."""


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """Result of a work unit.

    Attributes:
        timing: wall-clock measurements, which are not reproducible.
        traces: Parquet file of the queries, see `nasbench.study.store.encode`; None if there were none.
        result: architecture found by a live unit, its scores and learning curves.
        queries: number of queries.
    """

    timing: Mapping[str, Any]
    traces: bytes | None = None
    result: Mapping[str, Any] | None = None
    queries: int = 0


@dataclass(frozen=True)
class Place:
    """Where a work unit runs.

    Attributes:
        folder: results folder, which contains the checkpoints.
        device: device for live tasks: auto, cpu or cuda.
        tell: called occasionally with the completed fraction of the unit.
    """

    folder: Path | None = None
    device: str = "auto"
    tell: Callable[[float], None] | None = field(default=None, compare=False)


class Backend(Protocol):
    """Checks and runs the work units of one kind of problem."""

    distributed: bool
    """Whether units can run on a cluster."""

    def check(self, study: Study) -> None:
        """Raise NasbenchError for the first error in a study whose problems are all of this kind."""
        ...

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return the problems that are skipped since their data are missing, with a remedy for each."""
        ...

    def environment(self, study: Study, device: str) -> Mapping[str, Any]:
        """Return the facts about the problems and the device for `environment.json`."""
        ...

    def run(self, study: Study, unit: WorkUnit, place: Place) -> UnitResult:
        """Run a work unit."""
        ...


def backend_of(problem: str) -> Backend:
    """Return the backend of a problem."""
    backend: Backend = import_module(LIVE if is_live(problem) else ASK_TELL).BACKEND
    return backend


def study_of_task(name: str) -> Study | None:
    """Return the study of a live task given by its name with the prefix, or by the address of a user's data; None if it is
    neither.

    Raises:
        NasbenchError: if it is a task that cannot be used.
    """
    if not is_live(name) and ":" not in name:
        return None
    study: Study = import_module(TASK_STUDY).task_study(name)
    return study


def by_backend(study: Study) -> list[tuple[Backend, Study]]:
    """Return the study split by backend."""
    kinds: dict[bool, list[str]] = {}
    for problem in study.problems:
        kinds.setdefault(is_live(problem), []).append(problem)
    return [(backend_of(problems[0]), study.with_problems(problems)) for problems in kinds.values()]


def run_unit(study: Study, unit: WorkUnit, place: Place = Place()) -> UnitResult:
    """Run one work unit of a study."""
    return backend_of(unit.problem).run(study, unit, place)
