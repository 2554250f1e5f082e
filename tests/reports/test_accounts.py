"""Summary, tables and figures count in one account, up to one horizon."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.reports.analysis.accounts import main_account
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import time_to_target
from nasbench.reports.analysis.time_to_target import times_to_target
from nasbench.reports.figures.anytime import anytime
from nasbench.reports.figures.performance_profile import performance_profile
from nasbench.reports.figures.run_time import run_time
from nasbench.reports.figures.style import Styles
from nasbench.reports.figures.survival import survival
from nasbench.reports.page.methods import methods
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.result import Estimate
from nasbench.reports.statistics.runtime import expected_running_time
from nasbench.reports.statistics.survival import RestrictedMean
from nasbench.reports.tables.time_to_target import time_to_target_table
from nasbench.search.ledger import Budget


@pytest.fixture(scope="module")
def evaluations(several: Results) -> list[BenchmarkEvaluation]:
    return list(evaluate_study(several))


def test_the_account_is_that_of_the_budget() -> None:
    assert main_account(Budget({"unique_queries": 5})) == "unique_queries"
    assert main_account(Budget({"train_seconds": 5.0, "queries": 3})) == "train_seconds"
    assert main_account(Budget({"optimizer_seconds": 1.0})) == "queries"  # traces do not record it a query
    assert main_account(Budget({"optimizer_seconds": 1.0, "epochs": 7})) == "epochs"


def test_everything_is_told_in_unique_queries_where_they_are_the_budget(
    several: Results, evaluations: list[BenchmarkEvaluation]
) -> None:
    styles = Styles(tuple(evaluations[0].outcomes))
    report = build_report(several, options=ReportOptions(formats=()))
    told = [sentence for sentence in report.summary if " to reach " in sentence]
    assert told and all("unique queries" in sentence for sentence in told)
    figures = [
        anytime(evaluations, "unique_queries", styles),
        survival(evaluations, styles),
        run_time(evaluations, styles),
    ]
    for figure in figures:
        assert {panel.picture.axes[0].get_xlabel() for panel in figure.panels} == {"Unique queries"}
    assert "in unique queries" in performance_profile(evaluations, styles).caption
    tables = {table.name: table for table in report.tables}
    assert "in unique queries" in tables["anytime"].notes[0]
    assert "mean of unique queries" in tables["robustness"].caption
    assert "measure cost in unique queries, which the budget limits" in methods(several, evaluations)[2]


@pytest.mark.parametrize(
    ("study", "account", "planned"),
    [("several", "unique_queries", True), ("results", "queries", True), ("results", "unique_queries", False)],
)
def test_arrivals_are_counted_alike(request: pytest.FixtureRequest, study: str, account: str, planned: bool) -> None:
    """The rate, the restricted mean and the expected running time of a row all stop at its horizon."""
    opened: Results = request.getfixturevalue(study)
    late = 0
    for evaluation in evaluate_study(opened):
        traces = {label: opened.traces(evaluation.benchmark, label) for label in evaluation.outcomes}
        for one in times_to_target(evaluation, account, "random_search", np.random.default_rng(0)):
            raw = time_to_target(traces[one.label], one.target, account)
            within = int((raw.observed & (raw.time <= one.horizon)).sum())
            late += raw.events - within
            assert isinstance(one.reached, Estimate) and round(one.reached.value * raw.runs) == within
            assert isinstance(one.mean, RestrictedMean) and one.mean.events == within
            assert one.expected == expected_running_time(raw.until(one.horizon))
            assert one.planned or not planned
    assert (
        late == 0
    ) == planned  # in another account than the budget's runs arrive beyond where one without the target stopped


def test_a_horizon_that_is_read_off_the_runs_is_not_told_as_set_beforehand(
    evaluations: list[BenchmarkEvaluation],
) -> None:
    rng = np.random.default_rng(1)
    for account in ("unique_queries", "train_seconds"):
        found = [one for e in evaluations for one in times_to_target(e, account, "random_search", rng)]
        notes = " ".join(time_to_target_table(found, account, "random_search").notes)
        assert all(one.planned for one in found) == (account == "unique_queries")
        assert ("was not set in advance" in notes) == (account == "train_seconds")
