"""Reports of tables of runs that the suite did not make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report


def runs_table(queries: int = 6) -> pd.DataFrame:
    """Two methods, five runs each; `late` is worse by one."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"method": method, "run": run, "query": query, "value": 20.0 + 5.0 * rng.random() + (method == "late")}
        for method in ("late", "early")
        for run in range(5)
        for query in range(queries)
    )


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    runs_table().to_csv(tmp_path / "theirs.csv", index=False)
    return tmp_path / "theirs.csv"


def test_a_report_of_a_file_says_what_was_assumed(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["report", str(csv)]) == 0
    page = csv.with_name("theirs-report") / "report.html"
    assert capsys.readouterr().out == f"{page}\n"
    text = page.with_name("report.md").read_text()
    assert "in arbitrary units (a.u.), lower is better (no unit and no direction was given)" in text
    assert "mean value (a.u.)" in text and "(%) \\[95% CI\\] | sd" not in text


def test_unit_and_direction_are_what_was_said(csv: Path) -> None:
    told = csv.with_name("told.csv")
    runs_table().rename(columns={"value": "accuracy"}).to_csv(told, index=False)
    results = nasbench.read_traces(told, objective="accuracy", unit="%", direction="max")
    report = build_report(results, options=ReportOptions(formats=()))
    assert report.description == "Runs read from told.csv; column accuracy: in %, higher is better."
    assert "On told late ends with the highest mean" in report.summary[1]
    frame = results.to_pandas()
    assert np.allclose(frame["accuracy"], runs_table()["value"]) and frame["incumbent"].max() == frame["accuracy"].max()


def test_nothing_is_said_of_how_the_runs_came_about(csv: Path) -> None:
    results = nasbench.read_traces(csv)
    assert results.labels == ("late", "early")  # in the order of the file
    report = build_report(results, options=ReportOptions(formats=()))
    assert not report.study and not report.environment and not report.settings
    met = {item.question for item in report.checklist if item.status == "met"}
    assert met == {"Performance compared over time?"}
    prose = " ".join([*report.methods, *(note for table in report.tables for note in table.notes)])
    assert "training seed" not in prose and "study seed" not in prose
    assert "ablation" not in {table.name for table in report.tables}
    (cost,) = (table for table in report.tables if table.name == "cost")
    assert set(cost.footnotes) == {"no value: a table of runs does not say", "no value: no training times are recorded"}


def test_a_parquet_file_is_read_like_a_csv(csv: Path) -> None:
    parquet = csv.with_suffix(".parquet")
    frame = runs_table().assign(charged_seconds=3.0, note="whatever")
    frame.to_parquet(parquet)
    from_parquet, from_csv = (nasbench.read_traces(path).to_pandas() for path in (parquet, csv))
    assert from_parquet["charged_seconds"].unique().tolist() == [3.0]
    assert from_csv["charged_seconds"].unique().tolist() == [0.0]
    assert from_parquet["regret"].equals(from_csv["regret"])


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("lacks the column value", lambda frame: frame.drop(columns="value")),
        ("has no rows", lambda frame: frame.iloc[:0]),
        ("a value that is no finite number", lambda frame: frame.assign(value="much")),
        ("a run that is no finite number", lambda frame: frame.assign(run="first")),
        ("has a row without method", lambda frame: frame.assign(method=[None, *frame["method"][1:]])),
        ("from 4 to 5 runs", lambda frame: frame.iloc[6:]),
        ("from 0 to 5 runs", lambda frame: frame.assign(problem=frame["method"])),
        ("should be numbered 0, 1, 2", lambda frame: frame.assign(query=2 * frame["query"])),
        ("charges less than nothing", lambda frame: frame.assign(charged_seconds=-1.0)),
    ],
)
def test_a_bad_file_is_one_sentence(fault: str, change: object, csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(change)
    change(runs_table()).to_csv(csv, index=False)
    assert status(["report", str(csv)]) == 2
    told = capsys.readouterr().err
    assert fault in told and "Traceback" not in told
    assert not csv.with_name("theirs-report").exists()


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"\xff\xfe\x00"), ("b.parquet", b"PAR1PAR1"), ("c.csv", b"")])
def test_what_is_no_table_is_one_sentence(
    name: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert status(["report", str(tmp_path / name)]) == 2
    assert "cannot be read as a CSV or Parquet file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("no direction named 'up'", {"direction": "up"}),
        ("has a unit and a direction of its own", {"benchmark": "onemax/6x2", "unit": "%"}),
        ("means something else", {"objective": "query"}),
        ("no benchmark named", {"benchmark": "nothing/at-all"}),
    ],
)
def test_what_cannot_be_asked_is_refused(fault: str, options: dict[str, Any], csv: Path) -> None:
    with pytest.raises(NasbenchError, match=fault):
        nasbench.read_traces(csv, **options)


