"""What a tracker is, and what is logged: the curve of every run of a study, and of every training and search epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from nasbench.errors import unknown_name

Settings = Mapping[str, str | int | float]
TRACKERS = {
    "tensorboard": "nasbench.study.tracking.tensorboard_tracker:TensorBoardTracker",
    "mlflow": "nasbench.study.tracking.mlflow_tracker:MLflowTracker",
    "wandb": "nasbench.study.tracking.wandb_tracker:WandbTracker",
}
"""Trackers by name."""


class TrackedRun(Protocol):
    """One curve or several over common steps."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log values after a step: a query, or an epoch."""

    def close(self) -> None:
        """End the run; it is complete on the disk then."""


class Tracker(Protocol):
    """Where runs are logged, in a folder and without a network."""

    def start(self, name: str, settings: Settings) -> TrackedRun:
        """Begin a run of that name, unique in the folder, with what it is a run of."""


def make_tracker(name: str, folder: Path, project: str) -> Tracker:
    """Return a tracker that logs below a folder.

    Args:
        name: "tensorboard", "mlflow" or "wandb".
        folder: for the files of the tracker.
        project: what the runs belong to: a study, or the task of a search.

    Raises:
        UnknownNameError: if there is none of that name.
        MissingExtraError: if its package is not installed.
    """
    if name not in TRACKERS:
        raise unknown_name("tracker", name, TRACKERS)
    module, _, attribute = TRACKERS[name].partition(":")
    tracker: Tracker = getattr(import_module(module), attribute)(folder, project)
    return tracker


def incumbents(table: pa.Table, objective: str) -> Iterator[tuple[int, list[tuple[int, float]]]]:
    """Return each run of a trace with the smallest value of the objective after every query that improved it, and after the last."""
    runs, queries, values = (table[name].to_numpy() for name in ("run", "query", objective))
    for run in np.unique(runs):
        own = runs == run
        best = np.minimum.accumulate(np.where(np.isnan(values[own]), np.inf, values[own]))
        at = np.flatnonzero(np.concatenate([[True], best[1:] < best[:-1]]))
        at = np.union1d(at, [len(best) - 1])
        yield int(run), [(int(queries[own][i]), float(best[i])) for i in at]


@dataclass
class EpochTracking:
    """Logs the rows of trainings and searches, epoch by epoch, as they come; each is a run of its own.

    Attributes:
        trackers: where to.
        settings: what the whole is.
    """

    trackers: Sequence[Tracker]
    settings: Settings
    _open: dict[str, tuple[int, list[TrackedRun]]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, curve: str, row: Mapping[str, Any]) -> None:
        """Log a row of a curve, `search` or `training`; a training that begins with an epoch not after the last one is the next."""
        epoch = int(row["epoch"])
        last, runs = self._open.get(curve, (epoch, []))
        if epoch <= last:
            for run in runs:
                run.close()
            number = self._counts[curve] = self._counts.get(curve, 0) + 1
            runs = [tracker.start(f"{curve}-{number}", self.settings) for tracker in self.trackers]
        self._open[curve] = epoch, runs
        numbers = {name: float(value) for name, value in row.items() if _is_number(value) and name != "epoch"}
        for run in runs:
            run.log(epoch, numbers)

    def close(self) -> None:
        """End all runs."""
        for _, runs in self._open.values():
            for run in runs:
                run.close()
        self._open.clear()


@contextmanager
def tracked_epochs(
    names: Sequence[str], folder: Path, project: str, settings: Settings, follow: Callable[[Any], Any]
) -> Iterator[None]:
    """Log all epochs within the context; `follow` makes a context in which its argument is called with every epoch."""
    if not names:
        yield
        return
    tracking = EpochTracking([make_tracker(name, folder, project) for name in names], settings)
    with ExitStack() as stack:
        stack.callback(tracking.close)
        stack.enter_context(follow(tracking))
        yield


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
