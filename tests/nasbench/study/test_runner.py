"""Runs, resumes, refuses; and a process killed at any moment leaves what it takes to end with the same bytes."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from nasbench.errors import NasbenchError
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study, parse_study

TEXT = """
name = "small"
seed = 5
runs = 12
runs_per_file = 4
problems = ["nas-bench-201/cifar10", "nas-bench-201/cifar100"]
objectives = ["error", "parameters"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "retrain"
budget = { queries = 60 }
methods = [{ name = "random_search" }, { name = "random_search", label = "without replacement", settings = { replacement = false } }]
"""


@pytest.fixture
def study() -> Study:
    return parse_study(TEXT, "test")


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted((folder / "traces").rglob("*")) if p.is_file()}


def test_traces_are_plain_parquet_with_one_row_a_query(study: Study, tmp_path: Path) -> None:
    summary = run_study(study, tmp_path)
    assert (summary.units, summary.done, summary.queries) == (12, 12, 12 * 4 * 60)
    paths = sorted((tmp_path / "traces" / "nas-bench-201__cifar10" / "random_search").iterdir())
    assert [p.name for p in paths] == ["000000-000003.parquet", "000004-000007.parquet", "000008-000011.parquet"]
    frame = pd.concat(pd.read_parquet(p) for p in paths)
    assert frame.groupby("run")["query"].apply(list).tolist() == [list(range(60))] * 12
    assert {
        "architecture",
        "epochs",
        "training_seed",
        "error",
        "parameters",
        "charged_seconds",
        "is_new_architecture",
        "is_new_isomorphism_class",
    } < set(frame.columns)
    assert frame["architecture"].str.match(r"\|\w+~0\|\+").all()
    first = ~frame.duplicated(["run", "architecture"])
    assert (frame["is_new_architecture"] == first).all()


def test_parallel_and_alone_give_the_same_bytes(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path / "one")
    run_study(study, tmp_path / "two", jobs=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_an_optimizer_of_several_parts_has_an_operator_with_every_query(tmp_path: Path) -> None:
    """Only where the optimizer says it; the same bytes alone, in parallel and whatever the chunks."""
    text = (
        TEXT.replace("queries = 60", "queries = 16")
        .replace('"nas-bench-201/cifar10", ', "")
        .replace("runs = 12", "runs = 4")
    )
    text = text.replace(
        '{ name = "random_search", label = "without replacement", settings = { replacement = false } }',
        '{ name = "hybrid" }',
    )
    text = text.replace("runs_per_file = 4", "runs_per_file = 2")
    run_study(parse_study(text, "test"), tmp_path / "one")
    run_study(parse_study(text, "test"), tmp_path / "two", jobs=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    run_study(parse_study(text.replace("runs_per_file = 2", "runs_per_file = 4"), "test"), tmp_path / "whole")
    read = {
        name: pd.concat(pd.read_parquet(p) for p in sorted((tmp_path / name / "traces").rglob("hybrid/*.parquet")))
        for name in ("one", "whole")
    }
    hybrid = read["one"]
    assert hybrid["operator"].astype(str).tolist() == read["whole"]["operator"].astype(str).tolist()
    assert set(hybrid["operator"]) <= {"surrogate", "evolution", "relaxation", "uniform"}
    assert (hybrid.loc[hybrid["query"] < 4, "operator"] == "uniform").all(), "the initial design"
    assert (hybrid.loc[hybrid["query"] >= 4, "operator"] == "surrogate").mean() > 0.5
    (path, *_) = (tmp_path / "one" / "traces").rglob("random_search/*.parquet")
    assert "operator" not in pd.read_parquet(path).columns


def test_resume_runs_only_what_is_missing(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    before = files(tmp_path)
    lost = sorted((tmp_path / "traces").rglob("*.parquet"))[::5]
    for path in lost:
        path.unlink()
    assert run_study(study, tmp_path).done == len(lost)
    assert files(tmp_path) == before
    assert run_study(study, tmp_path).done == 0


def test_killed_and_started_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Killed with SIGKILL six times, at moments spread from before the first file to within the last."""
    study = (
        load_study("quick")
        .to_toml()
        .replace("runs_per_file = 20", "runs_per_file = 2")
        .replace("runs = 20", "runs = 8")
    )
    (tmp_path / "study.toml").write_text(study)
    run_study(parse_study(study, "test"), tmp_path / "whole")
    command = [
        sys.executable,
        "-m",
        "nasbench.cli.main",
        "run",
        str(tmp_path / "study.toml"),
        "--out",
        str(tmp_path / "killed"),
    ]
    program = "import sys; from nasbench.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *command[3:]]
    rng = random.Random(4)
    total = len(list((tmp_path / "whole" / "traces").rglob("*.parquet")))
    killed = 0
    for attempt in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Wait for the next file to appear (or for the start), then for a moment that is never the same.
        goal = attempt * total // 8
        deadline = time.monotonic() + 60
        while (
            process.poll() is None
            and time.monotonic() < deadline
            and len(list((tmp_path / "killed").rglob("*.parquet"))) < goal
        ):
            time.sleep(0.001)
        time.sleep(rng.random() * 0.05)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed >= 3
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=True).returncode == 0
    killed_files = {k: v for k, v in files(tmp_path / "killed").items() if not Path(k).name.startswith(".")}
    assert killed_files == files(tmp_path / "whole")