def test_a_name_is_looked_up_once_however_many_rows_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def is_taken(name: str) -> bool:
        asked.append(name)
        return False

    monkeypatch.setattr("nasbench.reports.analysis.recorded.is_taken", is_taken)
    nasbench.read_traces(runs_table().assign(problem="p"))
    assert asked == ["p"]


@pytest.mark.parametrize(
    ("column", "given", "told"),
    [
        ("value", pd.Timestamp("2020-01-01"), "has a value of the type datetime64"),
        ("charged_seconds", pd.Timedelta(1, "s"), "has a charged_seconds of the type timedelta64"),
        ("value", 1j, "has a value of the type complex128"),
        ("method", b"\xff", "has a method that is not text in UTF-8"),
    ],
)
def test_what_is_neither_number_nor_text_is_refused(column: str, given: Any, told: str) -> None:
    with pytest.raises(NasbenchError, match=told):
        nasbench.read_traces(runs_table().assign(**{column: given}))


def test_percentages_end_at_100() -> None:
    frame = runs_table().assign(value=200.0)
    assert nasbench.read_traces(frame).study.objectives == ("value",)
    with pytest.raises(NasbenchError, match="beyond 100"):
        nasbench.read_traces(frame, unit="%")


def test_options_of_a_file_are_refused_for_a_results_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["report", str(tmp_path), "--unit", "%"]) == 2
    assert "is a results folder" in capsys.readouterr().err


def test_runs_that_are_numbered_by_their_seeds_keep_their_architectures_apart(csv: Path) -> None:
    frame = runs_table()
    renumbered = frame.assign(run=frame["run"] + 20_240_101)
    columns = ["architecture", "regret"]
    few, many = (nasbench.read_traces(one).to_pandas()[columns] for one in (frame, renumbered))
    assert many["architecture"].nunique() == few["architecture"].nunique() == len(frame)
    assert many["regret"].equals(few["regret"])


