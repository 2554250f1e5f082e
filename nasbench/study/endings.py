"""Reasons why runs ended before their budget was spent, stored in the metadata of a trace file.

A file whose runs all spent their budget has no such metadata, so its bytes equal those written by earlier versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

_KEY = b"ended"


def with_endings(traces: pa.Table, runs: Sequence[int], endings: Sequence[str]) -> pa.Table:
    """Return the traces with metadata on each run whose ending is not empty (see
    `nasbench.search.ledger.Ledger.endings`).
    """
    noted = {str(run): words for run, words in zip(runs, endings, strict=True) if words}
    if not noted:
        return traces
    return traces.replace_schema_metadata({**(traces.schema.metadata or {}), _KEY: json.dumps(noted).encode()})


def endings_of(schema: pa.Schema) -> Mapping[int, str]:
    """Return, by run number, the reason why each run of a trace file ended before it had spent its budget."""
    note = (schema.metadata or {}).get(_KEY)
    return {} if note is None else {int(run): str(words) for run, words in json.loads(note).items()}


def sentences(found: Mapping[str, Iterable[Mapping[int, str]]]) -> list[str]:
    """Return one sentence per optimizer and reason on the runs that ended early.

    Args:
        found: for each optimizer's label, the endings of its trace files.
    """
    result = []
    for label, notes in found.items():
        reasons = [words for note in notes for words in note.values()]
        for words in dict.fromkeys(reasons):
            count = reasons.count(words)
            which = "1 run" if count == 1 else f"{count} runs"
            result.append(f"{which} of {label} ended before the budget was spent because {words}.")
    return result
