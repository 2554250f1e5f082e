"""The record of a run: results so far, their summary, plan and source hashes, in one file.

It has a SHA-256 of its own content and is rewritten atomically after the search and after every training, so that an
interrupted run leaves a valid file. This module does not need torch, so that reports can read evidence without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.sealed import digest, read_sealed, write_sealed
from nasbench.live.evidence.summary import summarise

FORMAT = 2


def new_record(settings: Mapping[str, Any], sources: str, registration: str | None) -> dict[str, Any]:
    """Return an empty record.

    Args:
        settings: all settings of the plan.
        sources: SHA-256 of the sources that decide.
        registration: name of the registration of this run; None if there is none.
    """
    return {
        "format": FORMAT,
        "plan": settings["name"],
        "registration": registration,
        "settings": json.loads(json.dumps(settings)),
        "settings_sha256": digest(settings),
        "sources_sha256": sources,
        "search": None,
        "trainings": [],
    }


def open_record(path: Path, fresh: dict[str, Any]) -> dict[str, Any]:
    """Return the record at `path` for resumption, or `fresh` if there is none.

    Raises:
        NasbenchError: if the file is damaged, or has another plan, other settings or other sources; it is not changed.
    """
    if not path.exists():
        return fresh
    record = read_record(path)
    for key, words in (("plan", "plan"), ("settings_sha256", "settings"), ("sources_sha256", "sources")):
        if record[key] != fresh[key]:
            raise NasbenchError(f"{path} holds evidence of another run: its {words} differ; choose another --out.")
    return record


def read_record(path: Path) -> dict[str, Any]:
    """Read an evidence file and verify its SHA-256 and settings.

    Raises:
        NasbenchError: if it is not such a file, or was modified.
    """
    record = read_sealed(path, "evidence of `nasbench.live.evidence`, or was changed after it was written")
    kinds = {"settings": dict, "trainings": list, "plan": str, "settings_sha256": str, "sources_sha256": str}
    whole = record.get("format") == FORMAT and all(isinstance(record.get(k), kind) for k, kind in kinds.items())
    whole = whole and isinstance(record.get("registration"), str | None)
    whole = whole and _is_search(record.get("search")) and all(map(_is_training, record["trainings"]))
    if not whole or record["settings_sha256"] != digest(record["settings"]):
        raise NasbenchError(
            f"{path} is evidence of another format or of settings that it does not hold; make it again."
        )
    return record


def _is_search(found: Any) -> bool:
    """Return whether this is the record of a search, or None if it is unfinished."""
    if found is None:
        return True
    rows = found.get("queries") if isinstance(found, dict) else None
    return isinstance(rows, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("architecture"), str)
        and isinstance(row.get("search_error"), int | float)
        for row in [{**found, "search_error": 0.0}, *rows]
    )


def _is_training(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("kind"), str) and type(row.get("seed")) is int


def write_record(path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Write a record with its summary atomically, and return it."""
    settings = record["settings"]
    summed = {**record, "summary": summarise(record["trainings"], settings["target"], settings["seeds"])}
    write_sealed(path, summed)
    return summed
