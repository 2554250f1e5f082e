"""Reports of studies with simulated workers: cost is told on the clock, and laws of sequential runs are not applied to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.time_to_target import times_to_target
from nasbench.reports.figures.anytime import anytime
from nasbench.reports.figures.run_time import run_time
from nasbench.reports.figures.style import Styles
from nasbench.reports.figures.survival import survival
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.restricted_mean_ratio import restricted_mean_ratio
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.survival import restricted_mean
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.theory.traces.runs import open_runs
from nasbench.theory.traces.trace_checks import check_traces

HOURS = "simulated wall-clock hours"


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two methods on sixteen workers, for a time on the clock."""
    study = Study(
        problems=["nas-bench-201/cifar10"],
        methods=["random_search", "regularized_evolution"],
        budget={"wall_seconds": 9_000.0},
        runs=6,
        seed=3,
        workers=16,
    )
    folder = tmp_path_factory.mktemp("clocked")
    run_study(study, folder)
    return Results.open(folder)


@pytest.fixture(scope="module")
def evaluations(clocked: Results) -> list[BenchmarkEvaluation]:
    return list(evaluate_study(clocked))


def test_the_clock_is_what_results_came_back_at(clocked: Results, evaluations: list[BenchmarkEvaluation]) -> None:
    traces = clocked.traces("nas-bench-201/cifar10", "random_search")
    stored = pd.concat(pd.read_parquet(path) for path in clocked.files(("nas-bench-201/cifar10", "random_search")))
    assert traces.spent("wall_seconds")[traces.answered].tolist() == stored["wall_seconds"].tolist()
    assert (np.diff(traces.spent("wall_seconds"), axis=1) >= 0).all()
    outcome = evaluations[0].outcomes["random_search"]
    assert (outcome.spent["wall_seconds"] < outcome.spent["train_seconds"] / 8).all()
    assert evaluations[0].accounts == ("queries", "unique_queries", "train_seconds", "wall_seconds")
    assert evaluations[0].drawn == ("wall_seconds",)


def test_figures_and_tables_are_on_the_clock(clocked: Results, evaluations: list[BenchmarkEvaluation]) -> None:
    styles = Styles(tuple(evaluations[0].outcomes))
    report = build_report(clocked, options=ReportOptions(formats=()))
    told = [sentence for sentence in report.summary if " to reach " in sentence]
    assert told and all(HOURS in sentence for sentence in told)
    for figure in (
        anytime(evaluations, "wall_seconds", styles),
        survival(evaluations, styles),
        run_time(evaluations, styles),
    ):
        labels = {panel.picture.axes[0].get_xlabel() for panel in figure.panels}
        assert labels == {"Simulated wall-clock time (s)"}
    tables = {table.name: table for table in report.tables}
    cost = tables["cost"]
    at = [column.heading for column in cost.columns].index(HOURS)
    mean = evaluations[0].outcomes["random_search"].spent["wall_seconds"].mean() / 3600
    assert cost.rows[0][at].value == pytest.approx(mean)
    assert f"in {HOURS}" in tables["anytime"].notes[0]
    told = [sentence for sentence in report.methods if "16 simulated workers" in sentence]
    assert len(told) == 1 and "A run ends at 9,000 wall seconds; trainings that have started by then" in told[0]


def test_times_to_a_target_are_planned_up_to_the_limit_of_the_clock(evaluations: list[BenchmarkEvaluation]) -> None:
    found = times_to_target(evaluations[0], "wall_seconds", "random_search", np.random.default_rng(0))
    assert all(one.planned and one.horizon == 9_000.0 for one in found if one.target.key == "optimum") and found


def test_laws_of_sequential_runs_say_nothing_of_workers(
    clocked: Results, evaluations: list[BenchmarkEvaluation]
) -> None:
    assert evaluations[0].laws == ()
    checks = check_traces(open_runs(clocked.store.folder))
    assert not [check.claim for check in checks if check.claim.startswith("random-search")]


def test_traces_are_read_again_from_a_csv(clocked: Results, tmp_path: Path) -> None:
    table = clocked.to_pandas()
    assert {"worker", "wall_seconds"} <= set(table)
    table.to_csv(tmp_path / "traces.csv", index=False)
    again = nasbench.read_traces(tmp_path / "traces.csv", objective="error", benchmark="nas-bench-201/cifar10")
    assert again.to_pandas()["error"].tolist() == table["error"].tolist()


def test_a_time_has_its_unit_and_a_number_of_queries_has_none() -> None:
    late, rng = (np.array([10_000.0, 10_000.0]), np.array([False, False])), np.random.default_rng(0)
    for unit, words in (("s", "within 10000 s"), ("", "within 10000")):
        times = CensoredTimes(*late, unit)
        saving = restricted_mean_ratio(times.until(10_000.0), times, 10_000.0, rng)
        assert isinstance(saving, Undefined) and saving.reason.endswith(f"reached the target {words}")
    early = restricted_mean(CensoredTimes(*late, "s"), 20_000.0)
    assert isinstance(early, Undefined) and "censored at 10000 s, before the horizon 20000 s" in early.reason


def test_times_to_a_target_are_in_the_unit_of_the_account(evaluations: list[BenchmarkEvaluation]) -> None:
    times = evaluations[0].outcomes["random_search"].times
    assert {account: own.unit for (_, account), own in times.items()} == {
        "queries": "", "unique_queries": "", "train_seconds": "s", "wall_seconds": "s"
    }  # fmt: skip
