"""Runs made again, and compared query by query with the traces that are there: what no checksum shows of traces that were edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.results import Results
from nasbench.reports.hypotheses.evidence import labels_of
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.study.ask_tell import BACKEND
from nasbench.study.backend import Place
from nasbench.study.config import WorkUnit


def replay_differences(registration: HypothesisRegistration, folders: Mapping[str, Path], number: int) -> Iterator[str]:
    """Yield a clause for each method on a benchmark of which one of `number` runs is another when it is made again.

    Which runs follows from the traces, so that it is not known before they are edited.

    Raises:
        NasbenchError: if the sources are no longer those that were registered.
    """
    if not number:
        return
    if not registration.is_of_these_sources:
        raise NasbenchError(
            f"Runs of {registration.name} are made again by its own sources alone, and these have changed."
        )
    for name in registration.studies:
        results = Results.open(folders[name], labels_of(registration, name))
        for benchmark in registration.statement.benchmarks:
            for label in labels_of(registration, name):
                for run in _drawn(results, benchmark, label, number):
                    unit = next(unit for unit in results.units(benchmark, label) if run in unit.runs)
                    if not _again(results, unit, run).equals(_there(results, unit, run)):
                        yield f"run {run} of {label} on {benchmark} is another when it is made again (study {name})"
                        break


def _drawn(results: Results, benchmark: str, label: str, number: int) -> list[int]:
    runs = results.study.runs
    first = int(results.digest((benchmark, label)), 16) % runs
    return [(first + i) % runs for i in range(min(number, runs))]


def _again(results: Results, unit: WorkUnit, run: int) -> pa.Table:
    made = BACKEND.run(results.study, replace(unit, runs=(run,)), Place()).traces
    assert made is not None
    return _plain(pq.read_table(pa.BufferReader(made)))


def _there(results: Results, unit: WorkUnit, run: int) -> pa.Table:
    table = results.store.read(unit)
    return _plain(table.filter(pc.equal(table["run"], run)))


def _plain(table: pa.Table) -> pa.Table:
    """Return a table without metadata and dictionaries, so that equal rows are equal."""
    columns = {
        name: table[name].cast(table[name].type.value_type) if pa.types.is_dictionary(table[name].type) else table[name]
        for name in sorted(table.column_names)
    }
    return pa.table(columns).combine_chunks().replace_schema_metadata(None)
