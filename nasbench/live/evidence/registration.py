"""Registrations: hypotheses fixed before a run, in files that are added and never changed.

A registration binds a plan with all its settings to the SHA-256 of the deciding sources. Evidence counts for the
registration whose settings and sources it recorded; an unused registration is void once the sources have changed. This
module does not need torch, so that reports can evaluate evidence without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.sealed import digest, read_written_once, write_once

FOLDER = (Path(__file__).resolve().parents[2] / "reports" / "hypotheses").resolve()
"""Folder of registrations in the package; in a checkout `reports/hypotheses`."""
ASSUMED_DEVIATION = 0.15
"""Assumed standard deviation of test accuracy in % over seeds for the power analysis; that of airbench's published runs
is 0.14.
"""
LOOKS = 2
"""Plans, either of which suffices for the hypothesis, each with its own error rate."""


@dataclass(frozen=True)
class EvidenceRegistration:
    """A registration file.

    Attributes:
        name: file name without extension.
        plan: name of the plan.
        settings_sha256, sources_sha256: hashes that evidence must have recorded.
        content: content of the file.
    """

    name: str
    plan: str
    settings_sha256: str
    sources_sha256: str
    content: dict[str, Any]

    def covers(self, record: dict[str, Any]) -> bool:
        """Return whether a record has this registration's plan, settings and sources."""
        return (
            record["plan"] == self.plan
            and record["settings_sha256"] == self.settings_sha256
            and record["sources_sha256"] == self.sources_sha256
        )


def registrations(plan: str, folder: Path = FOLDER) -> list[EvidenceRegistration]:
    """Return the registrations of a plan, oldest first.

    Raises:
        NasbenchError: if a file is damaged or was modified, by the SHA-256 of its content.
    """
    found = [_read(path) for path in sorted(folder.glob(f"{plan}-*.toml"), key=_number)]
    return [registration for registration in found if registration.plan == plan]


def covering(record: dict[str, Any], folder: Path = FOLDER) -> EvidenceRegistration | None:
    """Return the registration of a record, None if there is none."""
    return next((r for r in registrations(record["plan"], folder) if r.covers(record)), None)


def register(settings: Mapping[str, Any], sources: str, expected: float, folder: Path = FOLDER) -> Path:
    """Register a plan's settings with the current sources; return the new file.

    Args:
        settings: every setting of the plan.
        sources: SHA-256 of the sources that decide.
        expected: expected mean test accuracy in % for the power analysis.
        folder: folder of registrations.

    Raises:
        NasbenchError: if this registration exists already.
    """
    plan, target, seeds = settings["name"], settings["target"], list(settings["seeds"])
    known = registrations(plan, folder)
    if any((r.settings_sha256, r.sources_sha256) == (digest(settings), sources) for r in known):
        raise NasbenchError(f"The plan {plan} is registered with these settings and sources already.")
    path = folder / f"{plan}-{len(known) + 1}.toml"
    content = {
        "name": path.stem,
        "registered": date.today().isoformat(),
        "statement": f"A network found by the hybrid and trained from scratch reaches {target:g} % test accuracy on CIFAR-10.",
        "rule": f"One-sided lower 95 % bound (Student's t) of the mean over exactly the seeds {seeds} of the found network "
        f"at {target:g} or more: holds; one-sided upper 95 % bound below: fails; else not shown. The test split is scored once a seed, after "
        "the last epoch, and selects nothing.",
        "looks": LOOKS,
        "error_rate": 0.05,
        "joint_error_rate": LOOKS * 0.05,
        "power": round(power(len(seeds), target, expected), 3),
        "power_assumes": f"a mean of {expected:.2f}, extrapolated from published runs, and a standard deviation of {ASSUMED_DEVIATION:g} over seeds",
        "plan": plan,
        "settings_sha256": digest(settings),
        "sources_sha256": sources,
        "settings": dict(settings),
    }
    write_once(path, content)
    return path


def power(seeds: int, target: float, mean: float, deviation: float = ASSUMED_DEVIATION) -> float:
    """Return the power: the probability that the lower bound reaches the target, from the noncentral t distribution."""
    from scipy.stats import nct, t

    shift = (mean - target) / (deviation / math.sqrt(seeds))
    return float(nct.sf(t.ppf(0.95, seeds - 1), seeds - 1, shift))


def _number(path: Path) -> tuple[int, str]:
    tail = path.stem.rpartition("-")[2]
    return (int(tail) if tail.isdecimal() else 0, path.stem)


def _read(path: Path) -> EvidenceRegistration:
    where = f"registration {path.name}"
    content = read_written_once(path, where)
    names = ("plan", "settings_sha256", "sources_sha256")
    if not all(isinstance(content.get(name), str) for name in names) or not isinstance(content.get("settings"), dict):
        raise NasbenchError(f"The {where} lacks {', '.join(names)} or settings; restore it from version control.")
    if content["settings_sha256"] != digest(content["settings"]):
        raise NasbenchError(f"The {where} was changed after it was made; restore it from version control.")
    return EvidenceRegistration(
        path.stem, content["plan"], content["settings_sha256"], content["sources_sha256"], content
    )
