"""Incumbents, accounts and budgets against plain loops over the rows of the files."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.traces import Traces, at_budgets, stack_runs

CELL = ("nas-bench-201/cifar10", "regularized_evolution")


def made(
    runs: list[int], values: list[float], epochs: list[int] | None = None, repeat_policy: str = "retrain"
) -> Traces:
    """Traces of queries with these observed values, each of another architecture."""
    run = np.array(runs)
    query = np.concatenate([np.arange((run == r).sum()) for r in dict.fromkeys(runs)])
    count = len(runs)
    columns = {
        "run": run,
        "query": query,
        "error": np.array(values),
        "epochs": np.array(epochs or [200] * count),
        "charged_seconds": np.full(count, 2.0),
        "is_new_architecture": np.ones(count, dtype=bool),
        "is_new_isomorphism_class": np.ones(count, dtype=bool),
    }
    return stack_runs(columns, np.arange(count), ("error",), repeat_policy, 200)


def test_incumbent_is_the_earliest_best_observation(results: Results) -> None:
    traces = results.traces(*CELL)
    for run in range(traces.shape[0]):
        best, at = np.inf, -1
        for query in range(traces.lengths[run]):
            if traces.observed[run, query, 0] < best:
                best, at = traces.observed[run, query, 0], query
            assert traces.incumbent_at[run, query] == at
            assert traces.incumbents[run, query] == traces.rows[run, at]


def test_accounts_equal_sums_over_the_rows_of_the_files(several: Results) -> None:
    cell = ("nas-bench-201/cifar100", "random_search")
    traces = several.traces(*cell)
    frame = pq.read_table(several.files(*[cell]), partitioning=None).to_pandas()
    for i, (_, rows) in enumerate(frame.groupby("run", sort=True)):
        last = traces.lengths[i] - 1
        assert traces.spent("queries")[i, last] == len(rows)
        assert traces.spent("unique_queries")[i, last] == rows["is_new_architecture"].sum() == 40
        assert traces.spent("unique_isomorphic_queries")[i, last] == rows["is_new_isomorphism_class"].sum()
        assert traces.spent("train_seconds")[i, last] == pytest.approx(rows["charged_seconds"].sum(), rel=1e-12)
        assert (
            traces.spent("epochs")[i, last] == rows.loc[rows["is_new_architecture"], "epochs"].sum()
        )  # repeats are cached
        assert (traces.spent("queries")[i, last:] == len(rows)).all()


def test_shorter_runs_are_padded_and_learn_nothing() -> None:
    traces = made([3, 3, 3, 8], [5.0, 4.0, 6.0, 7.0])
    assert traces.runs.tolist() == [3, 8]
    assert traces.rows.tolist() == [[0, 1, 2], [3, 3, 3]]
    assert traces.incumbents.tolist() == [[0, 1, 1], [3, 3, 3]]
    assert traces.spent("train_seconds").tolist() == [[2.0, 4.0, 6.0], [2.0, 2.0, 2.0]]
    assert traces.answered.tolist() == [[True] * 3, [True, False, False]]


def test_a_higher_fidelity_takes_the_place_of_a_lower_whatever_it_shows() -> None:
    traces = made([0] * 5, [10.0, 3.0, 9.0, 2.0, 8.0], [12, 12, 200, 12, 200])
    assert traces.incumbents.tolist() == [[0, 1, 2, 2, 4]]


def test_values_at_budgets_are_those_after_the_last_paid_query() -> None:
    values = np.array([[3.0, 2.0, 1.0]])
    spent = np.array([[1.0, 1.0, 4.0]])
    found = at_budgets(values, spent, [0.5, 1.0, 3.9, 4.0, 9.0])
    assert np.isnan(found[0, 0])
    assert found[0, 1:].tolist() == [2.0, 2.0, 1.0, 1.0]


def test_unknown_and_unrecorded_accounts_are_refused(results: Results) -> None:
    traces = results.traces(*CELL)
    with pytest.raises(NasbenchError, match="did you mean 'queries'"):
        traces.spent("querys")
    with pytest.raises(NasbenchError, match="do not record optimizer_seconds"):
        traces.spent("optimizer_seconds")


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(NasbenchError, match="not sorted"):
        made([4, 4, 1], [1.0, 2.0, 3.0])
