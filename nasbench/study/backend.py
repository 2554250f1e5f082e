"""How the units of a kind of problem are checked and run: by queries to a benchmark, or by training on a live task.

The runner knows this interface alone, and one function says which backend a problem has. What trains is imported when it is needed.
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
"""Modules whose `BACKEND` runs the units of tables and functions, and those of live tasks."""


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """A unit that was run.

    Attributes:
        timing: what a clock measured, which no two runs agree on.
        traces: the Parquet file of its queries, see `nasbench.study.store.encode`; None where it asked none.
        result: what a live unit found and how it scored, with its curves.
        queries: queries answered.
    """

    timing: Mapping[str, Any]
    traces: bytes | None = None
    result: Mapping[str, Any] | None = None
    queries: int = 0


@dataclass(frozen=True)
class Place:
    """Where a unit runs.

    Attributes:
        folder: results folder, below which checkpoints are kept.
        device: of live tasks: auto, cpu or cuda.
        tell: called now and then with the fraction of the unit that is done.
    """

    folder: Path | None = None
    device: str = "auto"
    tell: Callable[[float], None] | None = field(default=None, compare=False)


class Backend(Protocol):
    """Checks and runs the units of one kind of problem."""

    distributed: bool
    """Whether units can run on a cluster."""

    def check(self, study: Study) -> None:
        """Raise NasbenchError for the first mistake in a study all of whose problems are of this kind."""
        ...

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return the problems whose data are not here and that are skipped therefore, with what would help."""
        ...

    def environment(self, study: Study, device: str) -> Mapping[str, Any]:
        """Return what `environment.json` says of the problems and of where they run."""
        ...

    def run(self, study: Study, unit: WorkUnit, place: Place) -> UnitResult:
        """Run a unit."""
        ...


def backend_of(problem: str) -> Backend:
    """Return what runs a problem."""
    backend: Backend = import_module(LIVE if is_live(problem) else ASK_TELL).BACKEND
    return backend


def by_backend(study: Study) -> list[tuple[Backend, Study]]:
    """Return the study by kinds of problems."""
    kinds: dict[bool, list[str]] = {}
    for problem in study.problems:
        kinds.setdefault(is_live(problem), []).append(problem)
    return [(backend_of(problems[0]), study.with_problems(problems)) for problems in kinds.values()]


def run_unit(study: Study, unit: WorkUnit, place: Place = Place()) -> UnitResult:
    """Run one unit of a study."""
    return backend_of(unit.problem).run(study, unit, place)
