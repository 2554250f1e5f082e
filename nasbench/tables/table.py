"""The store of measured architectures: a folder with `manifest.json` and memory-mapped `.npy` arrays.

Every column says what it is: data set, quantity, split, epochs, seeds and unit; the meaning of the axes is always (architecture,),
(architecture, seed) or, for a learning curve, (architecture, seed, epoch). What was not measured is masked by a column of its
own and raises when asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import MissingDataError, NasbenchError, unknown_name
from nasbench.spaces.catalogue import get_space, space_names
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.space import Architectures, Ints, Space

FORMAT = 1
UNITS = ("%", "s", "ms", "mJ", "J", "M", "MB", "score", "loss")
SPLITS = ("train", "validation", "test", "validation+test")


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one array of a table holds.

    Attributes:
        dataset: data set that was trained on.
        quantity: "accuracy", "train_time", "latency", ...; with a device as `latency@device`.
        split: one of `SPLITS`, or None where a split has no meaning (latency).
        epochs: length of the training, or None where it does not matter.
        seeds: training seeds, the second axis of the array; None for an array of one axis.
        unit: one of `UNITS`.
        note: how it was measured, in a sentence.
        curve: whether the array has a third axis, the epochs from the first to the last.
    """

    dataset: str
    quantity: str
    unit: str
    split: str | None = None
    epochs: int | None = None
    seeds: tuple[int, ...] | None = None
    note: str = ""
    curve: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise NasbenchError(
                f"Column {self.quantity!r} has the unit {self.unit!r}; known units are {', '.join(UNITS)}."
            )
        if self.split is not None and self.split not in SPLITS:
            raise NasbenchError(
                f"Column {self.quantity!r} has the split {self.split!r}; splits are {', '.join(SPLITS)}."
            )
        if self.curve and (self.seeds is None or self.epochs is None):
            raise NasbenchError(f"Column {self.quantity!r} is a learning curve; it needs epochs and seeds.")

    @property
    def key(self) -> str:
        """Unique name within a table, such as `cifar10.accuracy.validation.200`."""
        parts = (self.dataset, self.quantity, self.split, self.epochs, "curve" if self.curve else None)
        return ".".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True)
class Measured:
    """A column with its values.

    Attributes:
        column: what they are.
        values: `(N,)`, `(N, S)` or, of a curve, `(N, S, epochs)`; zero where nothing was measured.
        missing: bool array of the same shape, or None where everything was measured.
    """

    column: Column
    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None

    @property
    def available(self) -> Ints:
        """Number of seeds measured for each architecture, `(N,)`."""
        if self.missing is None:
            return np.full(len(self.values), 1 if self.values.ndim == 1 else self.values.shape[1])
        present = ~self.missing
        return present.astype(np.int64) if present.ndim == 1 else present.sum(axis=1)

    def mean(self) -> NDArray[np.float64]:
        """Mean over the measured seeds, `(N,)`.

        Raises:
            MissingDataError: if an architecture has no seed at all.
        """
        if (self.available == 0).any():
            raise MissingDataError(
                f"{int((self.available == 0).sum())} architectures have no {self.column.key}; ask for those that have."
            )
        if self.values.ndim == 1:
            return np.asarray(self.values, dtype=np.float64)
        if self.missing is None:
            return np.asarray(self.values.mean(axis=1), dtype=np.float64)
        return np.where(self.missing, 0.0, self.values).sum(axis=1) / self.available


