"""A study of closed forms is reported without listing their spaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasbench.reports.analysis.evaluation import evaluate_benchmark
from nasbench.reports.analysis.results import Results
from nasbench.reports.page.report import build_report
from nasbench.study.store import Store

LARGE = "nk/10x6-k2"


@pytest.fixture(scope="module")
def closed(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two variants of one algorithm and another one, on a landscape of 6^10 architectures and one that is solved."""
    folder = small_study(
        tmp_path_factory.mktemp("closed"),
        optimizers=("random_search", "local_search"),
        benchmarks=(LARGE, "onemax/3x3"),
        runs=6,
        epochs="[1]",
        repeat_policy="cache",
        budget="unique_queries = 27",
        extra='\n[[methods]]\nname = "local_search"\nlabel = "first"\nsettings = { improvement = "first" }\n',
    )
    return Results.open(folder)


def test_scores_are_what_the_traces_hold(closed: Results) -> None:
    """Nothing is noisy and nothing is held out, so the score of the final incumbent is the best value that was seen."""
    evaluation = evaluate_benchmark(closed, LARGE)
    store = Store.open(closed.store.folder)
    for label, outcome in evaluation.outcomes.items():
        frames = [store.read(unit).to_pandas() for unit in closed.units(LARGE, label)]
        best = np.concatenate([frame.groupby("run")["error"].min().to_numpy() for frame in frames])
        np.testing.assert_allclose(outcome.score, best)
        assert (best > evaluation.optimum).all()
    assert evaluation.accounts == ("queries", "unique_queries")
    assert [target.key for target in evaluation.targets] == ["best", "regret-0.1", "regret-0.3", "regret-1"]


def test_a_solved_landscape_has_regret_zero_and_reached_targets(closed: Results) -> None:
    outcome = evaluate_benchmark(closed, "onemax/3x3").outcomes["local_search"]
    # A climb from anywhere takes at most three steps of six neighbours, of the 27 queries.
    assert (outcome.score == 0.0).all()
    assert outcome.times["best", "queries"].observed.all()


def test_the_report_has_the_ablation_and_speaks_of_no_table(closed: Results) -> None:
    report = build_report(closed)
    tables = {table.name: table for table in report.tables}
    assert [row[2].value for row in tables["ablation"].rows] == ["first"] * 2
    assert "time-to-target-train-seconds" not in tables
    assert "exact value" in tables["comparison"].caption
    assert not any("optimistic" in note for note in tables["comparison"].notes)
    assert report.summary[0].endswith("the closed forms train nothing.")
    assert not any("training seeds" in paragraph or "the table" in paragraph for paragraph in report.methods)
    survival = next(figure for figure in report.figures if figure.name == "survival")
    assert survival.title == "Time until best architecture is queried"


def test_a_study_of_a_table_and_a_closed_form_shows_what_both_have(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    folder = small_study(
        tmp_path,
        optimizers=("random_search", "local_search"),
        benchmarks=("nas-bench-201/cifar10", "onemax/4x3"),
        runs=3,
        epochs="[200]",
        budget="queries = 20",
    )
    report = build_report(Results.open(folder))
    caption = next(table for table in report.tables if table.name == "comparison").caption
    assert "mean over training seeds on the test split" in caption or "validation split" in caption
    assert "or exact value" in caption
    keys = {row[1].value for table in report.tables if table.name == "time-to-target-queries" for row in table.rows}
    assert {"best architecture", "one of the ten best"} <= keys
