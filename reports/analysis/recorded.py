"""Tables of runs that anyone recorded, CSV, Parquet or DataFrame, read as results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nasbench import registered
from nasbench.benchmarks.catalogue import get_searchable, is_taken
from nasbench.benchmarks.views import View, minimised
from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.delimited import check_table
from nasbench.files.documents import LARGEST
from nasbench.files.temporary import TemporaryFolder
from nasbench.renamed import COLUMNS
from nasbench.reports.analysis.recorded_benchmark import RecordedBenchmark, RecordedMeans, RecordedSpace
from nasbench.reports.analysis.recorded_columns import ALIASES, SYNONYMS, columns_read
from nasbench.reports.analysis.recorded_table import NO_UNIT, VALUE, RecordedTable
from nasbench.reports.analysis.results import Results
from nasbench.reports.converters.merge import converted_runs
from nasbench.reports.wording import pluralize
from nasbench.search.ledger import Budget
from nasbench.search.parallelism import MOST_MACHINES
from nasbench.spaces.space import Floats
from nasbench.study.backend import UnitResult
from nasbench.study.config import MAX_RUNS, Study
from nasbench.study.live_config import is_live
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store, encode
from nasbench.study.trace_table import WALL_SECONDS

NUMBERS = ("run", "query")
NAMES = ("method", "problem", "architecture")
SECONDS = "charged_seconds"
MACHINES = ("worker", WALL_SECONDS)
"""Columns of runs on several machines: the number of the machine, and the clock when a result came back."""
TRACED = (
    "epochs",
    "training_seed",
    "is_new_architecture",
    "is_new_isomorphism_class",
    "operator",
)
"""Further columns of a trace, which no objective may be called, as it may not by their names of the first edition."""
MOST_BYTES = 64 * LARGEST
MOST_ROWS = 50_000_000
LARGEST_VALUE = 1e100
"""Third powers of larger numbers, which intervals need, overflow."""


Source = str | Path | pd.DataFrame


def read_recorded(
    source: Source | Sequence[Source],
    objective: str = "",
    unit: str = "",
    direction: str = "",
    benchmark: str = "",
    columns: Mapping[str, str] | None = None,
    format: str = "",
) -> Results:
    """Return the results that a table of runs holds, or the files of another library; see `nasbench.read_traces`."""
    if direction not in ("", "min", "max"):
        raise unknown_name("direction", direction, ("min", "max"))
    if benchmark and (unit or direction):
        raise NasbenchError(f"{benchmark} has a unit and a direction of its own; leave unit and direction out.")
    sources = [source] if isinstance(source, str | Path | pd.DataFrame) else list(source)
    if not sources:
        raise NasbenchError("There is no table of runs to read; give one or more.")
    files = [Path(one).resolve() for one in sources if not isinstance(one, pd.DataFrame)]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise NasbenchError(
            f"{twice.name} is given twice; its runs are compared with each other already, so give it once."
        )
    converted = converted_runs(
        [None if isinstance(one, pd.DataFrame) else Path(one) for one in sources], format, objective
    )
    if converted and columns:
        raise NasbenchError(
            f"The columns of {' and '.join(map(str, sources))} have fixed meanings; leave --column out."
        )
    column = converted.objective if converted else objective or VALUE
    if column in {*NUMBERS, *NAMES, SECONDS, *MACHINES, *TRACED, *COLUMNS}:
        raise NasbenchError(f"A column {column} means something else in traces; give what was optimised another name.")
    if converted:
        found = [_frame(frame.rename(columns={VALUE: column}), column, {}, name) for frame, name in converted.named]
        unit = unit or converted.unit
        direction = direction or converted.direction
    else:
        found = [_frame(one, column, columns or {}) for one in sources]
    frames, names, renamed = zip(*found, strict=True)
    frame, name = _joined(frames, names, converted is not None), " and ".join(dict.fromkeys(names))
    table = RecordedTable(
        source=name,
        column=column,
        unit=unit or NO_UNIT,
        direction=direction or "min",
        benchmark=benchmark,
        assumed=tuple(what for what, given in (("unit", unit), ("direction", direction)) if not given),
        timed=SECONDS in frame and bool(frame[SECONDS].any()),
        clocked=WALL_SECONDS in frame,
        named="architecture" in frame and (converted is None or converted.are_architectures_named),
        renamed={their: our for one in renamed for their, our in one.items()},
        note=converted.note if converted else "",
    )
    frame = _completed(frame, name, benchmark)
    study = _study(frame, table)
    frame = frame.sort_values(["problem", "method", "run", "query"], kind="stable")
    for problem, part in () if benchmark else frame.groupby("problem", sort=False, observed=True):
        registered.add("benchmark", str(problem), _benchmark(str(problem), part, table))
    kept = TemporaryFolder()
    checksums = {problem: get_searchable(problem).checksum for problem in study.problems}
    store = Store.create_or_resume(kept.path, study, {"benchmarks": checksums})
    views = {problem: _view(problem, study, frame) for problem in study.problems}
    cells = frame.groupby(["problem", "method"], sort=False, observed=True).indices
    for work in study.units():
        trace = _trace(frame.iloc[cells[work.problem, work.label]], study, views[work.problem], table.named)
        timing = {"optimizer_seconds": 0.0, "unit_seconds": 0.0}
        store.write(work, UnitResult(timing=timing, traces=encode(trace)))
    return replace(Results.open(kept.path), recorded=table).holding(kept)


def _study(frame: pd.DataFrame, table: RecordedTable) -> Study:
    problems, methods = (tuple(frame[what].unique()) for what in ("problem", "method"))
    counts = frame.groupby(["problem", "method"], observed=True)["run"].nunique().unstack(fill_value=0).to_numpy()
    runs = int(counts.max())
    if counts.min() != runs:
        raise NasbenchError(
            f"{table.source} has from {counts.min()} to {pluralize(runs, 'run')} of a method on a problem; each method needs as many on each."
        )
    if runs > MAX_RUNS:
        raise NasbenchError(
            f"{table.source} has {pluralize(runs, 'run')} of each method; a study may have {MAX_RUNS:,}."
        )
    return Study(
        name=table.source,
        description=table.description,
        seed=0,
        runs=runs,
        runs_per_file=runs,
        problems=problems,
        objectives=(table.objective,),
        split="validation",
        epochs=(_longest(table.benchmark, table.objective),),
        training_seed="random",
        repeat_policy="retrain",
        budget=Budget({"queries": int(frame["query"].max()) + 1}),
        # The methods are unknown, so they get no registered name: theorems are checked on registered methods.
        methods=tuple(MethodConfig(name=f"recorded {method}", label=method) for method in methods),
    )


def _benchmark(problem: str, part: pd.DataFrame, table: RecordedTable) -> RecordedBenchmark:
    named = _architectures(part).dictionary_encode()
    # The dictionary is in the order of appearance, as its indices are.
    means = part["value"].groupby(named.indices.to_numpy()).mean().to_numpy(dtype=np.float64)
    view = table.view
    function = RecordedMeans(RecordedSpace(problem, named.dictionary), minimised(means, view))
    return RecordedBenchmark(problem, function, {table.objective: view}, table.unit)


def _architectures(part: pd.DataFrame) -> pa.Array:
    """Return the name of each row's architecture: METHOD/RUN/QUERY where the table names none."""
    if "architecture" in part:
        return pa.array(part["architecture"].to_numpy(dtype=object), pa.large_string())
    numbered = []
    for what in ("method", *NUMBERS):
        codes, values = pd.factorize(part[what])
        texts = [value if isinstance(value, str) else f"{value:.17g}" for value in values]
        numbered.append(pa.array(texts, pa.large_string()).take(pa.array(codes)))
    return pc.binary_join_element_wise(*numbered, pa.scalar("/", pa.large_string()))


