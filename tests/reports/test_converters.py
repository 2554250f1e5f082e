"""Logs of other libraries as results; `converted/README.md` says how the files were made."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.converters.catalogue import convert, converters, find_converter

DATA = Path(__file__).with_name("converted")


def naslib_runs(folder: Path, *, is_light: bool = False) -> Path:
    """Two optimizers, two seeds, three epochs, by the documented formats."""
    for optimizer, shift in (("rs", 0.0), ("re", 1.0)):
        for seed in range(2):
            there = folder / "nasbench201" / "cifar10" / optimizer / str(seed)
            there.mkdir(parents=True)
            curve = [80.0 + seed + shift, 85.0 + shift, 85.0 + shift]
            trajectory: dict[str, Any] = {
                "train_acc": curve, "valid_acc": curve, "test_acc": curve, "runtime": [0.1] * 3, "train_time": [100.0, 90.0, 80.0],
                "params": 0.0,
            }  # fmt: skip
            losses: dict[str, Any] = {
                "train_loss": [-1] * 3,
                "valid_loss": [-1] * 3,
                "test_loss": [-1] * 3,
                "arch_eval": [],
            }
            config = {"optimizer": optimizer, "dataset": "cifar10", "search_space": "nasbench201", "seed": seed}
            found = [config, trajectory] if is_light else trajectory | losses
            (there / "errors.json").write_text(json.dumps(found))
    return folder


def naszilla_trials(folder: Path, *, as_json: bool = False) -> Path:
    """Two algorithms, two trials of 20 queries, by the documented format."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for trial in range(2):
        algorithms = [{"algo_name": "random", "total_queries": 20}, {"algo_name": "local_search", "total_queries": 20}]
        data = [
            [{"val_loss": 5.0 + rng.random(), "test_loss": 6.0, "epochs": 0} for _ in range(20)] for _ in algorithms
        ]
        best = [np.array([[10, 6.0], [20, 6.0]]) for _ in algorithms]
        content = [algorithms, {"num_layers": 10}, best, [1.0, 2.0], data, best]
        if as_json:
            (folder / f"round_{trial}.json").write_text(json.dumps(content, default=lambda array: array.tolist()))
        else:
            (folder / f"round_{trial}.pkl").write_bytes(pickle.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("source", "name", "methods", "runs", "queries"),
    [
        ("optuna/studies.db", "optuna", ("random", "tpe"), 3, 6),
        ("optuna/studies.log", "optuna", ("random", "tpe"), 3, 6),
        ("optuna/tables", "optuna", ("random", "tpe"), 2, 6),
        ("iohprofiler", "iohprofiler", ("(1+1)-EA", "random search"), 3, 12),
        ("iohprofiler-sparse", "iohprofiler", ("random search",), 2, 20),
        ("syne-tune", "syne-tune", ("REA", "RandomSearch"), 2, 5),
        ("carps", "carps", ("RandomSearch", "SMAC"), 3, 5),
    ],
)
def test_files_of_a_library_are_recognised_and_read(
    source: str, name: str, methods: tuple[str, ...], runs: int, queries: int
) -> None:
    found = find_converter(DATA / source)
    assert found is not None and found[0] == name
    results = nasbench.read_traces(DATA / source)
    assert tuple(sorted(results.labels)) == methods and results.study.runs == runs
    frame = results.to_pandas()
    assert frame.groupby(["problem", "method", "run"]).size().min() >= queries
    assert np.isfinite(frame[results.study.objectives[0]]).all() and (frame["regret"] >= 0.0).all()


def test_storages_of_optuna_agree_and_a_pruned_trial_counts() -> None:
    import sqlite3

    database = nasbench.read_traces(DATA / "optuna" / "studies.db").to_pandas()
    journal = nasbench.read_traces(DATA / "optuna" / "studies.log").to_pandas()
    first = database.query("method == 'random'")["value"].to_numpy()
    assert np.allclose(
        first, journal.query("method == 'random'")["value"], atol=0.0
    )  # random sampling has the same seeds
    with sqlite3.connect(f"{(DATA / 'optuna' / 'studies.db').as_uri()}?mode=ro&immutable=1", uri=True) as storage:
        asked = "SELECT value FROM trial_values JOIN trials USING (trial_id) WHERE state = 'COMPLETE' ORDER BY trial_id"
        told = [value for (value,) in storage.execute(asked)]
    assert len(told) == 6 * 5 and set(told) <= set(database["value"])
    pruned = database.query("query == 3")["value"]
    assert set(pruned) == {max(told)}


def test_evaluations_that_a_log_left_out_repeat_the_best_before_them() -> None:
    frame = nasbench.read_traces(DATA / "iohprofiler-sparse").to_pandas().query("run == 0")
    value = dict(zip(frame["query"] + 1, frame["value"], strict=True))
    assert [value[at] for at in (1, 2, 3, 14, 20)] == [
        50.7658504819,
        35.9713759026,
        33.562834769,
        7.0297875784,
        51.1025051228,
    ]
    assert {value[at] for at in range(4, 14)} == {33.562834769} and {value[at] for at in range(15, 20)} == {
        7.0297875784
    }
    results = nasbench.read_traces(DATA / "iohprofiler-sparse")
    trace = results.traces(results.benchmarks[0], results.labels[0])
    assert trace.is_new_architecture.all() and len(np.unique(trace.rows[0])) == 5


