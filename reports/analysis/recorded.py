"""Traces that anyone recorded, from a CSV, Parquet or DataFrame, stored as a results folder of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from nasbench import registered
from nasbench.benchmarks.catalogue import get_searchable, is_taken
from nasbench.benchmarks.views import AS_IT_IS
from nasbench.errors import NasbenchError
from nasbench.files.documents import LARGEST
from nasbench.files.temporary import TemporaryFolder
from nasbench.reports.analysis.results import Results
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.study.backend import UnitResult
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store, encode

NEEDED = ("method", "run", "query", "value")
RECORDED = "recorded traces"
"""What stands for the method, whose label alone is known."""
BASE = 100
"""Choices of a decision of the space that numbers recorded architectures."""


class RecordedSpace(Space):
    """The architectures that a file names, numbered; each decision is a digit of the number."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        digits = max(1, len(str(len(names) - 1)) + 1 >> 1)
        choices = tuple(map(str, range(BASE)))
        super().__init__(name, tuple(map(str, range(digits))), (choices,) * digits)
        self.names = tuple(names)
        self._numbers = {one: number for number, one in enumerate(names)}

    def to_string(self, architecture: Architectures) -> str:
        """Return what the file calls the architecture."""
        return self.names[int(self.index(architecture))]

    def from_string(self, text: str) -> Architectures:
        """Return the number of the architecture, digit by digit; raises NasbenchError for one that the file does not name."""
        if text not in self._numbers:
            raise NasbenchError(f"{text!r} is no architecture of {self.name}.")
        return self.from_index(self._numbers[text])


@dataclass(frozen=True)
class RecordedBenchmark:
    """What a file says of its architectures: the truth of one is the mean of its recorded values. It cannot be searched.

    Attributes:
        name: of the problem.
        space: its architectures.
        means: value of each, `(N,)`.
        unit: of the values.
    """

    name: str
    space: RecordedSpace
    means: Floats
    unit: str = "%"

    score_split = "validation"
    epochs = 1

    @property
    def checksum(self) -> str:
        """The name says everything, within one program."""
        return self.name

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """1: nothing is known of trainings."""
        return 1

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Refuse: what was recorded cannot be searched anew."""
        raise NasbenchError(f"{self.name} are recorded traces, which cannot be searched; give a benchmark.")

    def oracle(self, protocol: SearchProtocol) -> RecordedBenchmark:
        """Return itself; see `nasbench.benchmarks.oracle.Truth`."""
        return self

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of the value."""
        return (self.unit,)

    @property
    def views(self) -> tuple[object, ...]:
        """Values are shown as they are."""
        return (AS_IT_IS,)

    @property
    def size(self) -> int:
        """Architectures that were recorded."""
        return len(self.means)

    @property
    def best_score(self) -> float:
        """The smallest mean of all that was recorded."""
        return float(self.means.min())

    @property
    def mean_score(self) -> float:
        """Mean over the recorded architectures."""
        return float(self.means.mean())

    @property
    def objectives(self) -> Floats:
        """The means, `(N, 1)`."""
        return self.means[:, None]

    def row(self, architectures: Architectures) -> Ints:
        """Number of each architecture."""
        return self.space.index(architectures)

    def score(self, rows: Ints) -> Floats:
        """Mean of each row."""
        return self.means[rows]

    def search_mean(self, rows: Ints) -> Floats:
        """The same as `score`."""
        return self.means[rows]

    @cached_property
    def _ranked(self) -> Floats:
        return np.sort(self.means)

    def search_rank(self, count: int) -> float:
        """The `count`-th smallest mean, the largest where there are fewer."""
        return float(self._ranked[min(count, self.size) - 1])


