"""A run that cannot spend its budget ends, and traces and report say why."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nasbench.reports.analysis.results import Results
from nasbench.reports.page.report import build_report
from nasbench.search.ledger import MOST_QUERIES, Budget
from nasbench.search.loop import search
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.study.endings import endings_of, sentences, with_endings
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import parse_study
from nasbench.testing.toy import toy_space

from table_protocol import table_protocol
from tiny_tables import TinyTable

STUDY = """
name = "exhausted"
seed = 7
runs = 3
problems = ["onemax/2x2"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 40 }
methods = [{ name = "tpe" }, { name = "random_search" }, { name = "gp_bo", label = "surrogate" }]
"""


def test_an_exhausted_space_ends_every_run_at_once_and_the_report_says_so(tmp_path: Path) -> None:
    study = parse_study(STUDY, "test")
    summary = run_study(study, tmp_path)
    store = Store.open(tmp_path)
    assert summary.queries < 3 * 3 * 40
    for unit in study.units():
        traces = store.read(unit)
        assert set(endings_of(traces.schema)) == {0, 1, 2}
        frame = traces.to_pandas()
        assert (frame.groupby("run")["is_new_architecture"].sum() == 4).all()
        if unit.label != "surrogate":  # its random start is a batch
            assert frame.groupby("run").tail(1)["is_new_architecture"].all(), (
                "the query that completes the space is the last"
            )
    text = " ".join(build_report(Results.open(tmp_path)).summary)
    assert "3 runs of TPE ended before the budget was spent because every architecture had been queried" in text


@pytest.mark.parametrize("repeat_policy", ["cache", "cache_isomorphic", "retrain"])
@pytest.mark.parametrize("cost", [0.0, 100.0, -100.0])
def test_seconds_that_nobody_can_spend_end_a_run(repeat_policy: str, cost: float) -> None:
    space = toy_space()
    everything = space.index(space.all)
    table = TinyTable(space, np.arange(24.0), np.full(24, cost), space.size, everything)
    protocol = table_protocol(Budget({"train_seconds": 1e5}), repeat_policy=repeat_policy)
    problem = Problem(table, protocol, 1, (0, 1))
    started = time.perf_counter()
    search(problem, get_optimizer("one_plus_one_ea").create(problem, Streams(1, (0, 1))))
    assert time.perf_counter() - started < 20
    assert (problem.ledger.spent["queries"] <= 50 * space.size).all()
    assert all(bool(words) != (repeat_policy == "retrain" and cost > 0) for words in problem.ledger.endings())


def test_a_space_that_is_never_exhausted_ends_at_the_cap() -> None:
    space = toy_space()
    table = TinyTable(space, np.arange(24.0), np.full(24, 1e-3), None, None)
    problem = Problem(table, table_protocol(Budget({"train_seconds": 1e9}), repeat_policy="retrain"), 1, (0,))
    search(problem, get_optimizer("random_search").create(problem, Streams(1, (0,)), {"batch_size": 10_000}))
    assert problem.ledger.endings() == [f"it had made {MOST_QUERIES:,} queries without spending its budget"]


def test_files_of_runs_that_spent_their_budget_keep_their_bytes() -> None:
    table = pa.table({"run": [0, 1]})
    assert with_endings(table, (0, 1), ["", ""]) is table
    noted = with_endings(table, (0, 1), ["", "of that"])
    assert endings_of(noted.schema) == {1: "of that"} and endings_of(table.schema) == {}
    assert noted.equals(table)


def test_sentences_count_runs_by_reason() -> None:
    assert sentences({"a": [{0: "x", 1: "x"}, {2: "y"}], "b": [{}]}) == [
        "2 runs of a ended before the budget was spent because x.",
        "1 run of a ended before the budget was spent because y.",
    ]
