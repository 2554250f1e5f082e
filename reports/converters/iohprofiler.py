"""Logs of IOHexperimenter, the format of IOHanalyzer: IOHprofiler_*.json, which names .dat files.

Source: Wang et al., "IOHanalyzer: Detailed performance analyses for iterative optimization heuristics", 2022, and
https://iohprofiler.github.io/IOHanalyzer/data. A log has the evaluations that its trigger chose; between two of them the best value
so far is known, and evaluations that were not logged stand as repetitions of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.documents import read_json, read_text
from nasbench.reports.converters.converter import MOST_BYTES, ConvertedRuns, Converter, files_named, is_any
from nasbench.spaces.space import Floats, Ints

PATTERN = "IOHprofiler_*.json"
VALUES = ("raw_y", "transformed_y", "raw_y_best", "transformed_y_best")
"""Columns of which the first that is there is read, unless another is asked for."""
FIRST = "evaluations"
"""Name of the first column."""
MOST_EVALUATIONS = 5_000_000


def recognises(path: Path) -> bool:
    """Return whether there is a log of IOHexperimenter."""
    return is_any(path, PATTERN)


def read(path: Path, objective: str = "") -> ConvertedRuns:
    """Return the evaluations of all runs; `objective` is a column of the .dat files."""
    parts, directions = [], set()
    for file in files_named(path, PATTERN):
        found = read_json(file, str(file))
        directions.add("max" if found["maximization"] else "min")
        parts += list(_runs(file, found, objective))
    if len(directions) > 1:
        raise NasbenchError(f"{path} has functions to minimise and functions to maximise; report them separately.")
    if not parts:
        raise NasbenchError(f"{path} has no runs, so there is nothing to report.")
    frame = pd.concat(parts, ignore_index=True)
    frame["run"] = (
        frame.groupby(["problem", "method"])["run"].transform(lambda own: own.rank(method="dense") - 1).astype(int)
    )
    return ConvertedRuns(
        frame=frame,
        direction=directions.pop(),
        note="Evaluations that the log left out count as repetitions of the best one before them.",
        are_architectures_named=False,
    )


def _runs(file: Path, found: dict[str, Any], objective: str) -> Iterator[pd.DataFrame]:
    """Return the runs of the scenarios of a file, one after the other; the instances of a function are problems of their own."""
    method = str(found["algorithm"]["name"])
    instances = {run["instance"] for scenario in found["scenarios"] for run in scenario["runs"]}
    for scenario in found["scenarios"]:
        data = _inside(file.parent, str(scenario["path"]))
        columns, runs = _blocks(data)
        value = objective or next((name for name in VALUES if name in columns), "")
        if value not in columns:
            raise unknown_name(f"column of {data}", value or VALUES[0], columns)
        if len(runs) != len(scenario["runs"]):
            raise ValueError(f"{data.name} has {len(runs)} runs and its description {len(scenario['runs'])}")
        for number, (own, about) in enumerate(zip(runs, scenario["runs"], strict=True)):
            problem = f"{found['function_name']}, dimension {scenario['dimension']}"
            problem += f", instance {about['instance']}" if len(instances) > 1 else ""
            _check_whole(data, own, columns, about)
            values, logged = _every(own[:, 0].astype(np.int64), own[:, columns.index(value)], int(about.get("evals", 0)), found["maximization"])  # fmt: skip
            yield pd.DataFrame({
                "method": method, "problem": problem, "run": number, "value": values,
                "architecture": [f"{method}/{problem}/{number}/{at}" for at in logged],
            })  # fmt: skip


def _check_whole(data: Path, own: Floats, columns: list[str], about: dict[str, Any]) -> None:
    """Check that a run has its last evaluation, which is always logged, and its best as the description has it; else the log was cut."""
    best = about.get("best")
    if "evals" in about and own[-1, 0] != about["evals"]:
        raise ValueError(f"{data.name} ends a run at evaluation {own[-1, 0]:.0f} of {about['evals']}")
    if isinstance(best, dict) and {"evals", "y"} <= set(best):
        row = own[own[:, 0] == best["evals"]]
        known = [columns.index(name) for name in VALUES if name in columns]
        if known and not np.isclose(row[:, known], best["y"], rtol=1e-6, atol=1e-9).any():
            raise ValueError(f"{data.name} lacks evaluation {best['evals']}, the best of a run, or has it otherwise")


def _inside(folder: Path, name: str) -> Path:
    """Return a file of a folder; raises NasbenchError if its name leads elsewhere."""
    file = (folder / name.replace("\\", "/")).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise NasbenchError(f"A log in {folder} names the file {name!r}, which is not in that folder; it should be.")
    return file


def _blocks(path: Path) -> tuple[list[str], list[Floats]]:
    """Return the columns of a .dat file, and its numbers run by run; a line of names begins each run."""
    names: list[str] = []
    runs: list[list[list[float]]] = []
    text = read_text(path, str(path), MOST_BYTES)
    if not text.endswith("\n"):
        raise ValueError(f"{path.name} ends within a line, so it was cut")
    for line in text.splitlines():
        if not line.strip():
            continue
        if not (line[0].isdigit() or line[0] in "+-."):
            found = line.replace('"', "").split()
            if found[0] != FIRST or (names and found != names):
                raise ValueError(f"{path.name} has a line that is neither numbers nor the names of its columns")
            names = found
            runs.append([])
        else:
            runs[-1].append([float(number) for number in line.split()])
    return names, [np.array(run) for run in runs]


def _every(at: Ints, values: Floats, evaluations: int, is_maximised: bool) -> tuple[Floats, Ints]:
    """Return the value of every evaluation, and the logged evaluation that it is one of or repeats.

    Args:
        at: numbers of the logged evaluations, from 1, ascending.
        values: their values.
        evaluations: of the whole run.
        is_maximised: whether larger values are better.
    """
    last = max(int(at[-1]), evaluations)
    if last > MOST_EVALUATIONS or at[0] < 1 or (np.diff(at) <= 0).any():
        raise ValueError("evaluations are not numbered 1, 2, 3, ... within bounds")
    merit = -values if is_maximised else values
    best = np.minimum.accumulate(merit)
    improved = np.concatenate([[True], merit[1:] < best[:-1]])
    leader = np.maximum.accumulate(np.where(improved, np.arange(len(at)), 0))
    before = np.maximum(np.searchsorted(at, np.arange(1, last + 1), side="right") - 1, 0)
    source = leader[before]
    source[at - 1] = np.arange(len(at))
    return values[source], at[source]


CONVERTER = Converter("IOHexperimenter: a folder of IOHprofiler_*.json and .dat files", recognises, read)