class Table:
    """An opened table. Use `open_table` or `write_table`."""

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
        """The space, whatever part of it the table holds."""
        return _space(self.manifest["space"])

    @cached_property
    def space(self) -> Space:
        """The space of the rows; narrowed to them where the table holds a part of its space only."""
        space = self.base_space
        if self.is_complete or len(self) == space.size:
            return space
        return NarrowedSpace(space, np.asarray(self.row_index))

    @property
    def checksum(self) -> str:
        """Fingerprint of the whole table, from the checksums of its arrays."""
        return hashlib.sha256(json.dumps(self.manifest["sha256"], sort_keys=True).encode()).hexdigest()

    @property
    def is_complete(self) -> bool:
        """Whether row i is the architecture with index i, and all of the space is there."""
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
        """Row of each architecture `(..., d)`; -1 for one that the table does not hold."""
        index = self.space.index(architectures)
        if self.is_complete:
            return index
        rows = np.searchsorted(self.row_index, index)
        rows = np.minimum(rows, len(self) - 1)
        return np.where(self.row_index[rows] == index, rows, -1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user of the table should know: what was missing, what disagreed."""
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
        """Lengths of the trainings of which a quantity was measured at the end, ascending."""
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
        """Map an array; its checksum is verified when it is first touched."""
        path = self.folder / file
        if file in self._sound:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        expected = self.manifest["sha256"].get(file)
        try:
            actual = _sha256(path)
        except OSError as fault:
            raise NasbenchError(
                f"Table {self.name!r} cannot read {path} ({fault.strerror}); remove its folder to build it again."
            ) from None
        if actual != expected:
            raise NasbenchError(
                f"Table {self.name!r} is damaged: {path} has not the checksum in its manifest; remove its folder to build it again."
            )
        self._sound.add(file)
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def check(self) -> list[str]:
        """Verify every array; return the names of the files, all sound.

        Raises:
            NasbenchError: at the first file that is damaged.
        """
        self._sound.clear()
        for file in self.manifest["sha256"]:
            self._array(file)
        return list(self.manifest["sha256"])


def open_table(folder: Path) -> Table:
    """Open a table folder; arrays are mapped only when asked for.

    Raises:
        NasbenchError: if the folder holds no table of this format.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except OSError:
        raise NasbenchError(f"{folder} holds no table: there is no manifest.json that can be read.") from None
    except json.JSONDecodeError as fault:
        raise NasbenchError(
            f"{folder / 'manifest.json'} is not JSON (line {fault.lineno}); remove the folder to build the table again."
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NasbenchError(f"{folder} holds a table of another format; remove the folder to build it again.")
    return Table(folder, manifest)


def write_table(
    folder: Path,
    *,
    name: str,
    space: Space,
    columns: Iterable[Measured],
    provenance: str,
    row_index: Ints | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write a table into an existing, empty folder.

    Args:
        folder: where; `nasbench.tables.cache` gives a private one and renames it.
        name: name of the table.
        space: space of the rows; one that `nasbench.spaces.catalogue` knows, or a plain product space.
        columns: the arrays, written one after another.
        provenance: where the numbers come from, in a sentence.
        row_index: ascending space index of each row, `(N,)`; None if the table covers the space in order.
        notes: what a user of the table should know, each a sentence.

    Raises:
        NasbenchError: if lengths differ, two columns describe the same thing, or values are not finite.
    """
    rows = space.size if row_index is None else len(row_index)
    checksums: dict[str, str] = {}
    entries = []
    keys: set[str] = set()
    if row_index is not None:
        if (np.diff(row_index) <= 0).any():
            raise NasbenchError(f"Table {name!r}: the architectures must be sorted by index, each once.")
        _save(folder, "architectures.npy", np.asarray(row_index, dtype=np.int64), checksums)
    for measured in columns:
        key = measured.column.key
        if key in keys:
            raise NasbenchError(f"Table {name!r} has two columns {key}; each description once.")
        keys.add(key)
        _check_values(name, measured, rows)
        _save(folder, f"{key}.npy", measured.values, checksums)
        mask = None
        if measured.missing is not None and measured.missing.any():
            mask = f"{key}.missing.npy"
            _save(folder, mask, measured.missing, checksums)
        entries.append({**asdict(measured.column), "file": f"{key}.npy", "missing": mask})
    manifest = {
        "format": FORMAT,
        "name": name,
        "space": _space_entry(space),
        "architectures": rows,
        "complete": row_index is None,
        "axes": ["architecture", "seed", "epoch"],
        "provenance": provenance,
        "notes": list(notes),
        "columns": entries,
        "sha256": checksums,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def _check_values(name: str, measured: Measured, rows: int) -> None:
    column, values, missing = measured.column, measured.values, measured.missing
    shape: tuple[int, ...] = (rows,) if column.seeds is None else (rows, len(column.seeds))
    if column.curve and column.epochs is not None:
        shape = (*shape, column.epochs)
    if values.shape != shape or (missing is not None and missing.shape != shape):
        raise NasbenchError(f"Table {name!r}: {column.key} has the shape {values.shape}; it should be {shape}.")
    present = values if missing is None else values[~missing]
    if not np.isfinite(present).all():
        raise NasbenchError(f"Table {name!r}: {column.key} has values that are not finite; mask what was not measured.")
    if column.unit == "%" and present.size and (present.min() < 0 or present.max() > 100):
        raise NasbenchError(
            f"Table {name!r}: {column.key} is in % but ranges from {present.min():g} to {present.max():g}; percentages lie in 0 to 100."
        )
    if column.unit == "%" and present.size and present.max() <= 1:
        raise NasbenchError(
            f"Table {name!r}: {column.key} is in % but no value exceeds 1; these look like fractions, so multiply by 100."
        )


def _save(folder: Path, file: str, array: NDArray[Any], checksums: dict[str, str]) -> None:
    np.save(folder / file, np.ascontiguousarray(array), allow_pickle=False)
    checksums[file] = _sha256(folder / file)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _column(entry: Mapping[str, Any]) -> Column:
    fields = {k: v for k, v in entry.items() if k not in ("file", "missing")}
    fields["seeds"] = None if fields["seeds"] is None else tuple(fields["seeds"])
    return Column(**fields)


def _space_entry(space: Space) -> dict[str, Any]:
    if space.name in space_names():
        return {"name": space.name}
    return {"name": space.name, "decisions": space.decisions, "choices": space.choices}


def _space(entry: Mapping[str, Any]) -> Space:
    if "decisions" not in entry:
        return get_space(entry["name"])
    return Space(entry["name"], tuple(entry["decisions"]), tuple(tuple(names) for names in entry["choices"]))
