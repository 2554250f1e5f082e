"""Bounded reading of CSV and Parquet data files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.errors import NasbenchError, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DATA_SUFFIXES = (".csv", ".parquet")
MOST_NUMBERS = 10**8
"""Maximum number of values (rows times columns read) of a file, some gigabytes."""
FEW_NUMBERS = 3 * 10**7
"""Number of values allowed for any file, regardless of compression."""
PER_BYTE = 64
"""Further values allowed per byte of a file."""
LONGEST_TEXT = 4096
"""Maximum length of a text in a file."""


def data_columns(path: Path) -> list[str]:
    """Return the names of the columns of a file.

    Raises:
        NasbenchError: if the file is neither CSV nor Parquet, or cannot be read.
    """
    if path.suffix not in DATA_SUFFIXES:
        raise NasbenchError(f"The data file {path} should be .csv or .parquet.")
    with _told(path):
        return _header(path) if path.suffix == ".csv" else _schema(path)[0].names


def read_data(path: Path, names: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Return the columns of a file, as texts (CSV) or typed (Parquet), and the number of its first row.

    Raises:
        NasbenchError: if the file is neither, cannot be read, lacks a column or has two of one name, or is larger than it should be.
    """
    columns, wanted = data_columns(path), list(dict.fromkeys(names))
    for name in wanted:
        if name not in columns:
            raise unknown_name(f"column of {path.name}", name[:80], columns)
        if columns.count(name) > 1:
            raise NasbenchError(f"The data file {path} has two columns {name!r}; each needs a name of its own.")
    with _told(path):
        return (_read_csv(path, wanted), 2) if path.suffix == ".csv" else (_read_parquet(path, wanted), 1)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Convert exceptions of file readers to one sentence."""
    import pandas as pd
    import pyarrow as pa

    try:
        yield
    except (OSError, ValueError, pa.ArrowException, pd.errors.ParserWarning, MemoryError, OverflowError) as fault:
        reason = str(fault).splitlines()[0][:200] if str(fault) else type(fault).__name__
        raise NasbenchError(f"The data file {path} cannot be read: {reason}.") from None


def _header(path: Path) -> list[str]:
    import pandas as pd

    head = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, index_col=False)
    return [str(name) for name in head.iloc[0]]


def _read_csv(path: Path, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        # Reject rows longer than the header, whose values would be assigned to other columns.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)[names]


def _schema(path: Path) -> tuple[pa.Schema, int]:
    """Return the columns of a Parquet file and its stated number of rows."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, thrift_string_size_limit=2**24, thrift_container_size_limit=2**20) as file:
        return file.schema_arrow, file.metadata.num_rows


def _read_parquet(path: Path, names: list[str]) -> pd.DataFrame:
    import pyarrow.parquet as pq

    schema, rows = _schema(path)
    size = path.stat().st_size
    if rows * len(names) > min(MOST_NUMBERS, FEW_NUMBERS + PER_BYTE * size):
        raise NasbenchError(f"The data file {path} says that it has {rows:,} rows, too many for its {size:,} bytes.")
    for name in names:
        kind = schema.field(name).type
        if not (_is_number(kind) or _is_text(kind)):
            raise NasbenchError(f"The data file {path} holds {kind} in {name!r}; it should hold numbers or texts.")
    texts = [name for name in names if _is_text(schema.field(name).type)]
    table = pq.read_table(path, columns=names, read_dictionary=texts)
    for name in texts:
        for chunk in table.column(name).chunks:
            if any(len(text) > LONGEST_TEXT for text in chunk.dictionary.to_pylist() if text is not None):
                raise NasbenchError(f"The data file {path} has texts of over {LONGEST_TEXT:,} letters in {name!r}.")
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame.astype(dict.fromkeys(texts, object))


def _is_number(kind: object) -> bool:
    import pyarrow as pa

    return any(is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean))


def _is_text(kind: object) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind  # type: ignore[attr-defined]
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
