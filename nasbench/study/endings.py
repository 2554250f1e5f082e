"""Why runs ended that did not spend their budget: a note in the metadata of a trace file, beside its columns.

A file whose runs all spent their budget has no note, so that its bytes are those of one that was written before there were any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

_KEY = b"ended"


def with_endings(traces: pa.Table, runs: Sequence[int], endings: Sequence[str]) -> pa.Table:
    """Return the same traces with a note on each run whose ending is not empty (see
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
    """Return a sentence for each optimizer with such runs, and each reason: how many, and why.

    Args:
        found: label of an optimizer to the notes of its trace files.
    """
    result = []
    for label, notes in found.items():
        reasons = [words for note in notes for words in note.values()]
        for words in dict.fromkeys(reasons):
            count = reasons.count(words)
            which = "1 run" if count == 1 else f"{count} runs"
            result.append(f"{which} of {label} ended before the budget was spent because {words}.")
    return result
