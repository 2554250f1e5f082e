"""Results folders: creation, resumption and reading, with every file checked against the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, StorageError
from nasbench.files.atomic import remove_leftovers
from nasbench.files.documents import read_text
from nasbench.study.manifest import NAME, Manifest
from nasbench.study.warm_start import FILE as WARM_START


def is_begun(folder: Path) -> bool:
    """Return whether a results folder contains more than the first files written by `begin`; raises NasbenchError if it
    is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file; results need a folder.")
    return folder.is_dir() and not {p.name for p in folder.iterdir() if not p.name.startswith(".")} <= {
        "environment.json",
        WARM_START,
    }


def begin(folder: Path, facts: Mapping[str, Any], study: bytes, warm_start: bytes = b"") -> Manifest:
    """Create a results folder with `environment.json`, the evaluations that runs are given, if any, `study.toml` and a manifest of these.

    A killed process never leaves a folder that cannot be resumed: a folder without `study.toml`, or without a manifest
    but with the requested study, is created again.

    Raises:
        NasbenchError: if a file cannot be written.
    """
    try:
        remove_leftovers(folder)
        given = {WARM_START: warm_start} if warm_start else {}
        files = {"environment.json": json.dumps(facts, indent=1).encode(), **given, "study.toml": study}
        return Manifest.begin(folder, files)
    except OSError as fault:
        raise StorageError(
            f"The results folder {folder} cannot be written ({fault.strerror}); choose one that can."
        ) from None


def open_manifest(folder: Path) -> Manifest:
    """Return the manifest of a results folder for reading; raises NasbenchError if it is not a results folder."""
    _refuse_other_folders(folder)
    return Manifest.read(folder)


def resume(folder: Path) -> Manifest | None:
    """Resume a results folder as its only writer: remove leftovers of killed processes and check every file.

    Returns:
        The ordered manifest, or None if there is none, so that all contents must be produced again.

    Raises:
        NasbenchError: if it is not a results folder, cannot be written, or a file is damaged.
    """
    _refuse_other_folders(folder)
    if not (folder / NAME).exists():
        return None
    manifest = Manifest.read(folder)
    try:
        remove_leftovers(folder)
        manifest.put_in_order()
    except OSError as fault:
        raise _unwritable(folder, fault) from None
    return manifest


def read_study(folder: Path, manifest: Manifest | None) -> str:
    """Return the text of `study.toml`, checked if there is a manifest; raises NasbenchError if it is damaged."""
    if manifest is None:
        return read_text(folder / "study.toml", f"study {folder / 'study.toml'}")
    return manifest.file("study.toml").decode()


def write(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Store files in order, each atomically; raises NasbenchError if one cannot be written, keeping those already
    stored.
    """
    try:
        manifest.write(files)
    except OSError as fault:
        raise _unwritable(manifest.folder, fault) from None


def remove(manifest: Manifest, names: Iterable[str]) -> None:
    """Remove files; raises NasbenchError if one cannot be removed."""
    try:
        manifest.remove(names)
    except OSError as fault:
        raise _unwritable(manifest.folder, fault) from None


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Describe the first key in which two studies (as plain data) differ; empty if there is none."""
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            return f"{key} was {old.get(key)!r} and is {new.get(key)!r} now"
    return ""


def _refuse_other_folders(folder: Path) -> None:
    if not folder.is_dir():
        raise NasbenchError(f"There is no results folder {folder}; `nasbench run` makes one.")
    if not (folder / "study.toml").is_file():
        kind = "is empty" if not any(folder.iterdir()) else "is not a results folder of this suite"
        raise NasbenchError(f"{folder} {kind}: it has no study.toml.")


def _unwritable(folder: Path, fault: OSError) -> StorageError:
    return StorageError(
        f"The results folder {folder} cannot be written ({fault.strerror}); free space and run again, finished work is kept."
    )