def results_of_traces(source: str | Path | pd.DataFrame, benchmark: str = "") -> Results:
    """Return the results of recorded traces; see `nasbench.read_traces`."""
    frame, name = _frame(source)
    if benchmark:
        frame["problem"] = benchmark
    else:  # recorded numbers never stand under the name of a benchmark of the suite, which would be searched and scored by them
        frame["problem"] = [f"recorded/{one}" if is_taken(one) else one for one in frame["problem"]]
    for problem, part in () if benchmark else frame.groupby("problem", sort=False):
        names = list(dict.fromkeys(part["architecture"]))
        means = part.groupby("architecture")["value"].mean()[names].to_numpy(dtype=np.float64)
        unit = "%" if np.abs(means).max() <= 100.0 and np.abs(part["value"]).max() <= 100.0 else "loss"
        space = RecordedSpace(str(problem), names)
        registered.add("benchmark", str(problem), RecordedBenchmark(str(problem), space, means, unit))
    problems = tuple(map(str, dict.fromkeys(frame["problem"])))
    methods = tuple(map(str, dict.fromkeys(frame["method"])))
    counts = {
        (str(problem), str(method)): part["run"].nunique()
        for (problem, method), part in frame.groupby(["problem", "method"])
    }
    if len(set(counts.values())) != 1 or len(counts) != len(problems) * len(methods):
        raise NasbenchError(
            f"The traces {name} have {counts} runs; every method needs the same number on every problem."
        )
    runs, longest = next(iter(counts.values())), int(frame["query"].max()) + 1
    longest_training = get_searchable(benchmark).longest(("error",), "validation") if benchmark else 1
    study = Study(
        name=name,
        description="Recorded traces.",
        seed=0,
        runs=runs,
        runs_per_file=min(runs, 100_000),
        problems=problems,
        objectives=("error",),
        split="validation",
        epochs=(longest_training,),
        training_seed="random",
        repeat_policy="retrain",
        budget=Budget({"queries": longest}),
        # Whose runs they are is not known, so they are nobody's registered method, which theorems would be held against.
        methods=tuple(MethodConfig(name=RECORDED, label=method) for method in methods),
    )
    kept = TemporaryFolder()
    checksums = {problem: get_searchable(problem).checksum for problem in problems}
    store = Store.create_or_resume(kept.path, study, {"benchmarks": checksums})
    for work in study.units():
        part = frame[(frame["problem"] == work.problem) & (frame["method"] == work.label)]
        timing = {"optimizer_seconds": 0.0, "unit_seconds": 0.0}
        store.write(work, UnitResult(timing=timing, traces=encode(_trace(part, longest_training))))
    return Results.open(kept.path).holding(kept)


def _frame(source: str | Path | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.DataFrame):
        frame, name = source, "traces"
    else:
        path = Path(source)
        name = path.stem
        try:
            if path.stat().st_size > LARGEST * 64:
                raise NasbenchError(f"{path} is too large for traces; it may have {LARGEST * 64:,} bytes.")
            frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        except (OSError, ValueError, pa.ArrowException) as fault:
            raise NasbenchError(f"{path} cannot be read as a CSV or Parquet file ({type(fault).__name__}).") from None
    if lacking := [column for column in NEEDED if column not in frame]:
        raise NasbenchError(f"The traces {name} lack the column {lacking[0]}; they need {', '.join(NEEDED)}.")
    if frame.empty:
        raise NasbenchError(f"The traces {name} have no rows; they need one a query.")
    frame = frame.copy()
    for column in ("run", "query", "value"):
        numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(numbers).all():
            raise NasbenchError(f"The traces {name} have a {column} that is no finite number.")
        frame[column] = numbers
    if "problem" not in frame:
        frame["problem"] = name
    if "architecture" not in frame:
        frame["architecture"] = [
            f"{m}/{r:g}/{q:g}" for m, r, q in zip(frame["method"], frame["run"], frame["query"], strict=True)
        ]
    frame = frame.astype({"method": str, "problem": str, "architecture": str})
    return frame.sort_values(["problem", "method", "run", "query"], kind="stable"), name


def _trace(part: pd.DataFrame, epochs: int) -> pa.Table:
    run = part.groupby("run", sort=True).ngroup().to_numpy(dtype=np.int32)
    query = part.groupby("run", sort=True).cumcount().to_numpy(dtype=np.int32)
    if not np.array_equal(query, part["query"].to_numpy()):
        raise NasbenchError("The queries of a run should be numbered 0, 1, 2, ..., each once.")
    first = ~part.duplicated(["run", "architecture"]).to_numpy()
    seconds = part["charged_seconds"].to_numpy(dtype=np.float64) if "charged_seconds" in part else np.ones(len(part))
    return pa.table(
        {
            "run": run,
            "query": query,
            "architecture": pa.array(part["architecture"].to_numpy()).dictionary_encode(),
            "epochs": np.full(len(part), epochs, dtype=np.int32),
            "training_seed": np.full(len(part), -1, dtype=np.int32),
            "error": part["value"].to_numpy(dtype=np.float64),
            "charged_seconds": seconds,
            "is_new_architecture": first,
            "is_new_isomorphism_class": first,
        }
    )
