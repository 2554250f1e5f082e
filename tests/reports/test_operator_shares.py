"""Who proposed a query: read from traces that record it, counted, and drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.operator_shares import operator_shares
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.traces import Traces, stack_runs
from nasbench.reports.figures.operator_shares import operator_share_figure

from vouching import vouch

ONE = "nas-bench-201/cifar10"
PARTS = {"surrogate", "evolution", "relaxation", "uniform"}


@pytest.fixture(scope="module")
def folder(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hybrid and random search, four runs of twelve queries in two files each."""
    return small_study(
        tmp_path_factory.mktemp("parts"),
        optimizers=("hybrid", "random_search"),
        runs=4,
        chunk=2,
        benchmarks=(ONE,),
        repeat_policy="cache",
        budget="unique_queries = 12",
    )


def made_up(names: list[list[str]]) -> Traces:
    runs, queries = np.arange(len(names)), [len(row) for row in names]
    total = sum(queries)
    columns = {
        "run": np.repeat(runs, queries),
        "query": np.concatenate([np.arange(n) for n in queries]),
        "error": np.zeros(total),
        "epochs": np.ones(total, dtype=int),
        "charged_seconds": np.zeros(total),
        "is_new_architecture": np.ones(total, dtype=bool),
        "is_new_isomorphism_class": np.ones(total, dtype=bool),
        "operator": np.concatenate(names),
    }
    return stack_runs(columns, np.zeros(total, dtype=int), ("error",), "cache", 1)


def test_shares_are_counted_over_the_queries_that_every_run_made() -> None:
    traces = made_up([["b", "b", "a", "b"], ["b", "a", "a", "b", "a"]])
    assert traces.operator is not None and traces.operator[0, 4] == ""
    shares = operator_shares(traces)
    assert shares is not None
    assert shares.operators == ("b", "a")
    np.testing.assert_array_equal(shares.ends, [1, 2, 3, 4])
    np.testing.assert_array_equal(shares.share[1], [[0, 0, 1, 0], [0, 1, 1, 0]])
    np.testing.assert_allclose(shares.share.sum(axis=0), 1.0)


def test_windows_weigh_up_to_the_overall_share() -> None:
    rng = np.random.default_rng(3)
    names = [list(rng.choice(["a", "b", "c"], 101, p=[0.6, 0.3, 0.1])) for _ in range(5)]
    shares = operator_shares(made_up(names))
    assert shares is not None
    width = shares.ends - shares.starts + 1
    assert width.sum() == 101
    overall = (shares.share.mean(axis=1) @ width) / 101
    for name, share in zip(shares.operators, overall, strict=True):
        assert share == pytest.approx(np.mean(np.array(names) == name))


def test_a_study_records_it_and_the_figure_shows_it(folder: Path) -> None:
    (evaluation,) = evaluate_study(Results.open(folder))
    shares = evaluation.outcomes["hybrid"].shares
    assert shares is not None and set(shares.operators) <= PARTS
    assert (shares.share[shares.operators.index("uniform"), :, 0] == 1.0).all(), "the initial design"
    assert evaluation.outcomes["random_search"].shares is None
    figure = operator_share_figure([evaluation])
    assert figure is not None
    (panel,) = figure.panels
    assert all(part in panel.alt for part in shares.operators)
    assert panel.picture.axes[0].get_legend_handles_labels()[1] == list(shares.operators)


def test_results_without_the_column_are_read(folder: Path, tmp_path: Path, results: Results) -> None:
    assert operator_share_figure(list(evaluate_study(results))) is None
    older = tmp_path / "older"
    shutil.copytree(folder, older)
    first = min((older / "traces").rglob("hybrid/*.parquet"))
    pq.write_table(pq.read_table(first, partitioning=None).drop_columns("operator"), first)
    vouch(older)
    evaluation: BenchmarkEvaluation
    (evaluation,) = evaluate_study(Results.open(older))
    assert evaluation.outcomes["hybrid"].shares is None
    assert len(evaluation.outcomes["hybrid"].score) == 4
