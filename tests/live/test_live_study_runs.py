"""Live studies as they run: skipped, killed and resumed to the same bits, read again, without torch until one runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
import typer
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live.experiment.evaluation_cache import EvaluationCache
from nasbench.reports.commands import report
from nasbench.study.backend import UnitResult
from nasbench.study.commands import run
from nasbench.study.config import Study
from nasbench.study.runner import check_study, run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study, parse_study

from tiny_study import only, tiny
from vouching import vouch

CPU = torch.device("cpu")


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Any]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("run")(run)
    app.command("report")(report)

    def invoke(*arguments: str) -> Any:
        result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return invoke


def test_the_command_tells_studies_apart(call: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="did you mean 'live-quick'"):
        call("run", "live-quik")
    with pytest.raises(NasbenchError, match="no problem of live-quick named 'cifar'; did you mean 'cifar10'"):
        call("run", "live-quick", "--task", "cifar")
    with pytest.raises(NasbenchError, match="no problem of quick named 'digits'"):
        call("run", "quick", "--task", "digits")
    with pytest.raises(NasbenchError, match="quick has no live tasks, and only these use a device"):
        call("run", "quick", "--device", "cpu")
    with pytest.raises(NasbenchError, match="leave --cluster out"):
        call("run", "live-quick", "--cluster", "local")
    (tmp_path / "broken.toml").write_text("tasks = [")
    with pytest.raises(NasbenchError, match="is not TOML"):
        call("run", str(tmp_path / "broken.toml"))


def test_finding_a_study_imports_no_torch() -> None:
    code = (
        "import sys; from nasbench.study.toml import load_study\n"
        "assert not load_study('quick').live_problems and load_study('applications').live_problems\n"
        "import nasbench.study.store, nasbench.study.runner; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_study_for_a_gpu_runs_as_it_is_in_all_but_size(tmp_path: Path) -> None:
    """Every optimizer, its recipe (bfloat16, moving average, cutout, flip) and its budget in seconds, on small images."""
    text = load_study("live-cifar10").to_toml()
    lines = {"runs": "1", "problems": '["live/digits"]', "references": '["majority"]', "train": "96", "search": "48"}
    sizes = {"epochs": "1", "channels": "4", "cells": "1", "batch_size": "32", "train_seconds": "0.5"}
    for key, value in (lines | sizes).items():
        text, found = re.subn(rf"^{key} = (\[[^\]]*\]|.*)$", f"{key} = {value}", text, flags=re.M)
        assert found
    study = parse_study(text.replace("epochs = 1\n", 'epochs = "longest"\n', 1), "rehearsal")
    check_study(study)
    assert run_study(study, tmp_path, device="cpu").done == len(study.units()) == 6
    results = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("*.json")]
    searches = [result for result in results if "architecture" in result]
    assert len(searches) == 5 and all(0 <= result["test_error_with_views"] <= 100 for result in searches)


def test_a_study_runs_skips_resumes_and_ends_in_a_page(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))
    path, folder = tmp_path / "mine.toml", tmp_path / "out"
    text = only(
        tiny(name='"mine"', problems='["live/co2", "live/ett"]', references='["training_mean", "small_cnn"]'),
        "gaea",
        "random_search",
    )
    path.write_text(text)
    arguments = ("run", str(path), "--out", str(folder))
    (row,) = call(*arguments, "--runs", "2")["runs"]
    assert row["units"] == row["done"] == 2 * 2 + 1 + 2 and list(row["skipped"]) == ["live/ett"]
    (row,) = call(*arguments, "--runs", "2")["runs"]
    assert row["done"] == 0
    with pytest.raises(NasbenchError, match="holds 2 runs and 1 are asked for; runs are added and never taken away"):
        call(*arguments)
    page = Path(call("report", str(folder))["reports"][0]["page"]).read_text(encoding="utf-8")
    for expected in (
        "ett was not run",
        "nasbench data fetch ett --source FOLDER",
        "Search curves",
        "small_cnn",
        "Optimizers are not compared",
    ):
        assert expected in page
    stored = json.loads((folder / "runs" / "co2" / "gaea" / "000001.json").read_text())
    assert stored["config"]["recipe"]["epochs"] == 2 and "seconds" not in json.dumps(stored["search_curve"])
    (folder / "runs" / "co2" / "gaea" / "000001.json").unlink()
    with pytest.raises(NasbenchError, match="lacks 1 of 7 units of its study"):
        call("report", str(folder))
    with pytest.raises(NasbenchError, match="nasbench data fetch ett --source FOLDER"):
        call("run", str(path), "--task", "ett", "--out", str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def _bits(folder: Path) -> dict[str, bytes]:
    files = [*(folder / "runs").rglob("*.json"), *(folder / "traces").rglob("*.parquet")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}


def _kill_when(there: Callable[[], bool], arguments: list[str]) -> None:
    """Start a run in a process of its own and kill it with -9 as soon as a condition holds."""
    process = subprocess.Popen(arguments, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and not there():
        time.sleep(0.005)
    assert process.poll() is None, "the study ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_in_a_search_and_in_a_training_and_resumed_it_gives_the_same_bits(tmp_path: Path) -> None:
    study = parse_study(only(tiny(name='"mine"', seed="3"), "hybrid_supernet", "regularized_evolution"), "mine")
    study_path, folder = tmp_path / "mine.toml", tmp_path / "killed"
    study_path.write_text(study.to_toml())
    code = "import sys; from nasbench.cli.main import main; sys.argv = ['nasbench', *sys.argv[1:]]; main()"
    arguments = [sys.executable, "-c", code, "run", str(study_path), "--out", str(folder)]
    places = {unit.label.partition(" ")[0]: folder / "checkpoints" / unit.path for unit in study.units()}
    hybrid, evolution = places["hybrid_supernet"], places["regularized_evolution"]
    _kill_when((hybrid / "search.pt").exists, arguments)
    assert not (hybrid / "searched.json").exists()
    _kill_when((evolution / "trainings.json").exists, arguments)
    assert not (evolution / "searched.json").exists()
    begun = json.loads((evolution / "trainings.json").read_text())["answers"]
    run_study(study, folder, device="cpu")
    whole = tmp_path / "whole"
    run_study(study, whole, device="cpu", jobs=2)
    assert _bits(folder) == _bits(whole) and len(_bits(whole)) == 3 + 2  # results, and traces of the two searches
    ended = json.loads((evolution / "trainings.json").read_text())["answers"]
    assert {key: ended[key] for key in begun} == begun and len(ended) == 3  # what was trained is not trained again
    store = Store.open(folder)
    (unit,) = (u for u in study.units() if u.label.startswith("regularized"))
    assert store.result(unit)["search_seconds"] >= sum(answer[2] for answer in ended.values())
    _check_traces(store, [answer[2] for answer in ended.values()])
    _check_traces_of_older_versions(folder)


def _check_traces(store: Store, seconds: list[float]) -> None:
    """A search on shared weights has a row an epoch and a finalist, one that trains alone a row a training."""
    reference, hybrid, evolution = store.study.units()
    shared, alone = store.read(hybrid).to_pandas(), store.read(evolution).to_pandas()
    columns = ["run", "query", "architecture", "epochs", "training_seed", "error", "charged_seconds"]
    columns += ["is_new_architecture", "is_new_isomorphism_class"]
    assert list(alone)[:9] == columns == list(shared)[:9]
    assert alone["charged_seconds"].tolist() == seconds and alone["query"].tolist() == [0, 1, 2]
    finalists = shared[shared["operator"] == "finalist"]
    assert len(finalists) == len(shared) - 2 and finalists["epochs"].eq(2).all() and shared["epochs"][:2].eq(1).all()
    best = finalists.loc[finalists["error"].idxmin(), "architecture"]
    assert store.result(hybrid)["architecture"] == best and shared["training_seed"].eq(3).all()
    assert pq.read_table(store.folder / "traces" / f"{hybrid.path}.parquet")["charged_seconds"].null_count == len(
        shared
    )
    with pytest.raises(NasbenchError, match="reference model, which has no trace"):
        store.read(reference)


def _check_traces_of_older_versions(folder: Path) -> None:
    """They had none, and are read off the curves; one that was removed is made anew."""
    store = Store.open(folder)
    *_, hybrid, evolution = store.study.units()
    whole, partly = (store.read(unit).to_pandas() for unit in (hybrid, evolution))
    (folder / "traces" / f"{evolution.path}.parquet").unlink()
    assert Store.open(folder).missing == [evolution]
    shutil.rmtree(folder / "traces")
    for path in (folder / "timings").rglob("*.json"):
        timing = json.loads(path.read_text())
        path.write_text(json.dumps({key: value for key, value in timing.items() if key != "charged_seconds"}))
    vouch(folder)
    older = Store.open(folder)
    assert older.missing == []
    shared, alone = older.read(hybrid).to_pandas(), older.read(evolution).to_pandas()
    assert_frame_equal(shared, whole[:2], check_categorical=False)
    said = [name for name in alone if name != "training_seed"]
    assert_frame_equal(alone[said], partly[said], check_categorical=False)


def test_a_journal_answers_what_it_knows_and_refuses_what_it_does_not(tmp_path: Path) -> None:
    path = tmp_path / "trainings.json"
    calls = []

    def train() -> tuple[list[float], int, float]:
        calls.append(1)
        return [1.5], 7, 2.5

    first = EvaluationCache(path, {"a": (1, 2)})
    assert first.answer((3, 0, 0, 0), train) == ([1.5], 7, 2.5) and first.replayed_seconds == 0
    second = EvaluationCache(path, {"a": (1, 2)})
    assert second.answer((3, 0, 0, 0), train) == ([1.5], 7, 2.5)
    assert len(calls) == 1 and second.replayed_seconds == 2.5
    with pytest.raises(NasbenchError, match="evaluation cache of another search"):
        EvaluationCache(path, {"a": (1, 3)})
    path.write_text("{")
    with pytest.raises(NasbenchError, match="is no evaluation cache"):
        EvaluationCache(path, {})


def test_results_that_are_damaged_are_named(tmp_path: Path) -> None:
    study: Study = parse_study(only(tiny(name='"mine"'), "gaea"), "mine")
    store = Store.create_or_resume(tmp_path / "out", study, {})
    unit = study.units()[0]
    store.write(unit, UnitResult(timing={}, result={"test_error": 1.0, "train_seconds": 2.0}))
    assert store.result(unit) == {"test_error": 1.0, "train_seconds": 2.0, "search_curve": [], "train_curve": []}
    store.path(unit).write_text("{")
    with pytest.raises(NasbenchError, match="missing or damaged"):
        store.result(unit)


def test_seeds_are_added_with_the_bits_of_seeds_asked_for_at_once(call: Callable[..., Any], tmp_path: Path) -> None:
    """Also from another first seed; what was there stays, and fewer are refused."""
    path, grown, once = tmp_path / "mine.toml", tmp_path / "grown", tmp_path / "once"
    path.write_text(only(tiny(name='"mine"'), "random_search"))
    command = ("run", str(path), "--seed", "4")
    assert call(*command, "--out", str(once), "--runs", "2")["runs"][0]["done"] == 3
    assert call(*command, "--out", str(grown), "--runs", "1")["runs"][0]["done"] == 2
    before = _bits(grown)
    assert call(*command, "--out", str(grown), "--runs", "2")["runs"][0]["done"] == 1
    assert _bits(grown) == _bits(once) and before.items() <= _bits(grown).items() and len(before) == 3
    assert (grown / "study.toml").read_bytes() == (once / "study.toml").read_bytes()
    assert [u.seed for u in Store.open(grown).study.units() if u.method] == [4, 5]
    with pytest.raises(NasbenchError, match="holds 2 runs and 1 are asked for"):
        call(*command, "--out", str(grown), "--runs", "1")


@pytest.mark.parametrize(
    "pattern", ["runs/**/*.json", "timings/**/*.json", "skipped.json", "environment.json", "study.toml"]
)
def test_a_damaged_file_of_a_live_study_stops_readers_and_runs_by_its_name(tmp_path: Path, pattern: str) -> None:
    study = parse_study(only(tiny(name='"mine"'), "gaea"), "mine")
    store = Store.create_or_resume(tmp_path, study, {})
    store.write_skipped({})
    for unit in study.units():
        store.write(unit, UnitResult(timing={}, result={"test_error": 10.5, "train_seconds": 2.0}))
    path = sorted(tmp_path.glob(pattern))[-1]
    path.write_text(path.read_text().replace("0", "1"))
    if pattern == "skipped.json":
        path.write_text('{"digits": "there are none."}')
    for read in (lambda: Store.create_or_resume(tmp_path, study, {}), lambda: report_of(tmp_path)):
        with pytest.raises(NasbenchError, match=path.name):
            read()


def report_of(folder: Path) -> Any:
    from nasbench.reports.analysis.results import Results

    results = Results.open(folder)
    return results.environment, [results.live.of_task(task) for task in results.live.tasks]