def _view(problem: str, study: Study, frame: pd.DataFrame) -> View:
    """Return how users see the objective of a problem; raises NasbenchError for percentages beyond 100."""
    oracle = get_searchable(problem).oracle(study.protocol(_longest(problem, study.objectives[0])))
    if oracle.units[0] == "%" and frame.loc[frame["problem"] == problem, "value"].abs().max() > 100.0:
        raise NasbenchError(f"The table {study.name} has values beyond 100, which are no percentages.")
    return oracle.views[0]


def _longest(benchmark: str, objective: str) -> int:
    return get_searchable(benchmark).longest((objective,), "validation") if benchmark else 1


def _joined(frames: Sequence[pd.DataFrame], names: Sequence[str], are_parts: bool = False) -> pd.DataFrame:
    """Return the rows of all tables; a method that several have has the name of its table behind its own.

    Parts of one experiment, where every run is in one of them, are put together instead.
    """
    if len(frames) == 1:
        return frames[0]
    if are_parts:
        runs = [set(zip(frame["problem"], frame["method"], frame["run"], strict=True)) for frame in frames]
        if len(set.union(*runs)) == sum(map(len, runs)):
            return pd.concat(frames, ignore_index=True)
    columns = {tuple(sorted(frame.columns)) for frame in frames}
    if len(columns) > 1:
        lacking = {name for one in columns for name in one if any(name not in other for other in columns)}
        raise NasbenchError(
            f"Of the tables {', '.join(names)} some lack the column {sorted(lacking)[0]}; all need the same columns."
        )
    owners: dict[str, int] = {}
    for frame in frames:
        for method in frame["method"].unique():
            owners[method] = owners.get(method, 0) + 1
    stems = [Path(name).stem for name in names]
    stems = stems if len(set(stems)) == len(stems) else [f"{stem} {i + 1}" for i, stem in enumerate(stems)]
    called = [
        frame.assign(method=frame["method"].map(lambda m, stem=stem: f"{m} ({stem})" if owners[m] > 1 else m))
        for frame, stem in zip(frames, stems, strict=True)
    ]
    labels = [method for frame in called for method in frame["method"].unique()]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise NasbenchError(f"Two methods of {' and '.join(names)} would be called {twice!r}; rename one in its table.")
    return pd.concat(called, ignore_index=True)


