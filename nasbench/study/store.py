"""The results of a study: a folder that pandas, polars or DuckDB read without this suite.

    study.toml          the study as run (`schema`: version of this layout)
    warm_start.csv      evaluations that runs were given before their first query, where there were any; study.toml has its SHA-256
    environment.json    versions, platform, commit, SHA-256 of the sources that decide; the checksum of each benchmark's table; the device of live tasks
    traces/PROBLEM/METHOD/RUNS.parquet         one row per query; RUNS is FIRST-LAST, or the seed on a live task
    runs/TASK/METHOD/SEED.json                 of live units: what was found and how it scored, with curves; equal bits when run again
    timings/...json     what a clock measured of each unit, apart since no two runs agree on it; of queries, by which sources it was made too
    skipped.json        live tasks that were not run since their data are not here, with the reason
    checkpoints/...     from which a killed live unit resumes
    manifest.sha256     SHA-256 of all of these but checkpoints, checked whenever one is read (`sha256sum -c` checks them too)

The files of a unit have its `path` below `traces`, `runs` and `timings`: a live unit has one run, and is METHOD or REFERENCE MODEL on a
task (`unit.method` is None for a reference, which has no trace). `Store.read(unit)` gives the traces of a unit, `Store.result(unit)` the
JSON of a live one with its timing merged in.

Columns of a trace: `run`; `query` (from 0 within the run); `architecture` (official string); `epochs`; `training_seed` (-1 for a
mean over seeds); one column per objective, minimised; `charged_seconds`; `is_new_architecture` (first query of the architecture in the
run); `is_new_isomorphism_class` (the same up to isomorphism). Optimizers that say which of their operators proposed a query add
`operator` (a short name). Studies with workers or batches add `worker` (number of the machine) and `wall_seconds` (the simulated clock
when the result came back); their rows are in the order in which results came back. Studies with constraints
add a column for each quantity that is constrained and no objective, minimised as the objectives are, and `feasible`. Columns of the
first edition (`cost`, `first`, `fresh`, `proposer`) are renamed when they are read. The
metadata of a trace say why runs ended that did not spend their budget (`nasbench.study.endings`).

The seconds of a live trace were measured: the column is null in the file, and `Store.read` fills it from `timings`. A search on shared
weights has a row per epoch (`nasbench.study.live_trace`). Versions before 1.0 wrote no traces of live units; these are read off the curves.

A file appears by rename, whole or not at all. One that the manifest does not name is produced again, which also
verifies folders of versions without a manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.benchmarks.catalogue import get_searchable, has_checksum
from nasbench.errors import CorruptDataError, NasbenchError, unknown_name
from nasbench.files.documents import parse_json
from nasbench.renamed import COLUMNS
from nasbench.search.constraints import FEASIBLE
from nasbench.spaces.catalogue import get_space
from nasbench.study.backend import UnitResult
from nasbench.study.config import SCHEMA, Study, WorkUnit
from nasbench.study.environment import environment
from nasbench.study.folder import begin, difference, is_begun, open_manifest, read_study, remove, resume, write
from nasbench.study.live_config import PREFIX, is_live
from nasbench.study.live_trace import stored_columns
from nasbench.study.manifest import DamagedError, Manifest
from nasbench.study.sources import deciding_sources
from nasbench.study.toml import parse_stored_study
from nasbench.study.trace_table import SECONDS, WALL_SECONDS, trace_table, with_seconds

SKIPPED = "skipped.json"
CLOCKED = ("search_seconds", "train_seconds", "processor_seconds", "latency_ms_batch_1", "latency_ms_batch_64")
"""Keys of a live result that a clock measured."""
CURVES = ("search_curve", "train_curve")
"""Lists of rows of a live result of which `seconds` is measured."""


@dataclass(frozen=True)
class Timing:
    """Wall-clock facts of a unit of queries.

    Attributes:
        optimizer_seconds: the optimizer's own seconds, a run.
        unit_seconds: the whole unit, with table and store.
        seconds_on_the_way: the optimizer's processor seconds, a run, after numbers of queries that grow geometrically: pairs (queries, seconds);
            none in folders of earlier versions.
        sources_sha256: of the sources that made it (`nasbench.study.sources`); empty where an older version made it.
    """

    optimizer_seconds: float
    unit_seconds: float
    sources_sha256: str = ""
    seconds_on_the_way: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True)
class Store:
    """An open results folder.

    Attributes:
        folder: where.
        study: the study that it holds.
        manifest: checksums of its files.
    """

    folder: Path
    study: Study
    manifest: Manifest

    @classmethod
    def create_or_resume(cls, folder: Path, study: Study, facts: Mapping[str, Any]) -> Store:
        """Create the folder, or resume it if it has the same study, possibly with fewer runs or methods than requested.

        Args:
            folder: where.
            study: what is asked for.
            facts: content of `environment.json` in addition to versions and platform.

        Raises:
            NasbenchError: if it is a file, cannot be written, holds something else, another study (saying what differs) or more runs,
                or a file of it is damaged (naming it).
        """
        study_file = study.to_toml().encode()
        given = study.warm_start.text.encode() if study.warm_start else b""
        whole = {"schema": SCHEMA, **environment(), "sources_sha256": [deciding_sources()], **facts}
        if not is_begun(folder):
            return cls(folder, study, begin(folder, whole, study_file, given))
        manifest = resume(folder)
        held = stored = parse_stored_study(read_study(folder, manifest), f"{folder / 'study.toml'}")
        if all(method in study.methods for method in held.methods):
            held = held.replace(methods=study.methods)  # methods are added as runs are
        same = held.with_runs(study.runs).replace(description=study.description, names=study.names)
        if changed := difference(same.to_mapping(), study.with_runs(study.runs).to_mapping()):
            raise NasbenchError(f"{folder} holds another study: {changed}; choose another folder or restore the study.")
        if study.runs < held.runs:
            raise NasbenchError(
                f"{folder} holds {held.runs} runs and {study.runs} are asked for; runs are added and never taken away: "
                f"ask for {held.runs} or more, or choose another folder."
            )
        if manifest is None:
            return cls(folder, study, begin(folder, whole, study_file, given))
        extended = held.extended(study.runs)
        if extended != stored:
            write(manifest, {"study.toml": extended.to_toml().encode()})
        store = cls(folder, extended.replace(methods=study.methods), manifest)
        store._check_benchmarks()
        if store.missing:
            store._note_sources()
        return store

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open a results folder for reading.

        Raises:
            NasbenchError: if there is no study in it, or it is damaged.
        """
        manifest = open_manifest(folder)
        return cls(folder, parse_stored_study(read_study(folder, manifest), f"{folder / 'study.toml'}"), manifest)

    @property
    def skipped(self) -> dict[str, str]:
        """Skipped problems with reasons; raises NasbenchError if the file is damaged."""
        if not (self.folder / SKIPPED).exists():
            return {}
        return {name if is_live(name) else PREFIX + name: reason for name, reason in self._json(SKIPPED).items()}

    def units(self) -> list[WorkUnit]:
        """Return all work units of the study, except those of skipped problems."""
        skipped = self.skipped
        return [unit for unit in self.study.units() if unit.problem not in skipped]

    def has(self, unit: WorkUnit) -> bool:
        """Return whether what the unit found is stored; of a live one with its timing, which holds a part of it, and its trace."""
        if not self.manifest.holds(_main_file(unit)):
            return False
        if not is_live(unit.problem):
            return True
        return self.manifest.holds(_timing_file(unit)) and (self._has_trace(unit) or SECONDS not in self._timing(unit))

    @property
    def missing(self) -> list[WorkUnit]:
        """Units that are not stored yet."""
        return [unit for unit in self.units() if not self.has(unit)]

    @property
    def unfinished(self) -> list[WorkUnit]:
        """Units that lack what they found or their timing, which are written together."""
        return [u for u in self.units() if not (self.has(u) and self.manifest.holds(_timing_file(u)))]

    def write(self, unit: WorkUnit, result: UnitResult) -> None:
        """Store a unit atomically; measured times of a live result are stored separately.

        Raises:
            NasbenchError: if a file cannot be written; units stored before are kept.
        """
        files: dict[str, bytes] = {}
        if result.traces is not None:
            files[_trace_file(unit)] = result.traces
        timing = dict(result.timing)
        if not is_live(unit.problem):
            timing["sources_sha256"] = deciding_sources()
        if result.result is not None:
            kept, clocked = _apart(result.result)
            files[_result_file(unit)] = _indented(kept)
            timing |= clocked
        write(self.manifest, {_timing_file(unit): _indented(timing), **files})

    def discard(self, labels: Iterable[str]) -> None:
        """Remove what the units of some methods found, so that they are missing and made anew by the present sources.

        Raises:
            NasbenchError: if the study has live tasks, whose trainings are not made twice, or no method of a label, or a file cannot be
                removed.
        """
        known = [method.label for method in self.study.methods]
        for label in labels:
            if label not in known:
                raise unknown_name(f"method of {self.study.name}", label, known)
        units = [unit for unit in self.units() if unit.label in set(labels)]
        if any(is_live(unit.problem) for unit in units):
            raise NasbenchError(f"{self.study.name} has live tasks, whose trainings are kept; choose another folder.")
        if units:
            remove(self.manifest, [name for unit in units for name in (_trace_file(unit), _timing_file(unit))])
            self._note_sources()

    def sources(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the SHA-256 of the sources that made the units of some methods, in the order of the folder.

        What made units of versions that did not write it with each is any that the folder names and no unit does.
        """
        units = [unit for unit in self.units() if self.has(unit) and not is_live(unit.problem)]
        named = [(unit.label, self.timing(unit).sources_sha256) for unit in units]
        folder = list(self.environment.get("sources_sha256", []))
        unnamed = [one for one in folder if one not in {sources for _, sources in named}] or folder
        found = {sources for label, sources in named if label in set(labels)}
        return tuple(one for one in folder if one in found or ("" in found and one in unnamed))

    def write_skipped(self, skipped: Mapping[str, str]) -> None:
        """Store which live tasks are not run, with the reason, where there are any; raises NasbenchError if the disk refuses."""
        if self.study.live_problems:
            write(self.manifest, {SKIPPED: _indented(dict(skipped))})

    def read(self, unit: WorkUnit) -> pa.Table:
        """Return the traces of a unit.

        Raises:
            NasbenchError: if it is missing or damaged, holds what no trace holds, or the unit is a reference model.
        """
        path = self.folder / _trace_file(unit)
        if is_live(unit.problem) and not self._has_trace(unit):
            return self._trace_of_curve(unit)
        try:
            content = pa.BufferReader(self.content(unit))
            table = pq.read_table(content, partitioning=None, page_checksum_verification=True)
            if is_live(unit.problem):
                table = with_seconds(table, pa.array(self._timing(unit)[SECONDS], pa.float64()))
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
            raise _damaged(path) from None
        named = table.rename_columns([COLUMNS.get(name, name) for name in table.column_names])
        table = named.replace_schema_metadata(table.schema.metadata)
        numbers = (*self.study.objectives, *(one.quantity for one in self.study.constraints))
        wanted = {"run", "query", "architecture", "charged_seconds", *numbers}
        wanted |= {FEASIBLE} if self.study.constraints else set()
        if not wanted <= set(table.column_names):
            raise CorruptDataError(
                f"{path} is no trace of this study: it lacks {', '.join(sorted(wanted - set(table.column_names)))}."
            )
        if self.study.constraints and not pa.types.is_boolean(table.schema.field(FEASIBLE).type):
            raise CorruptDataError(f"{path} is no trace of this study: its column {FEASIBLE} is not of yes and no.")
        for name in ("run", "query", "charged_seconds", *numbers):
            kind = table.schema.field(name).type
            if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
                raise CorruptDataError(f"{path} is no trace of this study: its column {name} is not of numbers.")
            if not np.isfinite(table[name].to_numpy()).all():
                raise CorruptDataError(
                    f"{path} is no trace of this study: a number of its column {name} is not finite."
                )
        if WALL_SECONDS in table.column_names and not _is_clock(table):
            raise CorruptDataError(
                f"{path} is no trace of this study: its column {WALL_SECONDS} is no clock, which rises within a run from 0."
            )
        if (table["charged_seconds"].to_numpy() < 0.0).any():
            raise CorruptDataError(f"{path} is no trace of this study: it charges less than nothing for a query.")
        return table

    def content(self, unit: WorkUnit) -> bytes:
        """Return the file of the traces of a unit, checked; raises NasbenchError if it is missing or damaged."""
        if not self._has_trace(unit):
            raise NasbenchError(
                f"{self.folder} lacks {Path(_trace_file(unit)).name} of {unit.label} on {unit.problem}; `nasbench run` resumes the study."
            )
        try:
            return self.manifest.file(_trace_file(unit))
        except DamagedError:
            raise _damaged(self.folder / _trace_file(unit)) from None

    def result(self, unit: WorkUnit) -> dict[str, Any]:
        """Return what a live unit found, with what was measured.

        Raises:
            NasbenchError: if it is missing or damaged.
        """
        try:
            result: dict[str, Any] = parse_json(self.manifest.file(_result_file(unit)), "result")
            timing = self._timing(unit)
            timing.pop(SECONDS, None)
            for name in CURVES:
                rows = zip(result[name], timing.pop(name), strict=True)
                result[name] = [{**row, "seconds": seconds} for row, seconds in rows]
        except (NasbenchError, ValueError, KeyError, TypeError):
            raise CorruptDataError(
                f"{self.path(unit)}, or {_timing_file(unit)}, is missing or damaged; remove it and run the study again to repeat it."
            ) from None
        return {**result, **timing}

    def timing(self, unit: WorkUnit) -> Timing:
        """Return the timing of a stored unit of queries; raises NasbenchError if it is missing or damaged."""
        try:
            timing = self._timing(unit)
            first_edition = {"own_seconds": "optimizer_seconds"}
            return Timing(**{first_edition.get(name, name): seconds for name, seconds in timing.items()})
        except (NasbenchError, TypeError, AttributeError):
            raise CorruptDataError(
                f"{self.folder} lacks a timing of {unit.label} on {unit.problem}, or it is damaged ({_timing_file(unit)}); "
                "remove that file and run the study again."
            ) from None

    @property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says; raises NasbenchError if it is missing or damaged."""
        facts = self._json("environment.json")
        benchmarks, sources = facts.get("benchmarks", {}), facts.get("sources_sha256", [])
        texts = (
            [*benchmarks.values(), *sources] if isinstance(benchmarks, dict) and isinstance(sources, list) else [None]
        )
        if not all(isinstance(text, str) for text in texts):
            raise CorruptDataError(
                f"{self.folder / 'environment.json'} does not say in texts on which benchmarks and by which sources it was made; restore it."
            )
        return facts

    def path(self, unit: WorkUnit) -> Path:
        """Return where what a unit found is, or will be: its traces, or the result of a live one."""
        return self.folder / _main_file(unit)

    def timing_path(self, unit: WorkUnit) -> Path:
        """Return where what a clock measured of a unit is, or will be."""
        return self.folder / _timing_file(unit)

    def _has_trace(self, unit: WorkUnit) -> bool:
        return self.manifest.holds(_trace_file(unit))

    def _trace_of_curve(self, unit: WorkUnit) -> pa.Table:
        if unit.method is None:
            raise NasbenchError(
                f"{unit.label} on {unit.problem} is a reference model, which has no trace; read its result."
            )
        result = self.result(unit)
        try:
            columns = stored_columns(result)
            return trace_table({**columns, "run": columns["run"] + unit.runs[0]}, get_space(result["space"]))
        except (KeyError, TypeError, ValueError):
            raise _damaged(self.path(unit)) from None

    def _timing(self, unit: WorkUnit) -> dict[str, Any]:
        return self._json(_timing_file(unit))

    def _json(self, name: str) -> dict[str, Any]:
        loaded = parse_json(self.manifest.file(name), f"file {self.folder / name}")
        if not isinstance(loaded, dict):
            raise CorruptDataError(f"{self.folder / name} holds no JSON object; restore it.")
        return loaded

    def _note_sources(self) -> None:
        """Add the present sources to `environment.json` where runs that are to come are made by others than those there."""
        held = self.environment
        known, present = held.get("sources_sha256", ["not recorded"]), deciding_sources()
        if present not in known:
            write(self.manifest, {"environment.json": _indented({**held, "sources_sha256": [*known, present]})})

    def _check_benchmarks(self) -> None:
        for name, checksum in self.environment.get("benchmarks", {}).items():
            if not has_checksum(get_searchable(name), checksum):
                raise NasbenchError(
                    f"{self.folder} was begun on another version of {name}; restore that table or choose another folder."
                )


def encode(traces: pa.Table) -> bytes:
    """Return the Parquet file that holds these traces, with a checksum of each page; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(traces, sink, compression="zstd", dictionary_pagesize_limit=2**24, write_page_checksum=True)
    return bytes(sink.getvalue())


def _is_clock(table: pa.Table) -> bool:
    """Return whether the simulated clock of a trace never goes back within a run."""
    if not pa.types.is_floating(table.schema.field(WALL_SECONDS).type):
        return False
    seconds, run = table[WALL_SECONDS].to_numpy(), table["run"].to_numpy()
    forward = (np.diff(seconds) >= 0.0) | (np.diff(run) != 0)
    return bool(np.isfinite(seconds).all() and (seconds >= 0.0).all() and forward.all())


def _main_file(unit: WorkUnit) -> str:
    return _result_file(unit) if is_live(unit.problem) else _trace_file(unit)


def _trace_file(unit: WorkUnit) -> str:
    return f"traces/{unit.path}.parquet"


def _result_file(unit: WorkUnit) -> str:
    return f"runs/{unit.path}.json"


def _timing_file(unit: WorkUnit) -> str:
    return f"timings/{unit.path}.json"


def _apart(result: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a live result without what a clock measured, and that."""
    kept = {key: value for key, value in result.items() if key not in CLOCKED}
    clocked: dict[str, Any] = {key: result[key] for key in CLOCKED if key in result}
    for name in CURVES:
        rows = result.get(name, [])
        clocked[name] = [row.get("seconds") for row in rows]
        kept[name] = [{key: value for key, value in row.items() if key != "seconds"} for row in rows]
    return kept, clocked


def _indented(content: Any) -> bytes:
    return json.dumps(content, indent=1).encode()


def _damaged(path: Path) -> CorruptDataError:
    return CorruptDataError(
        f"{path} is not what was written there, so it is damaged; remove it and run the study again to repeat it."
    )
