"""Tables of measured architectures: a folder with `manifest.json` and memory-mapped `.npy` arrays, one or two per
column.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.documents import read_json
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Architectures, Ints, Space
from nasbench.tables.column import Column, Measured

FORMAT = 2
LARGEST_MANIFEST = 2**26
"""Maximum size of a manifest in bytes; one of 700 columns has 0.2 MB."""


class Table:
    """An open table; see `open_table` and `nasbench.tables.writer.write_table`."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.name = str(manifest["name"])
        self.columns: tuple[Column, ...] = tuple(_column(entry) for entry in manifest["columns"])
        self._sound: set[str] = set()

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {len(self)} architectures, {len(self.columns)} columns)"

    def __len__(self) -> int:
        return int(self.manifest["architectures"])

    @cached_property
    def base_space(self) -> Space:
        """The full space, even if the table covers only part of it."""
        return _space(self.manifest["space"])

    @cached_property
    def space(self) -> Space:
        """The space of the rows, narrowed to them if the table covers only part of its space."""
        space = self.base_space
        if self.is_complete or len(self) == space.size:
            return space
        return NarrowedSpace(space, np.asarray(self.row_index))

    @property
    def checksum(self) -> str:
        """Checksum of the whole table, from those of its arrays and their metadata."""
        return str(self.manifest["fingerprint"])

    @property
    def supersedes(self) -> tuple[str, ...]:
        """Checksums of earlier tables of this name whose values are all contained unchanged in this one."""
        return tuple(self.manifest.get("supersedes", ()))

    @property
    def is_complete(self) -> bool:
        """Whether the table covers the space, with row i being the architecture of index i."""
        return bool(self.manifest["complete"])

    @cached_property
    def row_index(self) -> Ints:
        """Space index of each row, ascending, `(N,)`."""
        return np.arange(len(self)) if self.is_complete else self._array("architectures.npy")

    @cached_property
    def architectures(self) -> Architectures:
        """Architecture of each row, `(N, d)`."""
        return self.space.all

    def rows(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture `(..., d)`; -1 for one that is not in the table."""
        index = self.space.index(architectures)
        if self.is_complete:
            return index
        rows = np.searchsorted(self.row_index, index)
        rows = np.minimum(rows, len(self) - 1)
        return np.where(self.row_index[rows] == index, rows, -1)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for users: missing values and disagreements."""
        return tuple(self.manifest.get("notes", ()))

    # ---- columns -----------------------------------------------------------------------------------------------------

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets in the order of the manifest."""
        return tuple(dict.fromkeys(column.dataset for column in self.columns))

    def find(
        self,
        dataset: str,
        quantity: str,
        split: str | None = None,
        epochs: int | None = None,
        *,
        curve: bool = False,
    ) -> Column | None:
        """Return the column of that description, or None."""
        wanted = (dataset, quantity, split, epochs, curve)
        for column in self.columns:
            if (column.dataset, column.quantity, column.split, column.epochs, column.curve) == wanted:
                return column
        return None

    def epochs(self, dataset: str, quantity: str, split: str | None) -> tuple[int, ...]:
        """Return the numbers of epochs after which a quantity was measured, ascending."""
        return tuple(
            sorted(
                {
                    c.epochs
                    for c in self.columns
                    if (c.dataset, c.quantity, c.split) == (dataset, quantity, split)
                    and c.epochs is not None
                    and not c.curve
                }
            )
        )

    def measured(self, column: Column) -> Measured:
        """Open a column, memory-mapped.

        Raises:
            NasbenchError: if the table has no such column or its checksum is wrong.
        """
        for known, entry in zip(self.columns, self.manifest["columns"], strict=True):
            if known == column:
                missing = self._array(entry["missing"]) if entry["missing"] else None
                return Measured(column, self._array(entry["file"]), missing)
        raise unknown_name(f"column of table {self.name!r}", column.key, [c.key for c in self.columns])

    def _array(self, file: str) -> NDArray[Any]:
        """Map an array and verify its checksum on first use."""
        path = self.folder / file
        if file in self._sound:
            return _mapped(path)
        expected = self.manifest["sha256"].get(file)
        try:
            actual = sha256_of_file(path)
        except OSError as fault:
            raise NasbenchError(
                f"Table {self.name!r} cannot read {path} ({fault.strerror}); remove its folder to build it again."
            ) from None
        if actual != expected:
            raise NasbenchError(
                f"Table {self.name!r} is damaged: {path} has not the checksum in its manifest; remove its folder to build it again."
            )
        self._sound.add(file)
        return _mapped(path)

    def check(self) -> list[str]:
        """Verify every array; return the file names.

        Raises:
            NasbenchError: at the first damaged file.
        """
        self._sound.clear()
        for file in self.manifest["sha256"]:
            self._array(file)
        return list(self.manifest["sha256"])


def open_table(folder: Path) -> Table:
    """Open a table folder; arrays are mapped on demand.

    Raises:
        NasbenchError: if the folder has no table of this format.
    """
    path = folder / "manifest.json"
    again = "remove its folder to build it again"
    if not path.is_file():
        raise NasbenchError(f"{folder} holds no table: there is no manifest.json that can be read.")
    try:
        manifest = read_json(path, f"manifest {path}", LARGEST_MANIFEST)
    except NasbenchError as fault:
        raise NasbenchError(f"{fault} Remove its folder to build it again.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NasbenchError(f"{folder} holds a table of another format; {again}.")
    if manifest.get("fingerprint") != fingerprint(manifest):
        raise NasbenchError(f"{path} is damaged: it has not the checksum that it states; {again}.")
    try:
        return Table(folder, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise NasbenchError(f"{path} is no manifest of a table ({type(fault).__name__}: {fault}); {again}.") from None


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's content except its own fingerprint, in hexadecimal."""
    rest = {key: value for key, value in manifest.items() if key != "fingerprint"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _mapped(path: Path) -> NDArray[Any]:
    """Return a memory-mapped array.

    Raises:
        NasbenchError: if the file is not a numeric array.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as fault:  # numpy's header parser raises the same exceptions as Python's parser
        raise NasbenchError(f"{path} holds no array of numbers ({type(fault).__name__}); remove its folder.") from None
    if array.dtype.kind not in "biuf":
        raise NasbenchError(f"{path} holds an array of {array.dtype}, not of numbers; remove its folder.")
    return array


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _column(entry: Mapping[str, Any]) -> Column:
    fields = {k: v for k, v in entry.items() if k not in ("file", "missing")}
    fields["seeds"] = None if fields["seeds"] is None else tuple(fields["seeds"])
    return Column(**fields)


def _space(entry: Mapping[str, Any]) -> Space:
    if "decisions" not in entry:
        return get_space(entry["name"])
    if "definitions" in entry:
        return MixedSpace(entry["name"], entry["definitions"])
    name, decisions, choices = entry["name"], tuple(entry["decisions"]), tuple(map(tuple, entry["choices"]))
    return CellSpace(name, decisions, choices, **entry["cell"]) if "cell" in entry else Space(name, decisions, choices)