def _frame(
    source: Source, column: str, columns: Mapping[str, str], called: str = "traces"
) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """Return the columns that count, the value called `value`, what the table is called, and which columns were called otherwise."""
    known = [*NAMES, *NUMBERS, column, SECONDS, *MACHINES]
    if isinstance(source, pd.DataFrame):
        frame, name = source, called
    else:
        labels = {columns.get(what, what) for what in ("method", "problem")} | {
            *SYNONYMS["method"],
            *SYNONYMS["problem"],
        }
        labels -= {column, *(name for what, name in columns.items() if what not in ("method", "problem"))}
        frame, name = _read(Path(source), [*known, *columns.values(), *ALIASES], labels), Path(source).name
    if not frame.columns.is_unique:
        raise NasbenchError(f"The table {name} has two columns of one name.")
    renamed = columns_read(list(map(str, frame.columns)), columns, column, name)
    frame = frame.drop(columns=[our for our in renamed.values() if our in frame]).rename(columns=renamed)
    needed = ("method", *NUMBERS, column)
    if lacking := [one for one in needed if one not in frame]:
        raise NasbenchError(f"The table {name} lacks the column {lacking[0]}; it needs {', '.join(needed)}.")
    if frame.empty:
        raise NasbenchError(f"The table {name} has no rows; it needs one a query.")
    frame = frame[[one for one in known if one in frame]].rename(columns={column: "value"})
    for what in (one for one in NAMES if one in frame):
        try:
            texts = frame[what].astype(str)
        except UnicodeDecodeError:
            raise NasbenchError(f"The table {name} has a {what} that is not text in UTF-8.") from None
        if frame[what].isna().any() or (texts == "").any():
            raise NasbenchError(f"The table {name} has a row without {what}.")
        frame[what] = texts
    for what in (one for one in (*NUMBERS, "value", SECONDS, *MACHINES) if one in frame):
        frame[what] = _numbers(frame[what], column if what == "value" else what, name)
    if SECONDS in frame and (frame[SECONDS] < 0.0).any():
        raise NasbenchError(f"The table {name} charges less than nothing for a query ({SECONDS}).")
    if "worker" in frame and not frame["worker"].isin(range(MOST_MACHINES)).all():
        raise NasbenchError(
            f"The table {name} has a worker that is no number of a machine, from 0 to {MOST_MACHINES - 1:,}."
        )
    if (frame["query"] >= 1.0).all():  # counted from 1
        frame["query"] -= 1.0
    return frame, name, renamed


