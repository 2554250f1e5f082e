"""NATS-Bench (Dong et al., TPAMI 2021) from its official folders, one compressed pickle a network; see `nats_records`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.sources.nats_columns import write_chunks
from nasbench.tables.sources.nats_records import Chunk, add_record, empty_chunk

CHUNK = 256


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table; see `nasbench.tables.importer`.

    Raises:
        NasbenchError: if the folder holds no record, or one that is damaged, hostile, of another space or there twice.
    """
    paths = sorted(p for p in source.glob("*.pbz2") if "meta" not in p.name) if source.is_dir() else []
    if not paths:
        raise NasbenchError(f"{source} holds no .pickle.pbz2 file; name the unpacked folder of NATS-Bench.")
    chunks = list(_read(paths, options.kind, options.jobs))
    provenance = f"{len(paths)} official records of NATS-Bench, {source.name}"
    return write_chunks(folder, options.name, options.kind, chunks, [path.name for path in paths], provenance)


def _read(paths: list[Path], kind: str, jobs: int) -> Iterator[Chunk]:
    batches = [paths[first : first + CHUNK] for first in range(0, len(paths), CHUNK)]
    if jobs == 1 or len(batches) == 1:
        return (read_chunk(batch, kind) for batch in batches)
    from joblib import Parallel, delayed

    return Parallel(n_jobs=jobs, return_as="generator")(delayed(read_chunk)(batch, kind) for batch in batches)


def read_chunk(paths: list[Path], kind: str) -> Chunk:
    """Read a run of files; raises `NasbenchError` naming the first that is not a record of that space."""
    chunk = empty_chunk(kind, len(paths))
    for path in paths:
        stated = add_record(chunk, kind, str(path), load_file(path))
        number = re.search(r"\d{6}", path.name)
        if number is not None and int(number.group()) != stated:
            raise NasbenchError(f"{path} says that it is network {stated}; its name and its contents should agree.")
    return chunk
