"""A study that asks for accuracy makes the choices of one that asks for error, and its report shows accuracy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.reports.analysis.results import Results
from nasbench.reports.page.report import Report, build_report
from nasbench.reports.page.writer import write_report

SMALL: dict[str, Any] = {"benchmarks": ("nas-bench-201/cifar10",), "runs": 6, "budget": "queries = 40"}


def _report(small_study: Callable[..., Path], folder: Path, objectives: tuple[str, ...]) -> tuple[Report, Results]:
    folder.mkdir()
    optimizers = ("random_search", "nsga2") if len(objectives) > 1 else ("random_search", "local_search")
    results = Results.open(small_study(folder, objectives=objectives, optimizers=optimizers, **SMALL))
    return build_report(results), results


def _column(report: Report, table: str, key: str) -> list[Any]:
    found = next(t for t in report.tables if t.name == table)
    at = [column.key for column in found.columns].index(key)
    return [row[at].value for row in found.rows]


def test_accuracy_is_searched_as_error_and_shown_as_accuracy(small_study: Callable[..., Path], tmp_path: Path) -> None:
    of_error, errors = _report(small_study, tmp_path / "error", ("error",))
    of_accuracy, accuracies = _report(small_study, tmp_path / "accuracy", ("accuracy",))
    for label in errors.labels:
        one, other = (r.traces(SMALL["benchmarks"][0], label) for r in (errors, accuracies))
        assert np.array_equal(one.rows, other.rows) and np.array_equal(one.observed, other.observed)
    for key in ("mean", "median", "optimum"):
        np.testing.assert_allclose(
            np.array(_column(of_accuracy, "comparison", key)), 100 - np.array(_column(of_error, "comparison", key))
        )
    for key in ("sd", "p_value", "a12"):
        assert str(_column(of_accuracy, "comparison", key)) == str(_column(of_error, "comparison", key))
    assert _column(of_accuracy, "anytime", "area") == _column(of_error, "anytime", "area")
    told = " ".join(of_accuracy.summary)
    assert "ends with the highest mean, 9" in told and "below the optimum of 9" in told and "lowest" not in told
    page = write_report(of_accuracy, tmp_path / "out").page.read_text(encoding="utf-8")
    assert "Accuracy of the final incumbent" in page and "higher is better" in page
    assert "Objectives: accuracy (maximised)" in page and "highest observed first objective" in page
    assert "lowest mean" in " ".join(of_error.summary) and "Objectives, all minimised: error" in of_error.methods[0]


def test_fronts_of_accuracy(small_study: Callable[..., Path], tmp_path: Path) -> None:
    report, _ = _report(small_study, tmp_path / "two", ("accuracy", "latency"))
    (note,) = next(t for t in report.tables if t.name == "multi-objective").notes
    low, high = note.partition("accuracy ")[2].partition(" %")[0].split(" to ")
    assert 10 <= float(low) < float(high) < 100 and float(high) > 90
    assert "Upper left is better" in next(f for f in report.figures if f.name == "pareto").caption


def test_a_table_that_does_not_count_epochs_says_nothing_of_them(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    folder = small_study(
        tmp_path,
        benchmarks=("nas-bench-graph/cora",),
        runs=2,
        budget="queries = 5",
        optimizers=("random_search",),
        epochs='"longest"',
    )
    methods = " ".join(build_report(Results.open(folder)).methods)
    assert "in epochs that it does not count" in methods
    assert "1 epoch" not in methods