def _read(path: Path, columns: Collection[str], labels: Collection[str]) -> pd.DataFrame:
    """Return the columns of a file that are there, `labels` as they are written: 01 is not 1."""
    refused = f"{path} cannot be read as a CSV or Parquet file"
    try:
        if not path.is_file():
            raise NasbenchError(f"There is no file {path}." if not path.exists() else f"{path} is not a file.")
        if path.stat().st_size > MOST_BYTES:
            raise NasbenchError(f"{path} is too large for a table of runs; it may have {MOST_BYTES:,} bytes.")
        if path.suffix != ".parquet":
            check_table(path)
            return pd.read_csv(
                path,
                usecols=lambda name: name in columns,
                dtype=dict.fromkeys(labels, str),
                low_memory=False,
                compression=None,
            )
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise NasbenchError(f"{path} is too large for a table of runs; it may have {MOST_ROWS:,} rows.")
            return file.read([name for name in columns if name in file.schema_arrow.names]).to_pandas()
    except (OSError, ValueError, pa.ArrowException) as fault:
        raise NasbenchError(f"{refused} ({type(fault).__name__}).") from None


def _numbers(column: pd.Series, what: str, name: str) -> Floats:
    if column.dtype.kind in "cmM":  # complex numbers, durations, dates: pandas would take a part or nanoseconds of them
        raise NasbenchError(f"The table {name} has a {what} of the type {column.dtype}; it should be a number.")
    try:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all():
        raise NasbenchError(f"The table {name} has a {what} that is no finite number.")
    if (np.abs(numbers) > LARGEST_VALUE).any():
        raise NasbenchError(
            f"The table {name} has a {what} beyond {LARGEST_VALUE:g}, of which no variance can be computed; give it in a larger unit, "
            "or as a logarithm."
        )
    return numbers


def _completed(frame: pd.DataFrame, name: str, benchmark: str) -> pd.DataFrame:
    """Return the table with a problem in every row."""
    if benchmark:
        frame["problem"] = pd.Categorical.from_codes(np.zeros(len(frame), dtype=np.int8), pd.Index([benchmark]))
    else:  # recorded numbers never stand under the name of a benchmark of the suite, which would be searched and scored by them
        if "problem" not in frame:
            frame["problem"] = pd.Categorical.from_codes(
                np.zeros(len(frame), dtype=np.int8), pd.Index([Path(name).stem or name])
            )
        called = {one: f"recorded/{one}" if is_taken(one) or is_live(one) else one for one in frame["problem"].unique()}
        frame["problem"] = frame["problem"].map(called)
    # Codes instead of millions of strings.
    frame[["method", "problem"]] = frame[["method", "problem"]].astype("category")
    return frame


def _trace(part: pd.DataFrame, study: Study, view: View, is_named: bool) -> pa.Table:
    runs = part.groupby("run", sort=True)
    query = runs.cumcount().to_numpy(dtype=np.int32)
    if not np.array_equal(query, part["query"].to_numpy()):
        raise NasbenchError(
            f"The queries of a run in {study.name} should be numbered 0, 1, 2, ... or 1, 2, 3, ..., each once."
        )
    first = ~part.duplicated(["run", "architecture"]).to_numpy() if is_named else np.ones(len(part), dtype=bool)
    seconds = part[SECONDS].to_numpy(dtype=np.float64) if SECONDS in part else np.zeros(len(part))
    if WALL_SECONDS in part and ((runs[WALL_SECONDS].diff() < 0.0) | (part[WALL_SECONDS] < 0.0)).any():
        raise NasbenchError(
            f"The clock of a run in {study.name} ({WALL_SECONDS}) goes back or begins before 0; queries should be numbered in the order in "
            "which their results came back."
        )
    return pa.table(
        {
            "run": runs.ngroup().to_numpy(dtype=np.int32),
            "query": query,
            "architecture": _architectures(part).cast(pa.string()).dictionary_encode(),
            "epochs": np.full(len(part), study.protocol(1).epochs[0], dtype=np.int32),
            "training_seed": np.full(len(part), -1, dtype=np.int32),
            study.objectives[0]: minimised(part["value"].to_numpy(), view),
            SECONDS: seconds,
            "is_new_architecture": first,
            "is_new_isomorphism_class": first,
            **({"worker": part["worker"].to_numpy(dtype=np.int32)} if "worker" in part else {}),
            **({WALL_SECONDS: part[WALL_SECONDS].to_numpy(dtype=np.float64)} if WALL_SECONDS in part else {}),
        }
    )
