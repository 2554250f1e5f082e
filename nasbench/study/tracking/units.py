"""Units of a study in trackers: a run of a tracker for each run of a method, once its traces are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nasbench.study.config import WorkUnit
from nasbench.study.store import Store
from nasbench.study.tracking.tracker import Settings, incumbents, make_tracker


def tracking_folder(out: Path | None) -> Path:
    """Return the folder of trackers: below that of results, else `tracking` here."""
    return (out or Path()) / "tracking"


def track_units(names: Sequence[str], folder: Path, project: str) -> Callable[[Store, WorkUnit], None]:
    """Return what logs the units of a study: the smallest first objective so far of each run, as it was observed and is minimised.

    Args:
        names: of trackers; none to log nothing.
        folder: for the files of trackers.
        project: name of the study.

    Raises:
        NasbenchError: if there is no tracker of a name, or its package is not installed.
    """
    trackers = [make_tracker(name, folder, project) for name in names]

    def written(store: Store, unit: WorkUnit) -> None:
        if not trackers or unit.method is None:
            return
        objective = store.study.objectives[0]
        for run, curve in incumbents(store.read(unit), objective):
            settings: Settings = {"problem": unit.problem, "method": unit.label, "run": run, "seed": store.study.seed}
            for tracker in trackers:
                tracked = tracker.start(f"{unit.problem} {unit.label} {run}", settings)
                for query, value in curve:
                    tracked.log(query + 1, {f"best {objective}": value})
                tracked.close()

    return written
