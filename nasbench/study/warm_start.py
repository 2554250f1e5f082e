"""Warm starts: evaluations that were made elsewhere, told to every run before its first query.

They cost nothing, are no queries and do not stand in the traces. They come from a CSV or Parquet file, a DataFrame, the results of
another study or random rows of a benchmark, with a column `architecture` (strings of the space) or `index`, and one column an
objective, in the unit and the direction of the benchmark: an accuracy is given as accuracy, also where the error is minimised. Further
columns that count:

- `run`: each run is given the rows with its number; without it, every run is given all rows;
- `epochs`: the fidelity, in a study of several; without it, and in a study of one, rows count as evaluations at the longest training;
- `problem`: a problem is given its own rows where there are any, otherwise those of the one problem that the table holds;
- the quantity of each constraint that is measured, which is needed: whether an evaluation is feasible is told with it. An architecture that
  violates a constraint that is known beforehand belongs to no space that is searched, and is refused.

A method takes them for evaluations of the problem at hand, whatever they are of. Incumbents, scores and times to a target count what a
run has queried itself, also where the evaluations are of the same problem; reports state the best that was given beside them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import CorruptDataError, NasbenchError, unknown_name
from nasbench.files.documents import LARGEST, read_text
from nasbench.ranges import COUNT
from nasbench.search.constraints import NO_LIMITS, Constraint, Limits
from nasbench.search.observations import PADDING, Observations
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

if TYPE_CHECKING:
    import pandas as pd

    from nasbench.benchmarks.catalogue import Searchable

FILE = "warm_start.csv"
"""Name in a results folder."""
NAMES, WHOLE = ("architecture", "problem"), ("index", "run", "epochs")
"""Columns of texts, and of whole numbers."""
EXACT = 2.0**53
"""Largest of the whole numbers that are all exact in a table of floating-point numbers."""
COMPLEMENTS = {"error": ("accuracy", "score"), "accuracy": ("error",), "score": ("error",)}
"""Columns from which an objective follows, beside its own."""


@dataclass(frozen=True)
class WarmStart:
    """Evaluations made elsewhere, as a table.

    Attributes:
        source: what they were taken from, as reports call it.
        sha256: of the table.
        text: the table as CSV.
    """

    source: str
    sha256: str
    text: str = field(default="", repr=False, compare=False)

    def to_mapping(self) -> dict[str, str]:
        """Return what a study file says of it; the table is a file beside it."""
        return {"source": self.source, "sha256": self.sha256}

    @cached_property
    def _frame(self) -> pd.DataFrame:
        import pandas as pd

        frame = pd.read_csv(io.StringIO(self.text), dtype=str, keep_default_na=False)
        return frame.astype({name: "int64" for name in WHOLE if name in frame})

    def rows(self, problem: str) -> tuple[pd.DataFrame, bool]:
        """Return the rows that a problem is given, and whether they are evaluations of that problem.

        Raises:
            NasbenchError: if the table holds several problems, and not this one.
        """
        frame = self._frame
        if "problem" not in frame:
            return frame, False
        own = frame[frame["problem"] == problem]
        if len(own):
            return own, True
        if frame["problem"].nunique() > 1:
            raise NasbenchError(
                f"The warm start {self.source} holds evaluations of {frame['problem'].nunique()} problems and none of {problem}; give those of one."
            )
        return frame, False

    def observations(
        self,
        benchmark: Searchable,
        protocol: SearchProtocol,
        space: Space,
        runs: Sequence[int],
        limits: Limits = NO_LIMITS,
    ) -> Observations:
        """Return what runs of these numbers are given on a benchmark, `(R, B)`, padded where one is given fewer.

        Args:
            benchmark: the problem.
            protocol: of the search.
            space: that is searched.
            runs: numbers of the runs.
            limits: constraints of the problem; the values of the measured ones are among what is given, and NaN stands for the others
                (`nasbench.search.problem.Problem.judge` knows them).

        Raises:
            NasbenchError: for the first row that is no evaluation of an architecture of the space.
        """
        frame, _ = self.rows(benchmark.name)
        architectures, epochs = self._architectures(frame, space), self._epochs(frame, protocol)
        objectives = self.objectives(frame, benchmark, protocol)
        everything = np.arange(len(frame))
        chosen = [np.flatnonzero(frame["run"].to_numpy() == run) if "run" in frame else everything for run in runs]
        shape = (len(runs), max(map(len, chosen)))

        def padded(of_rows: NDArray[Any], padding: float) -> NDArray[Any]:
            found = np.full((*shape, *of_rows.shape[1:]), padding, dtype=of_rows.dtype)
            for r, rows in enumerate(chosen):
                found[r, : len(rows)] = of_rows[rows]
            return found

        given = Observations.given(
            padded(architectures, PADDING), padded(objectives, np.nan), padded(epochs, protocol.epochs[-1])
        )
        if not limits:
            return given
        measured = np.full((len(frame), len(limits.constraints)), np.nan)
        names = [one.quantity for one, known in zip(limits.constraints, limits.is_known, strict=True) if not known]
        measured[:, ~limits.is_known] = self._quantities(frame, names, benchmark, protocol)
        return replace(given, constraint_values=padded(measured, np.nan))

    def objectives(self, frame: pd.DataFrame, benchmark: Searchable, protocol: SearchProtocol) -> Floats:
        """Return the minimised objectives of rows, `(n, M)`; raises NasbenchError for a percentage above 100."""
        return self._quantities(frame, protocol.objectives, benchmark, protocol)

    def _quantities(
        self, frame: pd.DataFrame, names: Sequence[str], benchmark: Searchable, protocol: SearchProtocol
    ) -> Floats:
        """Return quantities of rows, minimised, `(n, number of names)`."""
        columns = [np.empty((len(frame), 0))]
        for quantity in names:
            name = next((one for one in _stand_for(quantity) if one in frame), None)
            if name is None:
                raise NasbenchError(
                    f"The warm start {self.source} lacks the column {quantity}, of which a constraint is measured."
                )
            oracle = benchmark.oracle(replace(protocol, objectives=(name,), constraints=()))
            values = frame[name].to_numpy(dtype=np.float64)
            if oracle.units[0] == "%" and (beyond := np.abs(values) > 100.0).any():
                raise self._wrong(frame, beyond, f"gives {name} {values[beyond][0]:g}; a percentage is 100 at most")
            columns.append(oracle.views[0](values)[:, None])
        return np.concatenate(columns, axis=1)

    def _architectures(self, frame: pd.DataFrame, space: Space) -> Architectures:
        found = np.zeros((len(frame), space.d), dtype=np.int8)
        if "architecture" in frame:
            for i, text in enumerate(frame["architecture"]):
                try:
                    found[i] = space.from_string(text)
                except NasbenchError as fault:
                    raise NasbenchError(f"Row {frame.index[i] + 1} of the warm start {self.source}: {fault}") from None
        else:
            index = frame["index"].to_numpy()
            if (outside := (index < 0) | (index >= space.product_size)).any():
                raise self._wrong(
                    frame, outside, f"gives index {index[outside][0]}; {space.name} has 0 to {space.product_size - 1}"
                )
            found = space.from_index(index)
        if (infeasible := ~space.is_feasible(found)).any():
            raise self._wrong(frame, infeasible, f"is no architecture of the space {space.name} that is searched")
        return found

    def _epochs(self, frame: pd.DataFrame, protocol: SearchProtocol) -> Ints:
        if "epochs" not in frame or len(protocol.epochs) == 1:
            return np.full(len(frame), protocol.epochs[-1])
        epochs: Ints = frame["epochs"].to_numpy()
        if (other := ~np.isin(epochs, protocol.epochs)).any():
            offered = ", ".join(map(str, protocol.epochs))
            raise self._wrong(frame, other, f"gives {epochs[other][0]} epochs; the study has {offered}")
        return epochs

    def _wrong(self, frame: pd.DataFrame, wrong: Any, what: str) -> NasbenchError:
        return NasbenchError(f"Row {frame.index[wrong][0] + 1} of the warm start {self.source} {what}.")


def as_warm_start(
    given: Any, objectives: Sequence[str], folder: Path = Path(), constraints: Sequence[Constraint] = ()
) -> WarmStart | None:
    """Return evaluations as a warm start.

    Args:
        given: None or an empty text for none; a DataFrame; `Results`; the path of a CSV or Parquet file or of a results folder; a
            mapping with `benchmark`, `count` and, if wished, `seed` and `epochs`, for random architectures of a benchmark; or what
            `WarmStart.to_mapping` returned, whose table is in `folder`.
        objectives: of the study.
        folder: where relative paths begin.
        constraints: of the study; random architectures of a benchmark satisfy those that are known there beforehand.

    Raises:
        NasbenchError: if they cannot be read, or a row lacks an architecture or an objective.
    """
    if given is None or isinstance(given, WarmStart):
        return given
    if isinstance(given, str | Path):
        return _of_path(folder / given, objectives, constraints) if str(given) else None
    if isinstance(given, Mapping):
        return _of_mapping(given, objectives, folder, constraints)
    frame = given.to_pandas() if hasattr(given, "to_pandas") else given
    if not hasattr(frame, "columns"):
        raise NasbenchError(
            f"The warm start is an object of type {type(given).__name__}; it should be a DataFrame, results, or the path of a file or folder."
        )
    return _of_frame(frame, objectives, f"a table of {len(frame)} rows", constraints)


def _of_path(path: Path, objectives: Sequence[str], constraints: Sequence[Constraint]) -> WarmStart:
    import pandas as pd

    if path.is_dir():
        import nasbench

        return _of_frame(nasbench.load_results(path).to_pandas(), objectives, path.name, constraints)
    if path.suffix != ".parquet":
        text = read_text(path, f"warm start {path}", 4 * LARGEST)
        try:
            frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        except ValueError:
            raise NasbenchError(f"The warm start {path} is not a CSV file with a line of names.") from None
        return _of_frame(frame, objectives, path.name, constraints)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _of_frame(pq.ParquetFile(path).read().to_pandas(), objectives, path.name, constraints)
    except (OSError, pa.ArrowException, ValueError) as fault:
        raise NasbenchError(f"The warm start {path} cannot be read as Parquet ({type(fault).__name__}).") from None


def _of_mapping(
    given: Mapping[str, Any], objectives: Sequence[str], folder: Path, constraints: Sequence[Constraint]
) -> WarmStart:
    if "benchmark" in given:
        return _of_benchmark(given, objectives, constraints)
    if set(given) != {"source", "sha256"} or not all(isinstance(text, str) for text in given.values()):
        raise NasbenchError(
            "The warm start is a table with other keys than benchmark, count, seed and epochs; name a file, or a benchmark and a count."
        )
    text = read_text(folder / FILE, f"warm start {folder / FILE}", 8 * LARGEST)
    if hashlib.sha256(text.encode()).hexdigest() != given["sha256"]:
        raise CorruptDataError(
            f"{folder / FILE} is not the warm start that the study names (its SHA-256 differs); restore it."
        )
    return WarmStart(**given, text=text)


def _of_benchmark(given: Mapping[str, Any], objectives: Sequence[str], constraints: Sequence[Constraint]) -> WarmStart:
    import nasbench

    known = ("benchmark", "count", "seed", "epochs")
    if unknown := next((key for key in given if key not in known), None):
        raise unknown_name("key of the warm start", unknown, known)
    count = given.get("count", 20)
    if count not in COUNT:
        raise NasbenchError(f"The count of the warm start is {count!r}; it should be {COUNT.words}.")
    frame = nasbench.load_benchmark(given["benchmark"]).sample(
        count,
        seed=given.get("seed", 0),
        objectives=tuple(dict.fromkeys((*objectives, *(one.quantity for one in constraints)))),
        epochs=given.get("epochs", 0),
        constraints=constraints,
    )
    return _of_frame(frame, objectives, f"{count} random architectures of {given['benchmark']}", constraints)


def _stand_for(quantity: str) -> tuple[str, ...]:
    """Return the columns from which a quantity follows, its own first."""
    return quantity, *COMPLEMENTS.get(quantity, ())


def _of_frame(
    frame: pd.DataFrame, objectives: Sequence[str], source: str, constraints: Sequence[Constraint]
) -> WarmStart:
    """Return the columns that count of a table, checked."""
    if "method" in frame and frame["method"].nunique() > 1:
        raise NasbenchError(
            f"The warm start {source} holds runs of {frame['method'].nunique()} methods; give those of one."
        )
    if not frame.columns.is_unique:
        raise NasbenchError(f"The warm start {source} has two columns of one name.")
    if "architecture" in frame and frame["architecture"].dtype.kind in "iu":
        frame = frame.rename(columns={"architecture": "index"})
    if "architecture" not in frame and "index" not in frame:
        raise NasbenchError(f"The warm start {source} lacks the column architecture; it needs one, or index.")
    if not len(frame):
        raise NasbenchError(f"The warm start {source} has no rows; it needs one an evaluation.")
    kept: dict[str, Any] = {}
    for name in (one for one in NAMES if one in frame):
        kept[name] = frame[name].astype(str).to_numpy()
        _refuse((frame[name].isna() | (frame[name] == "")).to_numpy(), source, f"lacks {name}")
    for name in (one for one in WHOLE if one in frame and not (one == "index" and "architecture" in frame)):
        numbers = _numbers(frame, name, source)
        wrong = (numbers != np.round(numbers)) | (numbers < 0) | (numbers > EXACT)
        _refuse(wrong, source, f"gives no whole number from 0 to 2^53 as {name}")
        kept[name] = numbers.astype(np.int64)
    constrained = [one.quantity for one in constraints]
    for objective in dict.fromkeys((*objectives, *constrained)):
        columns = [one for one in _stand_for(objective) if one in frame]
        if not columns and objective not in objectives:
            continue  # needed only where it is measured, which the problem says
        if not columns:
            raise NasbenchError(f"The warm start {source} lacks the column {objective}, an objective of the study.")
        kept[columns[0]] = _numbers(frame, columns[0], source)
    import pandas as pd

    text = pd.DataFrame(kept).to_csv(index=False, lineterminator="\n")
    return WarmStart(source, hashlib.sha256(text.encode()).hexdigest(), text)


def _numbers(frame: pd.DataFrame, name: str, source: str) -> Floats:
    import pandas as pd

    numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(~np.isfinite(numbers), source, f"gives no finite number as {name}")
    return numbers


def _refuse(wrong: Any, source: str, what: str) -> None:
    if wrong.any():
        raise NasbenchError(f"Row {int(np.flatnonzero(wrong)[0]) + 1} of the warm start {source} {what}.")
