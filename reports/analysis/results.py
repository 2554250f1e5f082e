"""The results of a finished study: traces on benchmarks, the truth to score them by, live tasks, and a hash of each number's runs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nasbench.benchmarks.catalogue import Searchable, get_searchable, has_checksum
from nasbench.benchmarks.oracle import Oracle
from nasbench.errors import CorruptDataError, NasbenchError
from nasbench.reports.analysis.digest import digest_contents
from nasbench.reports.analysis.live_tasks import LiveTasks
from nasbench.reports.analysis.recorded_benchmark import RecordedOracle, RecordedSpace
from nasbench.reports.analysis.recorded_table import RecordedTable
from nasbench.reports.analysis.traces import Traces, stack_runs
from nasbench.search.constraints import Limits
from nasbench.search.search_protocol import SearchProtocol
from nasbench.study.config import Study, WorkUnit
from nasbench.study.endings import endings_of, sentences
from nasbench.study.live_config import is_live
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

QUERIED = ("run", "query", "epochs", "charged_seconds", "is_new_architecture", "is_new_isomorphism_class")
"""Columns that every trace has, beside its architectures and objectives."""


@dataclass(frozen=True)
class Results:
    """A complete results folder.

    Attributes:
        store: the opened folder; every unit of its study is there.
        recorded: how a table of runs was read, where the suite did not run the study.
    """

    store: Store
    recorded: RecordedTable | None = None
    _memory: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path, labels: Collection[str] | None = None) -> Results:
        """Open a results folder and make sure that the study is complete and its tables are the ones it ran on.

        Args:
            folder: the folder.
            labels: methods whose runs must be there; all of the study by default.

        Raises:
            NasbenchError: if it is no results folder, a unit is missing (saying what to run), or a table has changed.
        """
        store = Store.open(folder)
        units = store.units()
        missing = [unit for unit in store.missing if labels is None or unit.label in labels]
        if missing or not units:
            first = f" (the first: {_describe(missing[0])})" if missing else ""
            raise NasbenchError(
                f"{folder} lacks {len(missing) or 'all'} of {len(units) or 'the'} units of its study{first}; "
                f"`nasbench run {folder / 'study.toml'} --out {folder}` runs what is missing."
            )
        results = cls(store)
        for name, checksum in results.environment.get("benchmarks", {}).items():
            if name in store.study.problems and not has_checksum(results.benchmark(name), checksum):
                raise NasbenchError(
                    f"{folder} was run on another version of {name} than is installed; restore that table or run the study again."
                )
        return results

    def holding(self, thing: object) -> Results:
        """Return these results, which keep something alive: the temporary folder that they lie in."""
        self._memory["held"] = thing
        return self

    def to_pandas(self) -> pd.DataFrame:
        """Return the traces as one tidy frame, a row per query; see `nasbench.reports.analysis.frames.to_pandas`."""
        from nasbench.reports.analysis.frames import to_pandas

        return to_pandas(self)

    def to_parquet(self, path: str | Path) -> Path:
        """Write the traces of `to_pandas` as one Parquet file, and return its path; raises NasbenchError if it cannot be written."""
        from nasbench.reports.analysis.frames import to_parquet

        return to_parquet(self, Path(path))

    def best(self) -> pd.DataFrame:
        """Return the best architecture that each method found on each problem; see `nasbench.reports.analysis.frames.best`."""
        from nasbench.reports.analysis.frames import best

        return best(self)

    def plot(self, account: str = "") -> Figure:
        """Return a matplotlib figure of regret against the budget spent; see `nasbench.reports.analysis.frames.plot`."""
        from nasbench.reports.analysis.frames import plot

        return plot(self, account)

    @property
    def study(self) -> Study:
        """The study that was run."""
        return self.store.study

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Problems that are queried, tables and functions; the others are live tasks."""
        return tuple(problem for problem in self.study.problems if not is_live(problem))

    @cached_property
    def live(self) -> LiveTasks:
        """The results on live tasks."""
        return LiveTasks(self.store)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the optimizers, in the order of the study; tables and figures keep it."""
        return tuple(entry.label for entry in self.study.methods)

    def entry(self, label: str) -> MethodConfig:
        """Return the study's entry of that label."""
        return next(entry for entry in self.study.methods if entry.label == label)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What `environment.json` says of where the study ran; raises NasbenchError if it is missing or damaged."""
        return self.store.environment

    def benchmark(self, name: str) -> Searchable:
        """Return the benchmark of that name, opened once."""
        if ("benchmark", name) not in self._memory:
            self._memory["benchmark", name] = get_searchable(name)
        benchmark: Searchable = self._memory["benchmark", name]
        return benchmark

    def protocol(self, benchmark: str) -> SearchProtocol:
        """Return the search side of the study on a benchmark."""
        return self.study.protocol(self.benchmark(benchmark).longest(self.study.objectives, self.study.split))

    def oracle(self, benchmark: str) -> Oracle:
        """Return the truth on a benchmark, opened once; where the optimum is unknown, it has met every architecture of the study."""
        if ("oracle", benchmark) not in self._memory:
            opened = self.benchmark(benchmark).oracle(self.protocol(benchmark))
            self._memory["oracle", benchmark] = opened
            # Of a table of runs the best known architecture is known from the first.
            has_all = opened.is_optimum_known or isinstance(opened, RecordedOracle)
            for label in () if has_all else self.labels:
                self.traces(benchmark, label)  # so that every regret is relative to the same best known architecture
        oracle: Oracle = self._memory["oracle", benchmark]
        return oracle

    @property
    def problem_limits(self) -> Limits:
        """The constraints of the study, of which some are known beforehand."""
        first = self.benchmarks[0]
        return self.benchmark(first).problem(self.protocol(first), self.study.seed, (0,)).limits

    def _units(self, benchmark: str) -> tuple[str, ...]:
        if ("units", benchmark) not in self._memory:
            self._memory["units", benchmark] = self.oracle(benchmark).units
        return tuple(self._memory["units", benchmark])

    def short(self, benchmark: str) -> str:
        """Return its name in headings: the data set alone where all benchmarks of the study share a table."""
        tables = {name.partition("/")[0] for name in self.benchmarks}
        return benchmark.partition("/")[2] or benchmark if len(tables) == 1 else benchmark

    def units(self, benchmark: str, label: str) -> list[WorkUnit]:
        """Return the units of one optimizer on one benchmark, in the order of their runs."""
        return [unit for unit in self.study.units() if unit.problem == benchmark and unit.label == label]

    def traces(self, benchmark: str, label: str) -> Traces:
        """Return all runs of one optimizer on one benchmark, read anew at each call.

        Raises:
            NasbenchError: if a file is damaged or holds other runs than its name says.
        """
        tables = [self._read(unit) for unit in self.units(benchmark, label)]
        # Files of one folder may differ in optional columns, where a study was resumed by a newer version.
        shared = [name for name in tables[0].column_names if all(name in table.column_names for table in tables)]
        shared.remove("architecture")
        if lacking := [name for name in QUERIED if name not in shared]:
            raise CorruptDataError(
                f"A trace of {label} on {benchmark} lacks {', '.join(lacking)}; run the study again."
            )
        whole = pa.concat_tables([table.select(shared) for table in tables])
        rows = np.concatenate([self._rows(benchmark, table["architecture"]) for table in tables])
        columns = {name: whole[name].to_numpy() for name in whole.column_names}
        for name, unit in zip(self.study.objectives, self._units(benchmark), strict=True):
            if unit == "%" and (np.abs(columns[name]) > 100.0).any():
                raise NasbenchError(
                    f"A trace of {label} on {benchmark} holds a value of {name} beyond 100%, which no run measured; run the study again."
                )
        longest = self.protocol(benchmark).epochs[-1]
        return stack_runs(columns, rows, self.study.objectives, self.study.repeat_policy, longest)

    def ended_early(self, benchmark: str, label: str) -> NDArray[np.bool_]:
        """Return which runs of an optimizer ended for good before their budget was spent, `(R,)`, in the order of `traces`."""
        units = self.units(benchmark, label)
        ended = [endings_of(pq.read_schema(self.store.path(unit))) for unit in units]
        return np.array(
            [run in found for unit, found in zip(units, ended, strict=True) for run in unit.runs], dtype=bool
        )

    def early_endings(self, name_of: Callable[[str], str] = str) -> list[str]:
        """Return a sentence on each optimizer with runs that ended before their budget was spent, and why; `name_of` names a label."""
        return sentences(
            {
                name_of(label): [
                    endings_of(pq.read_schema(self.store.path(unit)))
                    for benchmark in self.benchmarks
                    for unit in self.units(benchmark, label)
                ]
                for label in self.labels
            }
        )

    def digest(self, *cells: tuple[str, str]) -> str:
        """Return the hash of the runs that a number rests on: over the trace files of (benchmark, label) cells, in order."""
        key = ("digest", *cells)
        if key not in self._memory:
            self._memory[key] = digest_contents(self.store.content(unit) for unit in self._units_of(*cells))
        return str(self._memory[key])

    def files(self, *cells: tuple[str, str]) -> list[Path]:
        """Return the trace files of (benchmark, label) cells, in the order in which `digest` reads them."""
        return [self.store.path(unit) for unit in self._units_of(*cells)]

    def _units_of(self, *cells: tuple[str, str]) -> list[WorkUnit]:
        return [unit for cell in cells for unit in self.units(*cell)]

    def optimizer_seconds(self, benchmark: str, label: str) -> float:
        """Return the mean of the optimizer's own seconds per run; they are measured per unit.

        Raises:
            NasbenchError: if a timing is not there or damaged.
        """
        units = self.units(benchmark, label)
        seconds = [self.store.timing(unit).optimizer_seconds * len(unit.runs) for unit in units]
        return sum(seconds) / sum(len(unit.runs) for unit in units)

    def _read(self, unit: WorkUnit) -> pa.Table:
        table = self.store.read(unit)
        found = np.unique(table["run"].to_numpy())
        if not np.array_equal(found, unit.runs):
            raise NasbenchError(
                f"The trace of {unit.label} on {unit.problem} holds {len(found)} runs and not runs {unit.runs[0]} to {unit.runs[-1]}; "
                "remove the file and run the study again to make it anew."
            )
        return table

    def _rows(self, benchmark: str, architectures: pa.ChunkedArray) -> np.ndarray:
        """Return the row of each query, as the oracle numbers them, `(queries,)`; every string is parsed once a benchmark."""
        known: dict[str, int] = self._memory.setdefault(("rows", benchmark), {})
        encoded = architectures.combine_chunks()
        encoded = encoded if pa.types.is_dictionary(encoded.type) else encoded.dictionary_encode()
        space = self.benchmark(benchmark).space
        if isinstance(space, RecordedSpace):  # of which each run may name others, so that there is nothing to remember
            return self.oracle(benchmark).row(space.from_strings(encoded.dictionary))[encoded.indices.to_numpy()]
        strings = encoded.dictionary.to_pylist()
        if unknown := [text for text in strings if text not in known]:
            oracle = self.oracle(benchmark)
            parsed = np.stack([space.from_string(text) for text in unknown])
            known.update(zip(unknown, oracle.row(parsed).tolist(), strict=True))
        table = np.array([known[text] for text in strings], dtype=np.int64)
        if (table < 0).any():
            raise NasbenchError(
                f"A trace on {benchmark} names an architecture that its table lacks; run the study again."
            )
        return np.asarray(table[encoded.indices.to_numpy()])


def _describe(unit: WorkUnit) -> str:
    first, last = unit.runs[0], unit.runs[-1]
    return f"{unit.label} on {unit.problem}, " + (f"run {first}" if first == last else f"runs {first} to {last}")