def test_the_last_report_of_a_trial_is_its_value_and_the_clock_is_the_tuners() -> None:
    reports = pd.read_csv(DATA / "syne-tune" / "REA-0" / "results.csv.zip")
    last = reports.sort_values("st_tuner_time").groupby("trial_id").tail(1)
    frame = nasbench.read_traces(DATA / "syne-tune").to_pandas().query("method == 'REA' and run == 0")
    assert np.allclose(frame["error"], last["error"]) and np.allclose(frame["wall_seconds"], last["st_tuner_time"])


def test_gathered_logs_of_carps_say_what_the_logs_say(tmp_path: Path) -> None:
    """The columns are those that `carps.analysis.gather_data` documents: the keys of a line, joined by two underscores."""
    rows = []
    for file in sorted((DATA / "carps").rglob("trial_logs.jsonl")):
        for entry in map(json.loads, file.read_text().splitlines()):
            flat = {
                f"{part}__{key}": value for part in ("trial_info", "trial_value") for key, value in entry[part].items()
            }
            flat.pop("trial_value__additional_info")
            own = {"optimizer_id": file.parts[-5], "task_id": "bbob/2/1/0", "seed": int(file.parts[-2])}
            rows.append({"n_trials": entry["n_trials"], **own, **flat})
    pd.DataFrame(rows).to_parquet(tmp_path / "logs.parquet")
    gathered, logged = (nasbench.read_traces(path).to_pandas() for path in (tmp_path / "logs.parquet", DATA / "carps"))
    assert gathered["value"].tolist() == logged["value"].tolist()
    crashed = logged.query("run == 1 and query == 3")["value"]  # seed 2 is the second run
    assert len(crashed) == 2 and set(crashed) == {logged["value"].max()}


@pytest.mark.parametrize("is_light", [False, True])
def test_naslib_by_its_documented_format(is_light: bool, tmp_path: Path) -> None:
    results = nasbench.read_traces(naslib_runs(tmp_path, is_light=is_light))
    frame = results.to_pandas()
    assert results.study.problems == ("nasbench201/cifar10",) and set(results.labels) == {"rs", "re"}
    assert frame.query("method == 're' and run == 1")["accuracy"].tolist() == [82.0, 86.0, 86.0]
    assert frame["regret"].min() == 0.0 and frame["charged_seconds"].max() == 100.0
    with pytest.raises(NasbenchError, match="did you mean 'test_acc'"):
        nasbench.read_traces(tmp_path, objective="tst_acc")


@pytest.mark.parametrize("as_json", [False, True])
def test_naszilla_by_its_documented_format(as_json: bool, tmp_path: Path) -> None:
    results = nasbench.read_traces(naszilla_trials(tmp_path / "round", as_json=as_json))
    assert results.labels == ("random", "local_search") and results.study.runs == 2
    assert len(results.to_pandas()) == 2 * 2 * 20 and results.study.objectives == ("error",)


def test_a_pickle_of_objects_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.pkl").write_bytes(pickle.dumps(Path("x")))
    assert status(["report", str(tmp_path / "study.pkl")]) == 2
    told = capsys.readouterr().err
    assert "could run code" in told and "trials_dataframe" in told and "Traceback" not in told


@pytest.mark.parametrize("name", ["optuna/studies.db", "optuna/studies.log", "iohprofiler", "syne-tune", "carps"])
def test_damaged_files_are_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    whole = DATA / name
    for number, keep in enumerate((0.3, 0.6, 0.9)):
        copy = tmp_path / f"{number}" / whole.name
        if whole.is_dir():
            shutil.copytree(whole, copy)
            cut = next(file for file in sorted(copy.rglob("*")) if file.suffix in (".dat", ".zip", ".jsonl"))
        else:
            copy.parent.mkdir()
            cut = Path(shutil.copy(whole, copy))
        content = cut.read_bytes()
        cut.write_bytes(content[: int(keep * len(content))])
        with pytest.raises(NasbenchError):
            nasbench.read_traces(copy)


def test_a_log_may_not_name_files_elsewhere(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(DATA / "iohprofiler-sparse", tmp_path / "logs"))
    about = next(copy.rglob("*.json"))
    about.write_text(about.read_text().replace("data_f1_Sphere/", "../../../"))
    with pytest.raises(NasbenchError, match="is not in that folder"):
        nasbench.read_traces(copy)


