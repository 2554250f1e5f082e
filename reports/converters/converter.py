"""What a converter is, and what several of them need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from nasbench.errors import NasbenchError
from nasbench.files.documents import LARGEST, parse_json, read_text

MOST_BYTES = 64 * LARGEST
"""Size of the largest file of runs that is read."""
MOST_FILES = 100_000
"""Files of a folder of runs."""
SEED = re.compile(r"^(.+?)[\s._/-]+(?:seed|run)?[\s._-]*(\d{1,15})$", re.IGNORECASE)
"""A name that ends in the number of a run."""


@dataclass(frozen=True, kw_only=True)
class ConvertedRuns:
    """Runs of another library as a table, a row per query; the queries of a run are in the order in which they were made.

    Attributes:
        frame: the columns `method`, `problem`, `run` and `value`, and where they are known `architecture`, `charged_seconds`, `worker`
            and `wall_seconds`. A value that is NaN is a query that gave no result.
        objective: what was optimised, as reports call it.
        unit: of the values; empty where the library does not say.
        direction: "min" or "max"; empty where the library does not say.
        note: what readers of the report should know, in sentences.
        are_architectures_named: whether equal names are equal architectures; if not, every query counts as a different one.
    """

    frame: pd.DataFrame
    objective: str = "value"
    unit: str = ""
    direction: str = ""
    note: str = ""
    are_architectures_named: bool = True


@dataclass(frozen=True)
class Converter:
    """How the files of one library are read.

    Attributes:
        summary: library and files, for a list of formats.
        recognises: whether a file or folder is of the format; raises nothing, and looks at little.
        read: the runs of a file or folder that is of the format, by the name of an objective, empty for the usual one. It may raise
            `NasbenchError`; any other error means that the file is damaged.
    """

    summary: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, str], ConvertedRuns]


def split_run(name: str) -> tuple[str, int]:
    """Return the method and the number of the run that a name such as `tpe-3` or `tpe_seed3` says; run 0 if it says none."""
    found = SEED.match(name)
    return (found[1], int(found[2])) if found else (name, 0)


def objective_number(objective: str, count: int, source: Path) -> int:
    """Return the number of an objective, from 0; 0 for an empty text.

    Raises:
        NasbenchError: if it is no number of one of `count` objectives.
    """
    if objective and not (objective.isascii() and objective.isdigit() and int(objective) < count):
        numbers = "its only objective is number 0" if count == 1 else f"its objectives are numbered 0 to {count - 1}"
        raise NasbenchError(f"--objective is {objective!r}, and {source} has no objective of that number; {numbers}.")
    return int(objective or 0)


def files_named(folder: Path, pattern: str) -> list[Path]:
    """Return the files below a folder, or the file itself, that match a pattern, sorted by path.

    Raises:
        NasbenchError: if there are too many.
    """
    if folder.is_file():
        return [folder] if folder.match(pattern) else []
    found: list[Path] = []
    for path in folder.rglob(pattern):
        if path.is_file():
            found.append(path)
        if len(found) > MOST_FILES:
            raise NasbenchError(f"{folder} has more than {MOST_FILES:,} files {pattern}; report parts of it.")
    return sorted(found)


def is_any(folder: Path, pattern: str) -> bool:
    """Return whether a folder has a file that matches a pattern at any depth, or is one itself."""
    return folder.match(pattern) if folder.is_file() else next(folder.rglob(pattern), None) is not None


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Return the objects of a file with one JSON object a line."""
    for number, line in enumerate(read_text(path, str(path), MOST_BYTES).splitlines(), start=1):
        if line.strip():
            found = parse_json(line, f"line {number} of {path}")
            if not isinstance(found, dict):
                raise TypeError(f"line {number} is no object")
            yield found


def head(path: Path, size: int = 4096) -> bytes:
    """Return the first bytes of a file; none if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError:
        return b""


def as_text(value: object) -> str:
    """Return a configuration as text: equal for equal configurations."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={as_text(value[name])}" for name in sorted(value))
    return f"{value:.17g}" if isinstance(value, float) else str(value)
