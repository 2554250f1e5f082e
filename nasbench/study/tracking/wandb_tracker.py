"""Weights & Biases, offline: a folder of runs; `wandb sync FOLDER/wandb/offline-run-*` uploads them if one wants to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.extras import require_extra
from nasbench.study.tracking.tracker import Settings, TrackedRun


class WandbTracker:
    """A project of offline runs."""

    def __init__(self, folder: Path, project: str, module: Any = None) -> None:
        self.module = module or require_extra("wandb", "wandb")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.project = folder, project

    def start(self, name: str, settings: Settings) -> TrackedRun:
        """Return a run of that name beside those that are open, with the settings as its config."""
        return _Run(
            self.module.init(
                mode="offline",
                dir=str(self.folder),
                project=self.project.replace("/", "-"),
                name=name,
                config=dict(settings),
                reinit="create_new",
            )
        )


class _Run:
    """One offline run."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log all values of a step."""
        self.run.log(dict(values), step=step)

    def close(self) -> None:
        """Finish the run."""
        self.run.finish()