def test_a_report_of_files_of_a_library_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page"
    assert status(["report", str(DATA / "optuna" / "studies.db"), "--out", str(out), "--figures", "none"]) == 0
    text = (out / "report.md").read_text()
    assert "A pruned or failed trial counts as a query that gave no result" in text and "best known" in text
    assert status(["report", str(DATA / "iohprofiler"), "--format", "iohprofilr"]) == 2
    assert "did you mean 'iohprofiler'" in capsys.readouterr().err


def test_files_are_parts_of_one_experiment_or_are_compared(tmp_path: Path) -> None:
    tables = sorted((DATA / "optuna" / "tables").glob("*.csv"))
    together = nasbench.read_traces(tables)
    assert together.labels == ("random", "tpe") and together.study.runs == 2
    again = tmp_path / "later.db"
    shutil.copy(DATA / "optuna" / "studies.db", again)
    assert nasbench.read_traces([DATA / "optuna" / "studies.log", again]).study.runs == 3
    with pytest.raises(NasbenchError, match="cannot be reported together"):
        nasbench.read_traces([again, DATA / "iohprofiler"])


def test_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["list", "converters", "--json"]) == 0
    listed = {row["name"] for row in json.loads(capsys.readouterr().out)["converters"]}
    assert listed == {"table", *converters()} and len(listed) >= 7


def test_a_table_of_trials_that_is_cut_or_has_holes_is_refused(tmp_path: Path) -> None:
    lines = (DATA / "optuna" / "tables" / "random-0.csv").read_text().splitlines()
    for number, last in enumerate((lines[2][:30], lines[2].replace("COMPLETE", "COMPL"), lines[2].replace("1", "\0"))):
        path = tmp_path / f"{number}.csv"
        path.write_text("\n".join([*lines[:2], last]))
        with pytest.raises(NasbenchError):
            nasbench.read_traces(path)


@pytest.mark.parametrize(("name", "objective"), [("carps", "1"), ("carps", "-1"), ("optuna/studies.db", "7")])
def test_an_objective_that_is_not_there_is_refused(name: str, objective: str) -> None:
    with pytest.raises(NasbenchError, match="has no objective of that number"):
        nasbench.read_traces(DATA / name, objective=objective)


def test_a_folder_with_files_of_several_libraries_is_refused() -> None:
    with pytest.raises(NasbenchError, match=r"has files of .* and of .*; name a folder of one of them"):
        nasbench.read_traces(DATA)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lines: [lines[0], *(f"9,{line}" for line in lines[1:])], "line 2 has 5 fields and the header 4"),
        (lambda lines: [f"{lines[0]},value", *(f"{line},3" for line in lines[1:])], "two columns named 'value'"),
    ],
)
def test_a_table_of_runs_whose_columns_are_shifted_is_refused(
    change: Callable[[list[str]], list[str]], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(change(["method,run,query,value", "a,0,0,1", "a,0,1,2"])))
    with pytest.raises(NasbenchError, match=fault):
        nasbench.read_traces(path)


def test_a_report_does_not_overwrite_what_it_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(content := "method,run,query,value\na,0,0,1\na,0,1,2\n")
    assert status(["report", str(path), "--figures", "none", "--tidy", str(path)]) == 2
    assert "would overwrite what is reported" in capsys.readouterr().err
    assert path.read_text() == content


def test_a_named_format_that_a_file_does_not_have_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("method,run,query,value\na,0,0,1\na,0,1,2\n")
    for name in ("syne-tune", "iohprofiler", "carps", "naslib", "naszilla", "optuna"):
        assert status(["report", str(path), "--format", name]) == 2
        told = capsys.readouterr().err
        assert f"is not what {name} writes" in told or "is not JSON" in told or "has no " in told
        assert "empty set" not in told and len(told.strip().splitlines()) == 1


def test_a_log_of_evaluations_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(DATA / "iohprofiler-sparse", tmp_path / "logs"))
    data = next(copy.rglob("*.dat"))
    whole = data.read_bytes()
    ends = [at + 1 for at, sign in enumerate(whole) if sign == ord("\n")][:-1]
    for cut in (*ends, *(end + 3 for end in ends)):
        data.write_bytes(whole[:cut])
        with pytest.raises(NasbenchError, match="is not as iohprofiler writes it"):
            convert(copy, "iohprofiler", converters()["iohprofiler"])


def test_zeroed_bytes_of_a_database_are_refused_or_change_nothing(tmp_path: Path) -> None:
    """A byte of a number that is stored whole cannot be told from another; blocks of 32 bytes hold more than a number."""
    whole, copy = (DATA / "optuna" / "studies.db").read_bytes(), tmp_path / "studies.db"
    reader = converters()["optuna"]
    intact = convert(DATA / "optuna" / "studies.db", "optuna", reader).frame
    used = [at for at in range(0, len(whole), 32) if any(whole[at : at + 32])]
    refused = 0
    for at in used[1::25]:
        copy.write_bytes(whole[:at] + bytes(32) + whole[at + 32 :])
        try:
            assert convert(copy, "optuna", reader).frame.equals(intact)
        except NasbenchError:
            refused += 1
    assert refused > 10
