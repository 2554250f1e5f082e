"""Records of NATS-Bench and NAS-Bench-201 as the columns of a table; `nasbench.tables.sources.nats_records` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.importer import ImportReport
from nasbench.tables.sources.nats_records import SEEDS, SPACES, Chunk
from nasbench.tables.writer import write_table


def write_chunks(
    folder: Path, name: str, kind: str, chunks: Sequence[Chunk], labels: Sequence[str], provenance: str
) -> ImportReport:
    """Write the table of all chunks into an empty folder.

    Args:
        folder: where to.
        name: name of the table.
        kind: one of `SPACES`.
        chunks: full chunks.
        labels: what each record was read from, in the order of the chunks.
        provenance: where the numbers come from.

    Raises:
        NasbenchError: if two records are of one network.
    """
    space = SPACES[kind][0]()
    index = np.array([i for chunk in chunks for i in chunk.index], dtype=np.int64)
    order = np.argsort(index, kind="stable")
    twice = np.flatnonzero(np.diff(index[order]) == 0)
    if len(twice):
        both = labels[order[twice[0]]], labels[order[twice[0] + 1]]
        raise NasbenchError(f"{both[0]} and {both[1]} are both {_text(space, index[order][twice[0]])}; remove one.")
    absent = np.setdiff1d(np.arange(space.size), index)
    differing = [text for chunk in chunks for text in chunk.differing]
    notes = []
    if len(absent):
        notes.append(f"{len(absent)} of the {space.size} networks of the space are not in the source.")
    if differing:
        notes.append(
            f"{len(differing)} networks record other parameters than the closed form, {differing[0]} among them."
        )
    write_table(
        folder,
        name=name,
        space=space,
        columns=_columns(list(chunks), order),
        provenance=provenance,
        row_index=None if len(absent) == 0 else index[order],
        notes=notes,
    )
    return ImportReport(tuple(_text(space, i) for i in absent), tuple(notes))


def _text(space: Space, index: int) -> str:
    return space.to_string(space.from_index(np.array(index)))


def _columns(chunks: list[Chunk], order: NDArray[np.int64]) -> Iterator[Measured]:
    for key in chunks[0].accuracy:
        dataset, split, epochs = key
        values = np.concatenate([chunk.accuracy[key] for chunk in chunks])[order]
        missing = np.isnan(values)
        used = np.flatnonzero(~missing.all(axis=(0, 2)))
        if len(used) == 0:
            continue
        values, missing = np.nan_to_num(values[:, used]), missing[:, used]
        seeds = tuple(SEEDS[position] for position in used)
        last = ~missing[..., -1]
        if last.any():
            column = Column(dataset=dataset, quantity="accuracy", unit="%", split=split, epochs=epochs, seeds=seeds)
            yield Measured(column, values[..., -1], ~last)
        if epochs > 1 and not missing[..., :-1].all():
            column = Column(
                dataset=dataset, quantity="accuracy", unit="%", split=split, epochs=epochs, seeds=seeds, curve=True
            )
            yield Measured(column, values, missing)
    for key in chunks[0].scalar:
        dataset, quantity, epochs = key
        timed = np.concatenate([chunk.scalar[key] for chunk in chunks])[order]
        missing = np.isnan(timed)
        if missing.all():
            continue
        if quantity == "latency":
            column = Column(dataset=dataset, quantity=quantity, unit="ms", note="one batch on the authors' GPU")
        else:
            column = Column(
                dataset=dataset,
                quantity=quantity,
                unit="s",
                epochs=epochs,
                note="training and one pass over the validation set",
            )
        yield Measured(column, np.nan_to_num(timed), missing)