def test_the_clock_of_other_peoples_workers_is_kept(tmp_path: Path) -> None:
    frame = runs_table(12)
    frame = frame.assign(charged_seconds=60.0, worker=frame["query"] % 3, wall_seconds=60.0 * (1 + frame["query"] // 3))
    frame.to_csv(tmp_path / "theirs.csv", index=False)
    results = nasbench.read_traces(tmp_path / "theirs.csv")
    back = results.to_pandas()
    ordered = frame.sort_values(["method", "run", "query"])
    for column in ("worker", "wall_seconds"):
        assert back.sort_values(["method", "run", "query"])[column].tolist() == ordered[column].tolist()
    report = build_report(results, None, ())
    assert any("wall-clock" in str(table.columns) for table in report.tables)
    alone = nasbench.read_traces(frame.drop(columns=["charged_seconds", "worker"])).to_pandas()
    assert "worker" not in alone and alone["wall_seconds"].max() == 240.0

    for wrong, words in (
        (frame.assign(wall_seconds=-frame["wall_seconds"]), "goes back or begins before 0"),
        (frame.assign(wall_seconds=100.0 - frame["query"]), "goes back or begins before 0"),
        (frame.assign(worker=0.5), "has a worker that is no number of a machine"),
        (frame.assign(worker="node7"), "has a worker that is no finite number"),
    ):
        with pytest.raises(NasbenchError, match=words):
            nasbench.read_traces(wrong)
    with pytest.raises(NasbenchError, match="A column wall_seconds means something else"):
        nasbench.read_traces(frame, objective="wall_seconds")


def test_columns_may_have_the_names_that_others_give_them(csv: Path, tmp_path: Path) -> None:
    frame = runs_table().rename(columns={"method": "algorithm", "run": "seed"}).assign(dataset="theirs")
    frame["query"] += 1
    own = nasbench.read_traces(csv).to_pandas()
    read = nasbench.read_traces(frame)
    assert read.to_pandas()["value"].tolist() == own["value"].tolist()
    assert "algorithm is the method, dataset is the problem, seed is the run" in str(
        read.recorded and read.recorded.description
    )
    tuner = frame.rename(columns={"algorithm": "tuner"})
    chosen = nasbench.read_traces(tuner, columns={"method": "tuner"})
    assert chosen.labels == ("late", "early")
    wrong: dict[str, str]
    for wrong, message in (
        ({"method": "tunr"}, "did you mean 'tuner'"),
        ({"metod": "tuner"}, "did you mean 'method'"),
        ({"method": "value"}, "is what was optimised"),
        ({"method": "tuner", "problem": "tuner"}, "it cannot be the problem too"),
    ):
        with pytest.raises(NasbenchError, match=message):
            nasbench.read_traces(tuner, columns=wrong)
    with pytest.raises(NasbenchError, match="both seed and repetition may be it"):
        nasbench.read_traces(frame.assign(repetition=0))


def test_two_tables_are_compared_and_one_name_in_both_means_two_methods(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = tmp_path / "later.csv"
    runs_table()[lambda t: t["method"] == "late"].assign(problem="theirs").to_csv(later, index=False)
    runs_table().assign(problem="theirs").to_csv(csv, index=False)
    assert nasbench.read_traces([csv, later]).labels == ("late (theirs)", "early", "late (later)")
    frame = runs_table()[lambda t: t["method"] == "late"]
    named = [frame.assign(method="x"), frame.assign(method="x (traces 2)")]
    with pytest.raises(NasbenchError, match="would be called 'x \\(traces 2\\)'"):
        nasbench.read_traces([pd.concat(named), named[0]])
    assert status(["report", str(csv), str(later), "--figures", "none", "--column", "run=run"]) == 0
    assert (tmp_path / "theirs-report" / "report.html").is_file()
    runs_table().to_csv(later, index=False)
    with pytest.raises(NasbenchError, match="some lack the column problem"):
        nasbench.read_traces([csv, later])
    capsys.readouterr()
    assert status(["report", str(csv), "--column", "method"]) == 2
    assert "is not NAME=COLUMN" in capsys.readouterr().err
    assert status(["report", str(tmp_path), str(csv)]) == 2
    with pytest.raises(NasbenchError, match="one or more"):
        nasbench.read_traces([])


def test_the_same_file_twice_and_values_that_overflow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("method,run,query,value\na,0,0,1\na,0,1,2\n")
    with pytest.raises(NasbenchError, match=r"runs\.csv is given twice"):
        nasbench.read_traces([path, tmp_path / "." / "runs.csv"])
    path.write_text("method,run,query,value\na,0,0,1e308\na,0,1,2\n")
    with pytest.raises(NasbenchError, match="value beyond 1e\\+100"):
        nasbench.read_traces(path)


def test_methods_are_called_as_the_file_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("algorithm,dataset,run,query,value\n01,1.50,0,0,1\n01,1.50,0,1,2\n1,1.50,0,0,3\n1,1.50,0,1,2\n")
    results = nasbench.read_traces(path)
    assert set(results.labels) == {"01", "1"} and results.benchmarks == ("1.50",)
    named = results.to_pandas()["architecture"].tolist()
    assert named == ["01/0/0", "01/0/1", "1/0/0", "1/0/1"]
