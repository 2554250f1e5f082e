"""A table as one Parquet file: a row is an architecture, a column an array of the table (one a training seed); unmeasured values are null.

The metadata of the file, under the key `nasbench`, describe the columns, so that the table is rebuilt bit for bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Ints, Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import Table
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
ENCODINGS = ("DICTIONARY", "BYTE_STREAM_SPLIT", "PLAIN")
"""Ways to store a column, of which the smallest is taken; all of them are exact."""
LEVEL = 19


def pack_table(table: Table, superseded: tuple[str, ...]) -> bytes:
    """Return the Parquet file of a table; `superseded` are fingerprints of tables that it stands in for."""
    import pyarrow as pa

    space = table.base_space
    which, rows = EVERY, np.arange(len(table))
    if not table.is_complete:
        which = LISTED
        if len(table) == space.size:
            which, rows = CANONICAL, np.searchsorted(table.row_index, class_rows(space)[0])
    architectures = table.base_space.from_index(np.asarray(table.row_index)[rows])
    texts = pa.array([space.to_string(architecture) for architecture in architectures])
    arrays: dict[str, pa.Array] = {ARCHITECTURE: texts}
    said = []
    for column in table.columns:
        measured = table.measured(column)
        packed = dict(_arrays(measured, rows))
        arrays |= packed
        said.append({**asdict(column), "dtype": str(measured.values.dtype), "arrays": list(packed)})
    metadata = {
        "space": space.name,
        "rows": which,
        "provenance": table.manifest["provenance"],
        "notes": list(table.notes),
        "supersedes": list(superseded),
        "columns": said,
    }
    encodings = {name: _encoding(array) for name, array in arrays.items() if name != ARCHITECTURE}
    plain = {name: encoding for name, encoding in encodings.items() if encoding != "DICTIONARY"}
    frame = pa.table(arrays).replace_schema_metadata({METADATA: json.dumps(metadata, sort_keys=True)})
    return _parquet(
        frame,
        [name for name in encodings if name not in plain],
        plain | {ARCHITECTURE: "DELTA_BYTE_ARRAY"},
    )


def _arrays(measured: Measured, rows: NDArray[np.int64]) -> Iterator[tuple[str, pa.Array]]:
    """Yield the columns of the file that hold a column of the table: one, or one a seed; in single precision where that is exact."""
    import pyarrow as pa

    column = measured.column
    values = np.asarray(measured.values)[rows].reshape(len(rows), -1)
    missing = np.zeros(values.shape, dtype=bool) if measured.missing is None else np.asarray(measured.missing)[rows]
    missing = missing.reshape(values.shape)
    for at, name in enumerate(
        [column.key] if column.seeds is None else [f"{column.key}.seed{s}" for s in column.seeds]
    ):
        value = values[:, at]
        single = value.astype(np.float32)
        exact = np.array_equal(single.astype(value.dtype), value)
        yield name, pa.array(single if exact else value, mask=missing[:, at])


def _parquet(frame: pa.Table, dictionaries: list[str], encodings: Mapping[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(
        frame,
        sink,
        row_group_size=len(frame),
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=dictionaries,
        column_encoding=dict(encodings),
        write_statistics=False,
        dictionary_pagesize_limit=2**24,
        data_page_size=2**24,
    )
    return bytes(sink.getvalue())


def _encoding(array: pa.Array) -> str:
    """Return the encoding that makes a column smallest."""
    import pyarrow as pa

    frame = pa.table({"a": array})
    size = {
        encoding: len(
            _parquet(
                frame, ["a"] if encoding == ENCODINGS[0] else [], {} if encoding == ENCODINGS[0] else {"a": encoding}
            )
        )
        for encoding in ENCODINGS
    }
    return min(ENCODINGS, key=lambda encoding: size[encoding])


def unpack_table(packed: bytes, name: str, folder: Path) -> None:
    """Write the table of a file that `pack_table` made into an empty folder."""
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
    """Return the index of each architecture of the table (None for all of the space), and its row in the file."""
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
