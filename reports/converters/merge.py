"""Files of another library, several at once, as one table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nasbench.errors import NasbenchError
from nasbench.reports.converters.catalogue import convert, find_converter
from nasbench.reports.converters.converter import ConvertedRuns

RUN = ["problem", "method", "run"]


@dataclass(frozen=True)
class MergedRuns:
    """Runs of files that agree in what was optimised.

    Attributes:
        named: the rows of each file and its name, with a value and a number in every row.
        objective, unit, direction, note, are_architectures_named: as in `ConvertedRuns`.
    """

    named: tuple[tuple[pd.DataFrame, str], ...]
    objective: str
    unit: str
    direction: str
    note: str
    are_architectures_named: bool


def converted_runs(sources: Sequence[Path | None], format: str, objective: str) -> MergedRuns | None:
    """Return the runs of files of another library; None if these are tables of runs.

    Args:
        sources: the files, None for a data frame.
        format: as in `find_converter`.
        objective: what was optimised, empty for the usual.

    Raises:
        NasbenchError: if files of several libraries are mixed, or optimise different things.
    """
    found = [None if path is None or not path.exists() else find_converter(path, format) for path in sources]
    known = [one for one in found if one is not None]
    if not known:
        return None
    names = {one[0] for one in known}
    if len(known) < len(found) or len(names) > 1:
        raise NasbenchError(
            f"Files of {' and '.join(sorted(names))} cannot be reported together with other files; make tables of runs of all (CSV)."
        )
    runs = [
        convert(path, *one, objective)
        for path, one in zip(sources, found, strict=True)
        if path is not None and one is not None
    ]
    if len({(one.objective, one.unit, one.direction) for one in runs}) > 1:
        texts = [f"{one.objective} ({one.direction or 'direction unknown'})" for one in runs]
        raise NasbenchError(
            f"The files optimise different things, {' and '.join(dict.fromkeys(texts))}; report them separately."
        )
    first = runs[0]
    frames = _with_values(runs)
    named = tuple((frame, path.name) for frame, path in zip(frames, sources, strict=True) if path is not None)
    return MergedRuns(
        named=named,
        objective=first.objective,
        unit=first.unit,
        direction=first.direction,
        note=first.note,
        are_architectures_named=all(one.are_architectures_named for one in runs),
    )


def _with_values(runs: Sequence[ConvertedRuns]) -> list[pd.DataFrame]:
    """Return the rows with a number for each query; one that gave no result has the worst value on its problem, so that it counts and never leads."""
    worst = "min" if runs[0].direction == "max" else "max"
    extremes = pd.concat([one.frame[["problem", "value"]] for one in runs]).groupby("problem")["value"].agg(worst)
    frames = []
    for one in runs:
        frame = one.frame.copy()
        frame["value"] = frame["value"].fillna(frame["problem"].map(extremes))
        frame["query"] = frame.groupby(RUN).cumcount()
        frames.append(frame)
    return frames
