"""Evidence: the number of each run that a registration is judged by, and what the results say of how they were made.

It is taken from results folders, or read from `reports/evidence`, where it ships as Parquet whose SHA-256 the manifest there holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import model_validator

from nasbench.errors import CorruptDataError, NasbenchError, quoted
from nasbench.files.documents import parse_json
from nasbench.files.schema import FileModel, Table, validate_table
from nasbench.reports.analysis.digest import DIGITS
from nasbench.reports.analysis.results import Results
from nasbench.reports.hypotheses.bound_study import baseline_labels, bound_study, is_bound_study, study_differences
from nasbench.reports.hypotheses.measures import measured
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.study.manifest import NAME, Manifest

SHIPPED = Path(__file__).resolve().parents[1] / "evidence"
"""Where evidence ships."""
COLUMNS = ("study", "benchmark", "label", "measure", "run", "value", "reached")

Cell = tuple[str, str, str]
"""Study, benchmark and label."""


@dataclass(frozen=True)
class Origin:
    """What a results folder says of how it was made.

    Attributes:
        study: all that binds it.
        benchmarks: checksums.
        sources_sha256: by which its runs were made.
        version, commit: of the suite.
    """

    study: Mapping[str, Any]
    benchmarks: Mapping[str, str]
    sources_sha256: tuple[str, ...]
    version: str
    commit: str


@dataclass(frozen=True)
class HypothesisEvidence:
    """What a registration is judged by.

    Attributes:
        values: by cell and measure, of each run: a time to the target, or another number, which every run has.
        digests: hash of the traces of each cell, shortened.
        origins: by study.
    """

    values: Mapping[tuple[str, str, str, str], CensoredTimes]
    digests: Mapping[Cell, str]
    origins: Mapping[str, Origin]

    def digest(self, *cells: Cell) -> str:
        """Return the hash of the runs that a number rests on, shortened."""
        return hashlib.sha256("".join(self.digests[cell] for cell in cells).encode()).hexdigest()[:DIGITS]


def collect(registration: HypothesisRegistration, folders: Mapping[str, Path]) -> HypothesisEvidence:
    """Take the evidence from the results folder of each study, whatever it holds; `differences` says whether it counts.

    Raises:
        NasbenchError: if a folder is damaged, or lacks runs of a method that is judged; runs of a method have random streams of
            their own, so that the others of the study may be missing.
    """
    hypothesis = registration.statement
    values: dict[tuple[str, str, str, str], CensoredTimes] = {}
    digests: dict[Cell, str] = {}
    origins: dict[str, Origin] = {}
    for name in registration.studies:
        results = Results.open(folders[name], labels_of(registration, name))
        origins[name] = _origin(results)
        if list(differences(registration, origins)):
            continue
        for benchmark in hypothesis.benchmarks:
            for label in labels_of(registration, name):
                digests[name, benchmark, label] = results.digest((benchmark, label))
                for measure, times in measured(hypothesis, results, benchmark, label).items():
                    values[name, benchmark, label, measure] = times
    return HypothesisEvidence(values, digests, origins)


def labels_of(registration: HypothesisRegistration, study: str) -> tuple[str, ...]:
    """Return the labels of a study that are judged, the method's first."""
    hypothesis = registration.statement
    return tuple(dict.fromkeys((*hypothesis.labels, *baseline_labels(hypothesis, registration.studies[study]))))


