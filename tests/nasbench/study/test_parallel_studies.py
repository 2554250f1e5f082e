"""Studies with simulated workers or batches: their file, their traces, what is refused, and that they are as reproducible as others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.api.registration import add_function
from nasbench.cli.main import status
from nasbench.errors import CorruptDataError, NasbenchError
from nasbench.search.ledger import Budget
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.store import Store, encode
from nasbench.study.toml import parse_study
from nasbench.testing.toy import toy_error, toy_space

METHODS = ("random_search", "regularized_evolution", "simulated_annealing", "nsga2")


def study(**changes: Any) -> Study:
    values: dict[str, Any] = {
        "problems": ["nas-bench-201/cifar10"],
        "methods": METHODS,
        "budget": {"wall_seconds": 8_000.0},
        "runs": 3,
        "seed": 5,
        "runs_per_file": 2,
        "workers": 4,
    }
    return Study(**{**values, **changes})


def frame(folder: Path) -> pd.DataFrame:
    store = Store.open(folder)
    frames = [store.read(unit).to_pandas().assign(label=unit.label) for unit in store.study.units()]
    return pd.concat(frames).astype({"architecture": str}).sort_values(["label", "run", "query"], ignore_index=True)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted((folder / "traces").rglob("*.parquet"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of `study()`."""
    folder = tmp_path_factory.mktemp("parallel")
    run_study(study(), folder)
    return folder


@pytest.mark.parametrize(
    "machines", [{"workers": 16, "lie": "worst"}, {"workers": 1, "batch_size": 8}, {"workers": 1, "batch_size": 1}]
)
def test_the_file_says_how_many_machines_there_are(machines: dict[str, Any]) -> None:
    asked = study(**machines)
    assert parse_study(asked.to_toml(), "test") == asked
    assert ("workers" in asked.to_mapping()) != ("batch_size" in asked.to_mapping())


def test_other_studies_keep_their_file_and_columns(tmp_path: Path) -> None:
    one = study(workers=1, methods=["random_search"], budget={"queries": 5}, runs=1)
    assert not {"workers", "batch_size", "lie"} & one.to_mapping().keys()
    run_study(one, tmp_path)
    assert not {"worker", "wall_seconds"} & set(frame(tmp_path))


def test_rows_are_in_the_order_in_which_results_came_back(folder: Path) -> None:
    for _, run in frame(folder).groupby(["label", "run"]):
        clock = run["wall_seconds"].to_numpy()
        assert run["query"].tolist() == list(range(len(run))) and (np.diff(clock) >= 0).all()
        assert set(run["worker"]) == {0, 1, 2, 3}
        # Everything began before the limit, and no machine trained two at a time.
        paid = run[run["charged_seconds"] > 0]
        begins = paid["wall_seconds"] - paid["charged_seconds"]
        assert begins.max() < 8_000 <= clock.max()
        for _, own in paid.groupby("worker"):
            assert (own["wall_seconds"].to_numpy()[:-1] <= begins[own.index].to_numpy()[1:] + 1e-6).all()


def test_resumed_and_extended_it_has_the_bits_of_the_whole(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "killed")
    lost = sorted((tmp_path / "killed" / "traces").rglob("*.parquet"))[::2]
    for path in lost:
        path.unlink()
    assert run_study(study(), tmp_path / "killed").done == len(lost) > 0
    assert files(tmp_path / "killed") == files(folder)
    run_study(study(runs=1), tmp_path / "grown")
    run_study(study(runs=3), tmp_path / "grown")
    pd.testing.assert_frame_equal(frame(tmp_path / "grown"), frame(folder))
    run_study(study(runs_per_file=1), tmp_path / "alone")
    pd.testing.assert_frame_equal(frame(tmp_path / "alone"), frame(folder))


def test_another_number_of_workers_is_another_study(folder: Path) -> None:
    with pytest.raises(NasbenchError, match="another study: workers was 4 and is 5 now"):
        run_study(study(workers=5), folder)
    with pytest.raises(NasbenchError, match="another study: workers was 4 and is None now"):
        run_study(study(workers=1), folder)


