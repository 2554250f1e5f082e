"""A folder of results, whatever study it holds: begun, taken up again, read, and every file of it held against the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.atomic import remove_leftovers
from nasbench.files.documents import read_text
from nasbench.study.manifest import NAME, Manifest


def is_begun(folder: Path) -> bool:
    """Return whether a folder of results holds more than what `begin` writes first; raises NasbenchError if it is a file."""
    if folder.exists() and not folder.is_dir():
        raise NasbenchError(f"{folder} is a file; results need a folder.")
    return folder.is_dir() and not {p.name for p in folder.iterdir() if not p.name.startswith(".")} <= {
        "environment.json"
    }


def begin(folder: Path, facts: Mapping[str, Any], study: bytes) -> Manifest:
    """Make a folder of results with its `environment.json` of these facts, its `study.toml` and a manifest that names no other file.

    A kill leaves no folder that cannot be resumed: one without `study.toml` is begun anew, and one without a manifest too, its study
    being the one that is asked for.

    Raises:
        NasbenchError: if the disk refuses.
    """
    try:
        remove_leftovers(folder)
        files = {"environment.json": json.dumps(facts, indent=1).encode(), "study.toml": study}
        return Manifest.begin(folder, files)
    except OSError as fault:
        raise NasbenchError(
            f"The results folder {folder} cannot be written ({fault.strerror}); choose one that can."
        ) from None


def open_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder of results, to read it; raises NasbenchError if it is no such folder."""
    _refuse_other_folders(folder)
    return Manifest.read(folder)


def resume(folder: Path) -> Manifest | None:
    """Take a folder of results up again, as its only writer: leftovers of killed processes go, and every file is checked.

    Returns:
        its manifest in order, or None where it has none, so that everything in it is to be made anew.

    Raises:
        NasbenchError: if it is no such folder, cannot be written, or a file of it is damaged (naming it).
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
    """Return the text of the folder's `study.toml`, checked where there is a manifest; raises NasbenchError if it is damaged."""
    if manifest is None:
        return read_text(folder / "study.toml", f"study {folder / 'study.toml'}")
    return manifest.file("study.toml").decode()


def write(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Store files in their order, each whole or not at all; raises NasbenchError if the disk refuses, and what is done stays."""
    try:
        manifest.write(files)
    except OSError as fault:
        raise _unwritable(manifest.folder, fault) from None


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return the first key in which two studies as plain data differ, in words; empty where there is none."""
    for key in old:
        if old[key] != new[key]:
            return f"{key} was {old[key]!r} and is {new[key]!r} now"
    return ""


def _refuse_other_folders(folder: Path) -> None:
    if not folder.is_dir():
        raise NasbenchError(f"There is no results folder {folder}; `nasbench run` makes one.")
    if not (folder / "study.toml").is_file():
        kind = "is empty" if not any(folder.iterdir()) else "is not a results folder of this suite"
        raise NasbenchError(f"{folder} {kind}: it has no study.toml.")


def _unwritable(folder: Path, fault: OSError) -> NasbenchError:
    return NasbenchError(
        f"The results folder {folder} cannot be written ({fault.strerror}); make room and run again, what is done stays."
    )
