"""A study's results: a folder that pandas, polars or DuckDB read without this suite.

    study.toml          the study as run
    environment.json    versions, platform, commit; and the checksum of each benchmark's table
    traces/BENCHMARK/OPTIMIZER/FIRST-LAST.parquet     one row a query
    timings/...json     the optimizers' own seconds, apart from the traces since no two runs agree on them
    manifest.sha256     SHA-256 of all of these, checked whenever one is read (`sha256sum -c` checks them too)

Columns of a trace: `run`; `query` (from 0 within the run); `architecture` (official string); `epochs`; `training_seed` (-1 for a
mean over seeds); one column an objective, minimised; `cost` (seconds charged); `first` (first query of the architecture in the
run); `fresh` (the same up to isomorphism). Optimizers that say which of their parts proposed a query add `proposer` (a short name).
The metadata of a trace say why runs ended that did not spend their budget (`nasbench.study.endings`).

A file appears by rename, whole or not at all. A trace that the manifest does not name is made anew, by which a folder of a version
that had no manifest is verified.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError
from nasbench.files.documents import parse_json
from nasbench.study.environment import environment
from nasbench.study.folder import begin, difference, is_begun, open_manifest, read_study, resume, write
from nasbench.study.manifest import DamagedError, Manifest
from nasbench.study.plan import Study, Unit, parse_study


@dataclass(frozen=True)
class Timing:
    """Wall-clock facts of a unit.

    Attributes:
        own_seconds: the optimizer's own seconds, a run.
        unit_seconds: the whole unit, with table and store.
    """

    own_seconds: float
    unit_seconds: float


@dataclass(frozen=True)
class Store:
    """An opened results folder.

    Attributes:
        folder: where.
        study: the study that it holds.
        manifest: what its files are held against.
    """

    folder: Path
    study: Study
    manifest: Manifest

    @classmethod
    def create_or_resume(cls, folder: Path, study: Study) -> Store:
        """Make the folder, or take it up where it holds the same study, of which more runs may be asked for than it holds.

        Raises:
            NasbenchError: if it is a file, cannot be written, holds something else, another study (saying what differs) or more runs,
                or a file of it is damaged (naming it).
        """
        study_file = study.to_toml().encode()
        if not is_begun(folder):
            return cls(folder, study, begin(folder, _environment(study), study_file))
        manifest = resume(folder)
        held = parse_study(read_study(folder, manifest), f"{folder / 'study.toml'}")
        if changed := difference(held.with_runs(study.runs).to_mapping(), study.with_runs(study.runs).to_mapping()):
            raise NasbenchError(f"{folder} holds another study: {changed}; choose another folder or restore the study.")
        if study.runs < held.runs:
            raise NasbenchError(
                f"{folder} holds {held.runs} runs and {study.runs} are asked for; runs are added and never taken away: "
                f"ask for {held.runs} or more, or choose another folder."
            )
        if manifest is None:
            return cls(folder, study, begin(folder, _environment(study), study_file))
        extended = held.extended(study.runs)
        if extended != held:
            write(manifest, {"study.toml": extended.to_toml().encode()})
        store = cls(folder, extended, manifest)
        store._check_benchmarks()
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open a results folder to read it.

        Raises:
            NasbenchError: if there is no study in it, or it is damaged.
        """
        manifest = open_manifest(folder)
        return cls(folder, parse_study(read_study(folder, manifest), f"{folder / 'study.toml'}"), manifest)

    def has(self, unit: Unit) -> bool:
        """Whether the traces of the unit are stored."""
        return self.manifest.holds(self._traces(unit))

    @property
    def missing(self) -> list[Unit]:
        """Units whose traces are not stored yet."""
        return [unit for unit in self.study.units() if not self.has(unit)]

    @property
    def unfinished(self) -> list[Unit]:
        """Units that lack their traces or their timing, which are written together."""
        return [u for u in self.study.units() if not (self.has(u) and self.manifest.holds(self._timing(u)))]

    def write(self, unit: Unit, traces: bytes, timing: Timing) -> None:
        """Store a unit, whole or not at all.

        Args:
            unit: which.
            traces: from `encode`.
            timing: its timing.

        Raises:
            NasbenchError: if the disk refuses; what was stored before stays.
        """
        write(self.manifest, {self._timing(unit): json.dumps(asdict(timing)).encode(), self._traces(unit): traces})

    def read(self, unit: Unit) -> pa.Table:
        """The traces of a unit.

        Raises:
            NasbenchError: if it is missing or damaged, or holds what no trace holds.
        """
        path = self.path(unit)
        try:
            content = pa.BufferReader(self.content(unit))
            table = pq.read_table(content, partitioning=None, page_checksum_verification=True)
        except (pa.ArrowException, OSError):
            raise _damaged(path) from None
        wanted = {"run", "query", "architecture", "cost", *self.study.objectives}
        if not wanted <= set(table.column_names):
            raise NasbenchError(
                f"{path} is no trace of this study: it lacks {', '.join(sorted(wanted - set(table.column_names)))}."
            )
        for name in ("cost", *self.study.objectives):
            if not np.isfinite(table[name].to_numpy()).all():
                raise NasbenchError(f"{path} is no trace of this study: a number of its column {name} is not finite.")
        if (table["cost"].to_numpy() < 0.0).any():
            raise NasbenchError(f"{path} is no trace of this study: it charges less than nothing for a query.")
        return table

    def content(self, unit: Unit) -> bytes:
        """The file of the traces of a unit, checked; raises NasbenchError if it is missing or damaged."""
        if not self.has(unit):
            raise NasbenchError(
                f"{self.folder} lacks {self.path(unit).name} of {unit.entry.label} on {unit.benchmark}; `nasbench run` resumes the study."
            )
        try:
            return self.manifest.file(self._traces(unit))
        except DamagedError:
            raise _damaged(self.path(unit)) from None

    def timing(self, unit: Unit) -> Timing:
        """The timing of a stored unit; raises NasbenchError if it is missing or damaged."""
        try:
            timing = Timing(**parse_json(self.manifest.file(self._timing(unit)), "timing"))
        except (NasbenchError, TypeError):
            raise NasbenchError(
                f"{self.folder} lacks a timing of {unit.entry.label} on {unit.benchmark}, or it is damaged ({self._timing(unit)}); "
                "remove that file and run the study again."
            ) from None
        return timing

    @property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says; raises NasbenchError if it is missing or damaged."""
        loaded: dict[str, Any] = parse_json(
            self.manifest.file("environment.json"), f"file {self.folder / 'environment.json'}"
        )
        return loaded

    def path(self, unit: Unit) -> Path:
        """Where the traces of a unit are, or will be."""
        return self.folder / self._traces(unit)

    def _traces(self, unit: Unit) -> str:
        return f"traces/{unit.path}.parquet"

    def _timing(self, unit: Unit) -> str:
        return f"timings/{unit.path}.json"

    def _check_benchmarks(self) -> None:
        for name, checksum in self.environment.get("benchmarks", {}).items():
            if get_searchable(name).checksum != checksum:
                raise NasbenchError(
                    f"{self.folder} was begun on another version of {name}; restore that table or choose another folder."
                )


def encode(traces: pa.Table) -> bytes:
    """The Parquet file that holds these traces, with a checksum of each page; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(traces, sink, compression="zstd", dictionary_pagesize_limit=2**24, write_page_checksum=True)
    return bytes(sink.getvalue())


def _damaged(path: Path) -> NasbenchError:
    return NasbenchError(
        f"{path} is not what was written there, so it is damaged; remove it and run the study again to make it anew."
    )


def _environment(study: Study) -> Mapping[str, Any]:
    return {**environment(), "benchmarks": {name: get_searchable(name).checksum for name in study.benchmarks}}
