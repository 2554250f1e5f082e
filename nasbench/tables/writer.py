"""Write a table: validate its columns, save the arrays, then the manifest with their checksums."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.catalogue import space_names
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Ints, Space
from nasbench.tables.column import Measured
from nasbench.tables.table import FORMAT, fingerprint, sha256_of_file
from nasbench.tables.values import cleaned


def write_table(
    folder: Path,
    *,
    name: str,
    space: Space,
    columns: Iterable[Measured],
    provenance: str,
    row_index: Ints | None = None,
    notes: Sequence[str] = (),
    supersedes: Sequence[str] = (),
) -> None:
    """Write a table into an existing, empty folder.

    Args:
        folder: output folder; `nasbench.tables.cache` provides a private one and renames it.
        name: name of the table.
        space: space of the rows; one of `nasbench.spaces.catalogue`, or a plain product space.
        columns: the arrays, written one after another.
        provenance: origin of the numbers, one sentence.
        row_index: ascending space index of each row, `(N,)`; None if the table covers the space in order.
        notes: remarks for users, one sentence each.
        supersedes: fingerprints of earlier tables of this name, all of whose values are in this one, unchanged.

    Raises:
        NasbenchError: if lengths differ, columns are duplicated, or values are invalid, see `nasbench.tables.values`.
    """
    rows = space.size if row_index is None else len(row_index)
    checksums: dict[str, str] = {}
    entries = []
    remarks: list[str] = []
    keys: set[str] = set()
    if row_index is not None:
        if (np.diff(row_index) <= 0).any():
            raise NasbenchError(f"Table {name!r}: the architectures must be sorted by index, each once.")
        _save(folder, "architectures.npy", np.asarray(row_index, dtype=np.int64), checksums)
    for measured in columns:
        key = measured.column.key
        if key.casefold() in keys:  # files of a column are named by its key, and some file systems ignore case
            raise NasbenchError(f"Table {name!r} has two columns {key}; each description once.")
        keys.add(key.casefold())
        _check_shape(name, measured, rows)
        sound, found = cleaned(name, measured)
        remarks += found
        _save(folder, f"{key}.npy", sound.values, checksums)
        mask = None
        if sound.missing is not None and sound.missing.any():
            mask = f"{key}.missing.npy"
            _save(folder, mask, sound.missing, checksums)
        entries.append({**asdict(sound.column), "file": f"{key}.npy", "missing": mask})
    manifest = {
        "format": FORMAT,
        "name": name,
        "space": space_entry(space),
        "architectures": rows,
        "complete": row_index is None,
        "axes": ["architecture", "seed", "epoch"],
        "provenance": provenance,
        "notes": [*notes, *remarks],
        "columns": entries,
        "sha256": checksums,
    }
    if supersedes:
        manifest["supersedes"] = list(supersedes)
    text = json.dumps(manifest | {"fingerprint": fingerprint(manifest)}, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def _check_shape(name: str, measured: Measured, rows: int) -> None:
    column, values, missing = measured.column, measured.values, measured.missing
    shape: tuple[int, ...] = (rows,) if column.seeds is None else (rows, len(column.seeds))
    if column.curve and column.epochs is not None:
        shape = (*shape, column.epochs)
    if values.shape != shape or (missing is not None and missing.shape != shape):
        raise NasbenchError(f"Table {name!r}: {column.key} has the shape {values.shape}; it should be {shape}.")


def _save(folder: Path, file: str, array: NDArray[Any], checksums: dict[str, str]) -> None:
    np.save(folder / file, np.ascontiguousarray(array), allow_pickle=False)
    checksums[file] = sha256_of_file(folder / file)


def space_entry(space: Space) -> dict[str, Any]:
    """Return what the manifest says of a space, which identifies it."""
    if space.name in space_names():
        return {"name": space.name}
    entry: dict[str, Any] = {"name": space.name, "decisions": space.decisions, "choices": space.choices}
    if isinstance(space, MixedSpace):
        entry["definitions"] = [decision.to_mapping() for decision in space.definitions]
    if isinstance(space, CellSpace):
        entry["cell"] = {"edges": space.edges, "zero": space.zero, "identity": space.identity}
    return entry