def test_a_changed_study_is_refused_and_says_what_differs(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    before = files(tmp_path)
    for change in ("seed = 5", "seed = 6"), ("queries = 60", "queries = 61"), ("replacement = false", "batch_size = 8"):
        with pytest.raises(NasbenchError, match=r"holds another study: (seed|budget|methods) was .* and is .* now"):
            run_study(parse_study(TEXT.replace(*change), "test"), tmp_path)
    assert run_study(study.replace(description="in other words"), tmp_path).done == 0
    assert files(tmp_path) == before


def test_another_version_of_the_table_is_refused(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_study(study, tmp_path)
    monkeypatch.setattr("nasbench.benchmarks.tabular.TabularBenchmark.checksum", "another")
    with pytest.raises(NasbenchError, match="another version of nas-bench-201/cifar10"):
        run_study(study, tmp_path)


def test_foreign_folders_and_files_are_refused(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NasbenchError, match="is a file"):
        run_study(study, tmp_path / "file")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.doc").touch()
    with pytest.raises(NasbenchError, match="not a results folder"):
        run_study(study, tmp_path / "foreign")
    with pytest.raises(NasbenchError, match="no results folder"):
        Store.open(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NasbenchError, match="is empty"):
        Store.open(tmp_path / "empty")
    assert run_study(study, tmp_path / "empty").done == 12, "an empty folder is as good as none"
    (tmp_path / "empty" / "study.toml").unlink()
    with pytest.raises(NasbenchError, match="not a results folder"):
        run_study(study, tmp_path / "empty")


def test_a_start_that_was_killed_before_its_study_was_written_is_begun_anew(study: Study, tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text("{}")
    (tmp_path / ".study.toml-x").write_text("half")
    assert run_study(study, tmp_path).done == 12


def test_damaged_traces_are_named(study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path)
    path = next((tmp_path / "traces").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-30])
    store = Store.open(tmp_path)
    with pytest.raises(NasbenchError, match="damaged; remove it"):
        for unit in study.units():
            store.read(unit)
    path.unlink()
    with pytest.raises(NasbenchError, match="lacks"):
        for unit in study.units():
            store.read(unit)


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_loses_nothing(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """The third trace meets a full or read-only disk: one sentence, finished work is kept, no half file; then it goes on."""
    written = 0
    true = os.fsync

    def refuses(descriptor: int) -> None:
        nonlocal written
        written += 1
        if written == 8:
            raise OSError(fault, os.strerror(fault))
        true(descriptor)

    monkeypatch.setattr("nasbench.files.atomic.os.fsync", refuses)
    with pytest.raises(NasbenchError, match=f"{os.strerror(fault)}.*finished work is kept"):
        run_study(study, tmp_path)
    assert 0 < len(files(tmp_path)) < 12
    assert not list(tmp_path.rglob(".*")), "no private file is left behind"
    assert run_study(study, tmp_path).done > 0
    assert len(files(tmp_path)) == 12


def test_optimizers_that_cannot_run_are_refused_before_anything_is_written(study: Study, tmp_path: Path) -> None:
    bad = TEXT.replace('{ name = "random_search" },', '{ name = "regularized_evolution" },')
    with pytest.raises(NasbenchError, match="one objective"):
        run_study(parse_study(bad, "test"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_jobs_must_be_positive(study: Study, tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="jobs is 0"):
        run_study(study, tmp_path, jobs=0)
