"""The tables that ship with the suite: a Parquet file each in `nasbench/tables/data`, and `manifest.json`, which lists them.

A file can be read with any Parquet reader: a row is an architecture, a column an array of the table (one a training seed), and what was
not measured is null. Its metadata, under the key `nasbench`, hold what the columns are. `DATA.md` beside the files says where the numbers
come from; `nasbench.tables.pack_shipped` makes the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Ints, Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.writer import write_table

if TYPE_CHECKING:
    import pyarrow as pa

METADATA = b"nasbench"
ARCHITECTURE = "architecture"
"""Column with the architectures as strings of their space."""
EVERY = "every architecture"
CANONICAL = "canonical architectures"
LISTED = "listed architectures"
"""Which architectures have a row: all of the space in order; the canonical ones, for which all of their class stand; or those listed."""


@dataclass(frozen=True)
class ShippedTable:
    """An entry of the manifest.

    Attributes:
        file: name of the Parquet file.
        sha256: checksum of that file, in hexadecimal.
        datasets: data sets of the table.
        architectures: number of architectures that the table answers for.
        columns: number of its columns.
    """

    file: str
    sha256: str
    datasets: tuple[str, ...]
    architectures: int
    columns: int


@dataclass(frozen=True)
class ShippedModel:
    """A function that ships; see `nasbench.benchmarks.surrogates`.

    Attributes:
        file: name of the file of its weights or coefficients.
        sha256: checksum of that file, in hexadecimal.
        trainings: name and checksum of the file of the measurements that it was fitted to; None where they do not ship.
        best_known: by objective, the best architecture that is known.
        held_out: by quantity, how well measurements are predicted that it was not fitted to.
    """

    file: str
    sha256: str
    trainings: tuple[str, str] | None
    best_known: Mapping[str, str]
    held_out: Mapping[str, Mapping[str, Any]]


@cache
def shipped_tables() -> Mapping[str, ShippedTable]:
    """Return the tables that ship, by name."""
    entries = json.loads(read_shipped("manifest.json"))["tables"]
    return {name: ShippedTable(**(entry | {"datasets": tuple(entry["datasets"])})) for name, entry in entries.items()}


@cache
def shipped_models() -> Mapping[str, ShippedModel]:
    """Return the functions that ship, by the names of their benchmarks."""
    return {name: ShippedModel(**entry) for name, entry in json.loads(read_shipped("manifest.json"))["models"].items()}


def read_shipped(file: str) -> bytes:
    """Return what a file that ships holds.

    Raises:
        NasbenchError: if it is not there.
    """
    try:
        return (files("nasbench.tables") / "data" / file).read_bytes()
    except OSError as fault:
        raise NasbenchError(
            f"{file}, which ships with the suite, cannot be read ({fault.strerror}); install it again."
        ) from None


def read_checked(file: str, sha256: str) -> bytes:
    """Return what a file that ships holds; raises NasbenchError if it is not there, or has not the checksum of the manifest."""
    packed = read_shipped(file)
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise NasbenchError(f"{file}, which ships with the suite, is damaged; install it again.")
    return packed


def build_shipped(name: str, folder: Path) -> None:
    """Write a table that ships into an empty folder.

    Raises:
        NasbenchError: if its file has not the checksum of the manifest.
    """
    entry = shipped_tables()[name]
    unpack_table(read_checked(entry.file, entry.sha256), name, folder)


def unpack_table(packed: bytes, name: str, folder: Path) -> None:
    """Write the table of a Parquet file that `pack_shipped` made into an empty folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pq.read_table(pa.BufferReader(packed))
    said = json.loads(frame.schema.metadata[METADATA])
    space = get_space(said["space"])
    index, rows = _rows(frame, space, said["rows"])
    write_table(
        folder,
        name=name,
        space=space,
        columns=(_measured(frame, column, rows) for column in said["columns"]),
        provenance=said["provenance"],
        row_index=index,
        notes=said["notes"],
        supersedes=said["supersedes"],
    )


def class_rows(space: Space) -> tuple[Ints, Ints]:
    """Return the indices of the canonical architectures, ascending, and for each feasible architecture the place of its own among them."""
    of = space.index(space.canonical(space.all))
    classes = np.unique(of)
    return classes, np.searchsorted(classes, of)


def _rows(frame: pa.Table, space: Space, which: str) -> tuple[Ints | None, Ints | slice]:
    """Index of each architecture of the table (None for all of the space), and its row in the file."""
    if which == EVERY:
        return None, slice(None)
    if which == CANONICAL:
        return space.index(space.all), class_rows(space)[1]
    texts = frame.column(ARCHITECTURE).to_pylist()
    return space.index(np.stack([space.from_string(text) for text in texts])), slice(None)


def _measured(frame: pa.Table, said: Mapping[str, Any], rows: Ints | slice) -> Measured:
    """Return a column of the table from those of the file."""
    held = [frame.column(name) for name in said["arrays"]]
    fields = {key: value for key, value in said.items() if key not in ("arrays", "dtype")}
    column = Column(**(fields | {"seeds": None if said["seeds"] is None else tuple(said["seeds"])}))
    masks = [array.is_null().to_numpy() for array in held]
    values = [array.fill_null(0).to_numpy().astype(said["dtype"]) for array in held]
    if column.seeds is None:
        (mask,), (value,) = masks, values
    else:
        mask, value = np.stack(masks, axis=1), np.stack(values, axis=1)
    return Measured(column, value[rows], mask[rows] if mask.any() else None)
