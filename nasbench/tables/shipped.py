"""The tables that ship with the suite: a Parquet file each in `nasbench/tables/data`, and `manifest.json`, which lists them.

`nasbench.tables.packed` describes the files, `DATA.md` beside them says where the numbers come from, and `nasbench.tables.pack_shipped`
makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.tables.packed import unpack_table


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


@cache
def shipped_version() -> str:
    """Return what tells the tables of this version from those of another: twelve digits of the checksum of the manifest."""
    return hashlib.sha256(read_shipped("manifest.json")).hexdigest()[:12]


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
