"""NAS-Bench-201 from its single file, `NAS-Bench-201-v1_1-096897.pth`; what it holds of a cell is a record as in `nats_records`.

The file is one pickle in the container of torch. It is read here without torch, by the restricted unpickler: the records are plain
data. A file that is not, for instance one with weights, is given to torch's own weights-only reader; what that refuses too is
read only if the user says that the file is trusted, for reading it then means to run what it says. All of the file is in memory
at once, about 28 GB for the official one; the folders of NATS-Bench hold the same trainings and are read one by one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.restricted_pickle import is_bounded, loads, read_packed
from nasbench.tables.sources.nats_columns import write_chunks
from nasbench.tables.sources.nats_records import Chunk, add_record, empty_chunk

CHUNK = 256
HEADER_PICKLES = 3
"""Before the object, the older container has a magic number, a protocol version and a description of the system."""


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table; see `nasbench.tables.importer`.

    Raises:
        NasbenchError: if the file is damaged, holds no records, or is not plain data and not said to be trusted.
    """
    held = read_file(source, options.trusted)
    infos = held.get("arch2infos") if isinstance(held, dict) else None
    if not isinstance(infos, dict) or not infos:
        raise NasbenchError(f"{source} is not NAS-Bench-201; it should hold 'arch2infos' with a record a cell.")
    chunks = list(_chunks(infos, options.kind))
    labels = [f"record {number}" for number in infos]
    return write_chunks(folder, options.name, options.kind, chunks, labels, f"NAS-Bench-201, {source.name}")


def _chunks(infos: Mapping[Any, Any], kind: str) -> Iterator[Chunk]:
    numbers = list(infos)
    for first in range(0, len(numbers), CHUNK):
        part = numbers[first : first + CHUNK]
        chunk = empty_chunk(kind, len(part))
        for number in part:
            if add_record(chunk, kind, f"record {number}", infos[number]) != number:
                raise NasbenchError(f"Record {number} says that it is of another cell; the file is damaged.")
        yield chunk


def read_file(source: Path, trusted: bool) -> Any:
    """Return the content of a torch file of plain data; see the module docstring for other files.

    Raises:
        NasbenchError: if it cannot be read, or not safely.
    """
    data, before = _pickles(source)
    size = source.stat().st_size
    try:
        return loads(data, str(source), size=size, before=before)
    except NasbenchError as refused:
        # Torch's reader names less than Python's, but follows a pickle as deep as it goes.
        if not trusted and not is_bounded(data, size, before):
            raise
        from nasbench.files.torch_file import load_torch_file

        return load_torch_file(source, trusted, str(refused))


def _pickles(source: Path) -> tuple[bytes, int]:
    """Return the bytes of a torch file that are pickles, and how many come before the object."""
    if not zipfile.is_zipfile(source):
        return read_packed(source), HEADER_PICKLES
    try:
        with zipfile.ZipFile(source) as archive:
            member = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
    except (OSError, ValueError, zipfile.BadZipFile) as fault:
        raise NasbenchError(f"{source} cannot be read ({fault}).") from None
    if member is None:
        raise NasbenchError(f"{source} is an archive without data.pkl; it is no torch file.")
    return read_packed(source, member), 0
