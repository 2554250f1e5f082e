"""Results of a live study: a folder of JSON files. This module needs no torch.

study.toml          the study as run
environment.json    versions, platform, commit, device
skipped.json        tasks that were not run, with the reason
runs/TASK/LABEL/SEED.json      what was found and how it scored; the same bits whenever it is run again
timings/TASK/LABEL/SEED.json   what a clock measured, apart since no two runs agree on it
checkpoints/TASK/LABEL/SEED/   from which a killed run goes on

A file appears by rename, whole or not at all.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files import write_atomically
from nasbench.live.studies.study import LiveStudy, LiveUnit, is_live, parse_live_study
from nasbench.study.store import begin, environment, is_begun, refuse_another_study

CLOCKED = ("search_seconds", "train_seconds", "processor_seconds", "latency_ms_batch_1", "latency_ms_batch_64")
"""Keys of a result that a clock measured."""
CURVES = ("search_curve", "train_curve")
"""Lists of rows of which `seconds` is measured."""


def write_whole(path: Path, content: Any) -> None:
    """Write JSON by atomic rename.

    Raises:
        NasbenchError: if the disk refuses; what was there before stays.
    """
    try:
        write_atomically(path, json.dumps(content, indent=1).encode())
    except OSError as fault:
        raise NasbenchError(f"{path} cannot be written ({fault.strerror}); make room and run again.") from None


@dataclass(frozen=True)
class LiveStore:
    """An opened folder of a live study.

    Attributes:
        folder: where.
        study: the study that it holds.
    """

    folder: Path
    study: LiveStudy

    @classmethod
    def create_or_resume(cls, folder: Path, study: LiveStudy, device: Mapping[str, Any]) -> LiveStore:
        """Make the folder, or take it up where it holds the same study.

        Args:
            folder: where.
            study: the plan.
            device: what `environment.json` says of the device.

        Raises:
            NasbenchError: if it is a file, cannot be written, or holds something else or another study (saying what differs).
        """
        if is_begun(folder):
            store = cls.open(folder)
            refuse_another_study(folder, store.study.to_mapping(), study.to_mapping())
            return store
        begin(folder, {**environment(), "device": dict(device)}, study.to_toml())
        return cls(folder, study)

    @classmethod
    def open(cls, folder: Path) -> LiveStore:
        """Open a folder to read it; raises NasbenchError if there is no live study in it."""
        path = folder / "study.toml"
        if not holds_live_study(folder):
            raise NasbenchError(f"{folder} is not the folder of a live study; `nasbench run` makes one.")
        return cls(folder, parse_live_study(path.read_text(encoding="utf-8"), str(path)))

    def path(self, unit: LiveUnit) -> Path:
        """Return where the result of a unit is, or will be."""
        return self.folder / "runs" / f"{unit.path}.json"

    def timing_path(self, unit: LiveUnit) -> Path:
        """Return where what a clock measured of a unit is, or will be."""
        return self.folder / "timings" / f"{unit.path}.json"

    def has(self, unit: LiveUnit) -> bool:
        """Return whether a unit is stored."""
        return self.path(unit).exists()

    def write(self, unit: LiveUnit, result: Mapping[str, Any]) -> None:
        """Store a result, its measured part apart."""
        kept = {key: value for key, value in result.items() if key not in CLOCKED}
        timing: dict[str, Any] = {key: result[key] for key in CLOCKED if key in result}
        for name in CURVES:
            rows = result.get(name, [])
            timing[name] = [row.get("seconds") for row in rows]
            kept[name] = [{key: value for key, value in row.items() if key != "seconds"} for row in rows]
        write_whole(self.timing_path(unit), timing)
        write_whole(self.path(unit), kept)

    def read(self, unit: LiveUnit) -> dict[str, Any]:
        """Return a stored result with what was measured.

        Raises:
            NasbenchError: if it is missing or damaged.
        """
        try:
            result: dict[str, Any] = json.loads(self.path(unit).read_text(encoding="utf-8"))
            timing: dict[str, Any] = json.loads(self.timing_path(unit).read_text(encoding="utf-8"))
            for name in CURVES:
                rows = zip(result[name], timing.pop(name), strict=True)
                result[name] = [{**row, "seconds": seconds} for row, seconds in rows]
        except (OSError, ValueError, KeyError, TypeError):
            raise NasbenchError(
                f"{self.path(unit)} is missing or damaged; remove it and run the study again to make it anew."
            ) from None
        return {**result, **timing}

    @property
    def skipped(self) -> dict[str, str]:
        """Tasks that were not run, with the reason."""
        return self._json("skipped.json") if (self.folder / "skipped.json").exists() else {}

    @property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says."""
        return self._json("environment.json")

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise NasbenchError(f"{self.folder / name} cannot be read; restore it or run the study again.") from None
        return content


def holds_live_study(folder: Path) -> bool:
    """Return whether a folder holds the results of a live study."""
    try:
        return is_live(tomllib.loads((folder / "study.toml").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False