def differences(registration: HypothesisRegistration, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Yield a clause for each thing in which results are not those that were registered."""
    for name, origin in origins.items():
        for clause in study_differences(registration.studies[name], origin.study):
            yield f"{clause} (study {name})"
        for benchmark, checksum in registration.benchmarks.items():
            if origin.benchmarks.get(benchmark) != checksum:
                yield f"the table of {benchmark} is another version than is registered (study {name})"
        if set(origin.sources_sha256) != {registration.sources_sha256}:
            made = " and ".join(sha256[:DIGITS] for sha256 in origin.sources_sha256) or "sources that were not recorded"
            yield (
                f"the runs were made by the sources {made} and {registration.sources_sha256[:DIGITS]} are registered (study {name})"
            )


def unfollowed(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> Iterator[str]:
    """Yield a clause for each cell whose runs are not the registered ones, or were not followed to the registered horizon."""
    for (study, benchmark, label, measure), times in evidence.values.items():
        if times.runs != registration.studies[study]["runs"]:
            yield f"{label} on {benchmark} has {times.runs} runs and {registration.studies[study]['runs']} are registered (study {study})"
        if measure not in registration.horizons[benchmark]:
            if stopped := int((~times.observed).sum()):
                cap = registration.statement.query_cap
                yield f"{stopped} runs of {label} on {benchmark} ended before the registered cap of {cap} unique queries (study {study})"
            continue
        horizon = registration.horizons[benchmark][measure]
        short = ~times.observed & (times.time < horizon * (1 - 1e-9))
        if short.any():
            yield (
                f"{int(short.sum())} runs of {label} on {benchmark} ended before the registered horizon of {horizon:.6g} {measure}, the first at "
                f"{times.time[short].min():.6g} (study {study})"
            )


def objections(registration: HypothesisRegistration, evidence: HypothesisEvidence) -> list[str]:
    """Return a clause for everything in which evidence is not what was registered; runs of another study are not looked into."""
    return list(differences(registration, evidence.origins)) or list(unfollowed(registration, evidence))


def write_evidence(registration: HypothesisRegistration, evidence: HypothesisEvidence, folder: Path = SHIPPED) -> Path:
    """Write evidence as `NAME.parquet` of its registration, with a line of the manifest; return the file.

    Raises:
        NasbenchError: if there is evidence under this registration that says otherwise: it is spent.
    """
    frames = [
        pd.DataFrame(dict(zip(COLUMNS, (*key, np.arange(times.runs), times.time, times.observed), strict=True)))
        for key, times in evidence.values.items()
    ]
    table = pa.Table.from_pandas(pd.concat(frames, ignore_index=True), preserve_index=False)
    about = {
        "registration": registration.name,
        "registration_sha256": registration.sha256,
        "digests": [[*cell, sha256] for cell, sha256 in evidence.digests.items()],
        "origins": {name: asdict(origin) for name, origin in evidence.origins.items()},
    }
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({"evidence": json.dumps(about, sort_keys=True)}), sink, compression="zstd"
    )
    content, path = sink.getvalue().to_pybytes(), evidence_path(registration, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() != content:
        raise NasbenchError(f"{path} holds other evidence of {registration.name}, which is spent; register anew.")
    if (folder / NAME).exists():
        Manifest.read(folder).write({path.name: content})
    else:
        Manifest.begin(folder, {path.name: content})
    return path


def evidence_path(registration: HypothesisRegistration, folder: Path) -> Path:
    """Return where the evidence of a registration ships, or will."""
    return folder / f"{registration.name}.parquet"


def packed_looks(name: str, folder: Path) -> set[str]:
    """Return the names of the registrations of a hypothesis of which there is evidence in a folder."""
    found = (path.stem for path in folder.glob(f"{name}-*.parquet"))
    return {stem for stem in found if stem.removeprefix(f"{name}-").isdecimal()}


def read_evidence(registration: HypothesisRegistration, folder: Path = SHIPPED) -> HypothesisEvidence | None:
    """Read the evidence of a registration, None if there is none.

    Raises:
        NasbenchError: if it is damaged, or belongs to another registration.
    """
    path = evidence_path(registration, folder)
    if not path.is_file():
        return None
    content = Manifest.read(folder).file(path.name)
    try:
        table = pq.read_table(pa.BufferReader(content))
        about = parse_json(table.schema.metadata[b"evidence"], f"evidence {path.name}")
        about = validate_table(_About, about, f"evidence {path.name}")
        values = dict(_values(table.to_pandas()))
        digests = {(study, benchmark, label): sha256 for study, benchmark, label, sha256 in about.digests}
    except (pa.ArrowException, KeyError, TypeError, ValueError, AttributeError) as fault:
        raise CorruptDataError(f"{path} is no evidence of a hypothesis ({quoted(fault)}); restore it.") from None
    if (about.registration_sha256, about.registration) != (registration.sha256, registration.name):
        raise NasbenchError(f"{path} is evidence of {about.registration}, registered otherwise; it decides nothing.")
    origins = {name: Origin(**dict(origin)) for name, origin in about.origins.items()}
    expected = {
        (study, benchmark, label, measure)
        for study in registration.studies
        for benchmark in registration.statement.benchmarks
        for label in labels_of(registration, study)
        for measure in registration.statement.measures
    }
    if (set(values), set(digests), set(origins)) != (
        expected,
        {key[:3] for key in expected},
        set(registration.studies),
    ):
        raise CorruptDataError(f"{path} lacks what is judged, or holds more; make it anew.")
    return HypothesisEvidence(values, digests, origins)


class _Origin(FileModel):
    """An `Origin` as it is read."""

    study: Table
    benchmarks: Mapping[str, str]
    sources_sha256: tuple[str, ...]
    version: str
    commit: str

    @model_validator(mode="after")
    def _is_bound(self) -> _Origin:
        if not is_bound_study(self.study):
            raise ValueError("its study does not say all that binds it")
        return self


class _About(FileModel):
    """What evidence says of itself, beside its numbers."""

    registration: str
    registration_sha256: str
    digests: tuple[tuple[str, str, str, str], ...]
    origins: Mapping[str, _Origin]


def _values(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], CensoredTimes]]:
    """Yield the number of each run by cell and measure; raises ValueError unless each run is there once, in order."""
    for named, rows in frame.groupby(list(COLUMNS[:4]), sort=False):
        study, benchmark, label, measure = map(str, named)
        if rows["run"].tolist() != list(range(len(rows))):
            raise ValueError(f"the runs of {label} on {benchmark} should be 0, 1, 2, ..., each once")
        if rows["value"].dtype.kind != "f":
            raise ValueError("its values are no numbers")
        yield (study, benchmark, label, measure), CensoredTimes(rows["value"].to_numpy(), rows["reached"].to_numpy())


def _origin(results: Results) -> Origin:
    environment = results.environment
    return Origin(
        study=bound_study(results.study),
        benchmarks=environment.get("benchmarks", {}),
        sources_sha256=tuple(environment.get("sources_sha256", ())),
        version=str(environment.get("version")),
        commit=str(environment.get("commit")),
    )
