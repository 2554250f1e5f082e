"""MLflow: a SQLite file of runs; `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.extras import require_extra
from nasbench.study.tracking.tracker import Settings, TrackedRun


class MLflowTracker:
    """An experiment in a local file; no server is asked, whatever the environment names."""

    def __init__(self, folder: Path, project: str, client: Any = None) -> None:
        if client is None:
            folder.mkdir(parents=True, exist_ok=True)
            module = require_extra("mlflow", "mlflow")
            client = module.MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').absolute()}")
        self.client = client
        known = client.get_experiment_by_name(project)
        artifacts = (folder / "mlflow-artifacts").absolute().as_uri()
        self.experiment = (
            known.experiment_id if known else client.create_experiment(project, artifact_location=artifacts)
        )

    def start(self, name: str, settings: Settings) -> TrackedRun:
        """Return a run of that name, with the settings as parameters."""
        run = self.client.create_run(self.experiment, run_name=name).info.run_id
        for key, value in settings.items():
            self.client.log_param(run, key, value)
        return _Run(self.client, run)


class _Run:
    """One run of an experiment."""

    def __init__(self, client: Any, run: str) -> None:
        self.client, self.run = client, run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log a metric a value."""
        for name, value in values.items():
            self.client.log_metric(self.run, name, value, step=step)

    def close(self) -> None:
        """Mark the run as finished."""
        self.client.set_terminated(self.run)
