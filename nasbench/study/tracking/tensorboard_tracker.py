"""TensorBoard: a folder of event files a run; `tensorboard --logdir FOLDER/tensorboard` shows them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.extras import require_extra
from nasbench.files.path_names import path_components
from nasbench.study.tracking.tracker import Settings, TrackedRun


class TensorBoardTracker:
    """A folder of event files, written by the package tensorboard alone."""

    def __init__(self, folder: Path, project: str) -> None:
        self._writers = require_extra("tensorboard", "tensorboard.summary.writer.event_file_writer")
        self._events = require_extra("tensorboard", "tensorboard.compat.proto.event_pb2")
        self._summaries = require_extra("tensorboard", "tensorboard.compat.proto.summary_pb2")
        self.folder, self.project = folder / "tensorboard", project

    def start(self, name: str, settings: Settings) -> TrackedRun:
        """Return a run whose events lie in a folder of its name; settings are part of the name."""
        return _Events(
            self._writers.EventFileWriter(str(self.folder / path_components([name])[name])),
            self._events,
            self._summaries,
        )


class _Events:
    """One event file."""

    def __init__(self, writer: Any, events: Any, summaries: Any) -> None:
        self.writer, self.events, self.summaries = writer, events, summaries

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write a scalar a value, and flush, so that a running TensorBoard shows it."""
        scalars = [self.summaries.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        summary = self.summaries.Summary(value=scalars)
        self.writer.add_event(self.events.Event(step=step, wall_time=time.time(), summary=summary))
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()
