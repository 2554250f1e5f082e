"""Experiment trackers: event files of TensorBoard, and doubles of MLflow and W&B that have their signatures."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.live.training.following import following, tell_followers
from nasbench.study.tracking.mlflow_tracker import MLflowTracker
from nasbench.study.tracking.tracker import EpochTracking, incumbents, make_tracker, tracked_epochs
from nasbench.study.tracking.wandb_tracker import WandbTracker


class Recorder:
    """A tracker and its runs that keep what they are told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def start(self, name: str, settings: Any) -> Any:
        self.told.append(("start", name, dict(settings)))
        return SimpleNamespace(
            log=lambda step, values: self.told.append((name, step, dict(values))),
            close=lambda: self.told.append(("end", name)),
        )


class RecordingClient:
    """`mlflow.MlflowClient` as far as it is used."""

    def __init__(self) -> None:
        self.metrics: list[tuple[str, str, float, int | None]] = []
        self.params: dict[str, Any] = {}
        self.ended: list[str] = []

    def get_experiment_by_name(self, name: str) -> Any:
        return None

    def create_experiment(self, name: str, artifact_location: str | None = None) -> str:
        return f"experiment {name}"

    def create_run(self, experiment_id: str, run_name: str | None = None) -> Any:
        return SimpleNamespace(info=SimpleNamespace(run_id=f"{experiment_id}/{run_name}"))

    def log_param(self, run_id: str, key: str, value: Any) -> None:
        self.params[key] = value

    def log_metric(self, run_id: str, key: str, value: float, step: int | None = None) -> None:
        self.metrics.append((run_id, key, value, step))

    def set_terminated(self, run_id: str) -> None:
        self.ended.append(run_id)


class RecordingWandb:
    """The module `wandb` as far as it is used."""

    def __init__(self) -> None:
        self.inits: list[dict[str, Any]] = []
        self.logged: list[tuple[dict[str, Any], int | None]] = []

    def init(self, mode: str, dir: str, project: str, name: str, config: dict[str, Any], reinit: str) -> Any:
        self.inits.append({"mode": mode, "project": project, "name": name, "config": config, "reinit": reinit})
        return SimpleNamespace(log=lambda data, step=None: self.logged.append((data, step)), finish=lambda: None)


def test_a_run_is_logged_where_it_improved_and_at_its_end() -> None:
    table = pa.table({"run": [0, 0, 0, 0, 3, 3], "query": [0, 1, 2, 3, 0, 1], "error": [5.0, 6.0, 4.0, 4.5, 1.0, 0.5]})
    assert list(incumbents(table, "error")) == [(0, [(0, 5.0), (2, 4.0), (3, 4.0)]), (3, [(0, 1.0), (1, 0.5)])]


def test_epochs_are_followed_and_each_training_is_a_run_of_its_own() -> None:
    recorder = Recorder()
    tracking = EpochTracking([recorder], {"task": "digits"})
    with following(tracking):
        for _ in range(2):
            for epoch in (1, 2):
                tell_followers(
                    "training", {"epoch": epoch, "train_loss": 1.0 / epoch, "architecture": "x", "odd": float("nan")}
                )
    tell_followers("training", {"epoch": 3, "train_loss": 0.1})  # nobody listens any more
    tracking.close()
    assert recorder.told == [
        step
        for number in (1, 2)
        for step in (
            ("start", f"training-{number}", {"task": "digits"}),
            (f"training-{number}", 1, {"train_loss": 1.0}),
            (f"training-{number}", 2, {"train_loss": 0.5}),
            ("end", f"training-{number}"),
        )
    ]


def test_mlflow_gets_params_metrics_and_an_end(tmp_path: Path) -> None:
    client = RecordingClient()
    run = MLflowTracker(tmp_path, "a/study", client).start("r", {"seed": 1})
    run.log(3, {"best error": 2.0})
    run.close()
    name = "experiment a/study/r"
    assert client.metrics == [(name, "best error", 2.0, 3)] and client.params == {"seed": 1} and client.ended == [name]


def test_wandb_is_offline(tmp_path: Path) -> None:
    module = RecordingWandb()
    run = WandbTracker(tmp_path, "a/study", module).start("r", {"seed": 1})
    run.log(3, {"best error": 2.0})
    run.close()
    assert module.inits == [
        {"mode": "offline", "project": "a-study", "name": "r", "config": {"seed": 1}, "reinit": "create_new"}
    ]
    assert module.logged == [({"best error": 2.0}, 3)]


@pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed")
def test_the_double_of_mlflow_has_its_signatures() -> None:
    import mlflow

    for name, own in vars(RecordingClient).items():
        if not name.startswith("_"):
            theirs = inspect.signature(getattr(mlflow.MlflowClient, name)).parameters
            assert set(inspect.signature(own).parameters) <= set(theirs), name


@pytest.mark.skipif(find_spec("mlflow") is None or find_spec("sqlalchemy") is None, reason="mlflow is not installed")
def test_mlflow_keeps_the_curve_in_a_file(tmp_path: Path) -> None:
    tracker = make_tracker("mlflow", tmp_path, "study")
    assert isinstance(tracker, MLflowTracker)
    run = tracker.start("r", {"seed": 1})
    run.log(3, {"best error": 2.0})
    run.close()
    (kept,) = tracker.client.search_runs([tracker.experiment])
    assert (
        kept.data.metrics == {"best error": 2.0}
        and kept.data.params == {"seed": "1"}
        and kept.info.status == "FINISHED"
    )


@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_the_double_of_wandb_has_its_signatures() -> None:
    import wandb

    theirs = inspect.signature(wandb.init).parameters
    assert set(inspect.signature(RecordingWandb.init).parameters) - {"self"} <= set(theirs)
    assert {"data", "step"} <= set(inspect.signature(wandb.Run.log).parameters) and callable(wandb.Run.finish)


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_tensorboard_reads_the_curves_of_a_study(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (tmp_path / "study.toml").write_text(
        nasbench.Study(problems=["onemax/6x2"], methods=["random_search"], runs=2, budget={"queries": 8}).to_toml()
    )
    assert status(["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"), "--track", "tensorboard"]) == 0
    frame = nasbench.load_results(tmp_path / "out").to_pandas()
    folders = sorted((tmp_path / "out" / "tracking" / "tensorboard").iterdir())
    assert len(folders) == 2
    for run, folder in enumerate(folders):
        events = EventAccumulator(str(folder)).Reload()
        (tag,) = events.Tags()["scalars"]
        last = events.Scalars(tag)[-1]
        assert last.step == 8 and last.value == pytest.approx(frame[frame["run"] == run]["incumbent"].iloc[-1])


def test_a_tracker_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="did you mean 'tensorboard'"):
        make_tracker("tensorbord", tmp_path, "x")
    if find_spec("wandb") is None:
        with pytest.raises(NasbenchError, match=r"nas-verify\[wandb\]"):
            make_tracker("wandb", tmp_path, "x")
    with tracked_epochs((), tmp_path / "none", "x", {}, following):
        tell_followers("training", {"epoch": 1})
    assert not (tmp_path / "none").exists()