def test_machines_that_make_no_sense_are_refused() -> None:
    with pytest.raises(NasbenchError, match="live tasks, whose trainings run one by one"):
        study(problems=["live/digits"])
    with pytest.raises(NasbenchError, match="wall_seconds is a simulated clock; limit train_seconds"):
        study(problems=["live/digits"], workers=1)
    with pytest.raises(NasbenchError, match="Both workers and batch_size"):
        study(batch_size=4)
    with pytest.raises(NasbenchError, match="names a lie, which one worker never needs"):
        study(workers=1, lie="best")


def test_workers_need_training_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench.benchmarks.function_benchmark import FunctionEvaluator

    name = add_function("untimed", lambda a: float(toy_error(a)), toy_space()).name
    monkeypatch.setattr(FunctionEvaluator, "seconds", lambda self, rows, *_: np.zeros(len(rows)))
    with pytest.raises(NasbenchError, match="untimed records no training times"):
        run_study(study(problems=[name]), tmp_path / "workers")
    in_batches = study(problems=[name], workers=1, batch_size=4, budget={"queries": 12})
    assert run_study(in_batches, tmp_path / "batches").queries > 0


def test_a_clock_that_goes_back_is_no_trace(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "forged")
    store = Store.open(tmp_path / "forged")
    unit = store.units()[0]
    table = store.read(unit)
    at = table.column_names.index("wall_seconds")
    forged = table.set_column(at, "wall_seconds", [table["wall_seconds"].to_numpy()[::-1]])
    store.manifest.write({f"traces/{unit.path}.parquet": encode(forged)})
    with pytest.raises(CorruptDataError, match="is no clock, which rises within a run"):
        store.read(unit)


def test_a_search_in_one_call_and_its_report(tmp_path: Path) -> None:
    result = nasbench.search("regularized_evolution", "nas-bench-201/cifar10", budget=60, runs=2, seed=1, workers=16)
    table = result.to_pandas()
    assert (
        table["worker"].max() == 15
        and table.groupby("run")["wall_seconds"].apply(lambda s: s.is_monotonic_increasing).all()
    )
    sequential = nasbench.search(
        "regularized_evolution", "nas-bench-201/cifar10", budget=60, runs=2, seed=1
    ).to_pandas()
    assert table["wall_seconds"].max() < sequential["charged_seconds"].sum() / 2 / 4


def test_the_budget_of_a_clock_without_workers_is_that_of_training(tmp_path: Path) -> None:
    asked = {"methods": ["random_search", "nsga2"], "workers": 1}
    run_study(study(**asked), tmp_path / "clock")
    run_study(study(**asked, budget=Budget({"train_seconds": 8_000.0})), tmp_path / "paid")
    assert files(tmp_path / "clock") == files(tmp_path / "paid")


def test_the_command_may_say_how_many_machines_there_are(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(study(methods=["random_search"], runs=1, budget={"queries": 9}).to_toml())
    for name, words in (
        ("a", ["--workers", "3"]),
        ("b", ["--batch-size", "3", "--lie", "best"]),
        ("c", ["--workers", "1"]),
    ):
        assert status(["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / name), *words]) == 0
    held = {name: Store.open(tmp_path / name).study for name in "abc"}
    assert [(s.workers, s.batch_size, s.lie) for s in held.values()] == [
        (3, None, "mean"),
        (1, 3, "best"),
        (1, None, "mean"),
    ]


def test_a_study_with_workers_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text(study(methods=["random_search"], runs=1).to_toml())
    words = ["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"), "--json"]
    assert status(words) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["queries"] > 4
    (tmp_path / "study.toml").write_text(study().to_toml().replace("workers = 4", "workers = 0"))
    assert status(words) == 2
    assert "The number of workers is 0; it should be a whole number from 1 to 10,000." in capsys.readouterr().err
