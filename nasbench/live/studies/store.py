"""Results of a live study: a folder of JSON files. This module needs no torch.

study.toml          the study as run
environment.json    versions, platform, commit, device
skipped.json        tasks that were not run, with the reason
runs/TASK/LABEL/SEED.json      what was found and how it scored; the same bits whenever it is run again
timings/TASK/LABEL/SEED.json   what a clock measured, apart since no two runs agree on it
manifest.sha256     SHA-256 of all of these, checked whenever one is read
checkpoints/TASK/LABEL/SEED/   from which a killed run goes on

A file appears by rename, whole or not at all. A result that the manifest does not name is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.documents import parse_json, read_toml
from nasbench.live.studies.study import LiveStudy, LiveUnit, is_live, parse_live_study
from nasbench.study.environment import environment
from nasbench.study.folder import begin, difference, is_begun, open_manifest, read_study, resume, write
from nasbench.study.manifest import Manifest

CLOCKED = ("search_seconds", "train_seconds", "processor_seconds", "latency_ms_batch_1", "latency_ms_batch_64")
"""Keys of a result that a clock measured."""
CURVES = ("search_curve", "train_curve")
"""Lists of rows of which `seconds` is measured."""
SKIPPED = "skipped.json"


@dataclass(frozen=True)
class LiveStore:
    """An opened folder of a live study.

    Attributes:
        folder: where.
        study: the study that it holds.
        manifest: what its files are held against.
    """

    folder: Path
    study: LiveStudy
    manifest: Manifest

    @classmethod
    def create_or_resume(cls, folder: Path, study: LiveStudy, device: Mapping[str, Any]) -> LiveStore:
        """Make the folder, or take it up where it holds the same study, of which more seeds may be asked for than it holds.

        Args:
            folder: where.
            study: the plan.
            device: what `environment.json` says of the device.

        Raises:
            NasbenchError: if it is a file, cannot be written, or holds something else or another study (saying what differs), or a
                file of it is damaged (naming it).
        """
        facts, study_file = {**environment(), "device": dict(device)}, study.to_toml().encode()
        if not is_begun(folder):
            return cls(folder, study, begin(folder, facts, study_file))
        manifest = resume(folder)
        held = parse_live_study(read_study(folder, manifest), str(folder / "study.toml"))
        longer = held.with_seeds_of(study) if study.seeds[: len(held.seeds)] == held.seeds else held
        if changed := difference(longer.to_mapping(), study.to_mapping()):
            raise NasbenchError(f"{folder} holds another study: {changed}; choose another folder or restore the study.")
        if manifest is None:
            return cls(folder, study, begin(folder, facts, study_file))
        if longer != held:
            write(manifest, {"study.toml": study_file})
        return cls(folder, study, manifest)

    @classmethod
    def open(cls, folder: Path) -> LiveStore:
        """Open a folder to read it; raises NasbenchError if there is no live study in it, or it is damaged."""
        if not holds_live_study(folder):
            raise NasbenchError(f"{folder} is not the folder of a live study; `nasbench run` makes one.")
        manifest = open_manifest(folder)
        return cls(folder, parse_live_study(read_study(folder, manifest), str(folder / "study.toml")), manifest)

    def path(self, unit: LiveUnit) -> Path:
        """Return where the result of a unit is, or will be."""
        return self.folder / _result(unit)

    def timing_path(self, unit: LiveUnit) -> Path:
        """Return where what a clock measured of a unit is, or will be."""
        return self.folder / _timing(unit)

    def has(self, unit: LiveUnit) -> bool:
        """Return whether a unit is stored."""
        return self.manifest.holds(_result(unit)) and self.manifest.holds(_timing(unit))

    def write(self, unit: LiveUnit, result: Mapping[str, Any]) -> None:
        """Store a result, its measured part apart; raises NasbenchError if the disk refuses."""
        kept = {key: value for key, value in result.items() if key not in CLOCKED}
        timing: dict[str, Any] = {key: result[key] for key in CLOCKED if key in result}
        for name in CURVES:
            rows = result.get(name, [])
            timing[name] = [row.get("seconds") for row in rows]
            kept[name] = [{key: value for key, value in row.items() if key != "seconds"} for row in rows]
        write(self.manifest, {_timing(unit): _json(timing), _result(unit): _json(kept)})

    def write_skipped(self, absent: Mapping[str, str]) -> None:
        """Store which tasks are not run, with the reason; raises NasbenchError if the disk refuses."""
        write(self.manifest, {SKIPPED: _json(absent)})

    def read(self, unit: LiveUnit) -> dict[str, Any]:
        """Return a stored result with what was measured.

        Raises:
            NasbenchError: if it is missing or damaged.
        """
        try:
            result: dict[str, Any] = parse_json(self.manifest.file(_result(unit)), "result")
            timing: dict[str, Any] = parse_json(self.manifest.file(_timing(unit)), "timing")
            for name in CURVES:
                rows = zip(result[name], timing.pop(name), strict=True)
                result[name] = [{**row, "seconds": seconds} for row, seconds in rows]
        except (NasbenchError, ValueError, KeyError, TypeError):
            raise NasbenchError(
                f"{self.path(unit)}, or {_timing(unit)}, is missing or damaged; remove it and run the study again to make it anew."
            ) from None
        return {**result, **timing}

    @property
    def skipped(self) -> dict[str, str]:
        """Tasks that were not run, with the reason; raises NasbenchError if the file is damaged."""
        return self._json(SKIPPED) if (self.folder / SKIPPED).exists() else {}

    @property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says; raises NasbenchError if it is missing or damaged."""
        return self._json("environment.json")

    def _json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = parse_json(self.manifest.file(name), f"file {self.folder / name}")
        return content


def holds_live_study(folder: Path) -> bool:
    """Return whether a folder holds the results of a live study."""
    try:
        return is_live(read_toml(folder / "study.toml", "study"))
    except NasbenchError:
        return False


def _result(unit: LiveUnit) -> str:
    return f"runs/{unit.path}.json"


def _timing(unit: LiveUnit) -> str:
    return f"timings/{unit.path}.json"


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=1).encode()
