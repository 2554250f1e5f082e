"""Studies that decide little: the report says so, in words, and no library warns (warnings are errors here)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from reports.page import write_report
from reports.report import Report, build_report
from reports.results import Results

ONE = ("nas-bench-201/cifar10",)


def reported(folder: Path, out: Path) -> tuple[Report, str]:
    report = build_report(Results.open(folder))
    page = write_report(report, out).page.read_text(encoding="utf-8")
    visible = re.sub(r"<(script|style|svg).*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", visible)
    assert not re.search(r"\b(nan|NaN|inf|None)\b", text)
    return report, text


def test_one_run_of_one_optimizer_on_one_data_set(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(tmp_path, optimizers=("local_search",), runs=1, benchmarks=ONE, budget="queries = 30")
    report, text = reported(folder, tmp_path / "out")
    assert "no interval, since one run shows no variation between runs" in " ".join(report.summary)
    assert "There is one optimizer, so nothing is compared" in text
    assert [f.name for f in report.figures if f.refused] == [
        "performance-profile",
        "win-probability",
        "critical-difference",
    ]
    statuses = {item.question: item.status for item in report.checklist}
    assert statuses["Multiple runs, with their seeds reported?"] == "missing"
    assert statuses["Compared to random search?"] == "missing"
    assert statuses["Ablation studies?"] == "missing"


def test_ties_everywhere_and_every_run_censored(small_study: Callable[..., Path], tmp_path: Path) -> None:
    # The same algorithm three times, one query each: equal scores, and nobody reaches a hard target.
    extra = "".join(f'\n[[optimizers]]\nname = "random_search"\nlabel = "{name}"\n' for name in ("a", "b", "c"))
    folder = small_study(tmp_path, optimizers=(), extra=extra, runs=4, benchmarks=ONE, budget="queries = 1")
    report, text = reported(folder, tmp_path / "out")
    assert "a, b and c share the lowest mean" in report.summary[1]
    assert "all 4 pairs are equal" in text
    assert "on cifar10 that cannot be told (none of the 4 and 4 runs reached the target within 1)" in text
    assert "The study could not have shown any difference" in text
    assert "none of 4 runs reached the target" in text
    assert "nothing but the label" in text


def test_runs_that_stop_at_different_lengths(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        runs=3,
        benchmarks=ONE,
        repeats="cached",
        budget="train_seconds = 40000.0",
    )
    report, text = reported(folder, tmp_path / "out")
    lengths = Results.open(folder).traces(ONE[0], "random_search").lengths
    assert len(set(lengths.tolist())) > 1
    assert "40,000 train seconds" in text
    assert {table.name for table in report.tables} >= {"comparison", "anytime", "cost"}


def test_two_runs(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(tmp_path, runs=2, benchmarks=ONE, budget="queries = 15")
    report, _ = reported(folder, tmp_path / "out")
    assert "The study could not have shown any difference" in report.summary[-1]


def test_tables_without_training_times_and_with_a_test_split(small_study: Callable[..., Path], tmp_path: Path) -> None:
    cells = tuple(f"nas-bench-graph/{name}" for name in ("cora", "citeseer", "cs", "photo", "physics"))
    extra = '\n[[optimizers]]\nname = "random_search"\nlabel = "other"\nsettings = { replacement = false }\n'
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        extra=extra,
        runs=3,
        benchmarks=cells,
        epochs='"longest"',
    )
    report, text = reported(folder, tmp_path / "out")
    assert report.summary[0].endswith("the tables record no training times.")
    assert "time-to-target-train-seconds" not in {table.name for table in report.tables}
    figures = {figure.name: figure for figure in report.figures}
    assert figures["anytime-train-seconds"].refused == "no training times are recorded"
    assert figures["critical-difference"].panels  # five data sets are enough
    assert "test split" in text
    assert "There is no test split" not in text
