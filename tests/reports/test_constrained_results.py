"""What reports say under constraints, against the definitions on a table of 81 architectures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.oracle import ConstrainedTableOracle
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_benchmark
from nasbench.reports.analysis.pareto_fronts import true_front
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import find_target, time_to_target
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.multiobjective import hypervolume
from nasbench.reports.statistics.result import Undefined
from nasbench.search.ledger import INFEASIBLE, Budget
from nasbench.study.config import Study
from nasbench.study.runner import run_study

from constrained_table import constrained_benchmark
from table_protocol import table_protocol

CONSTRAINTS = ("latency <= 0.8", "accuracy >= 66", "latency >= 0.3 (measured)")
PROBLEM = "choices/data"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> TabularBenchmark:
    return constrained_benchmark(tmp_path_factory.mktemp("constrained"))


@pytest.fixture(scope="module")
def truth(table: TabularBenchmark) -> dict[str, np.ndarray]:
    """Return latencies, and seed means of the errors after the longest training, read off the columns."""

    def values(quantity: str, split: str | None = None, epochs: int | None = None) -> np.ndarray:
        column = table.table.find("data", quantity, split, epochs)
        assert column is not None
        return np.asarray(table.table.measured(column).values)

    errors = {split: 100 - values("accuracy", split, 9).mean(axis=1) for split in ("validation", "test")}
    return {"latency": values("latency"), **errors}


def satisfied(truth: dict[str, np.ndarray], split: str) -> np.ndarray:
    latency = truth["latency"]
    return np.asarray((latency <= 0.8) & (latency >= 0.3) & (truth[split] <= 34.0))


@pytest.fixture(scope="module")
def opened(
    table: TabularBenchmark, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Results, BenchmarkEvaluation]]:
    """Return a study of two objectives, whose runs see one noisy seed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nasbench.study.ask_tell.get_searchable", lambda name: table)
        patch.setattr("nasbench.study.store.get_searchable", lambda name: table)
        patch.setattr("nasbench.reports.analysis.results.get_searchable", lambda name: table)
        folder = tmp_path_factory.mktemp("results") / "study"
        study = Study(
            problems=[PROBLEM],
            methods=["random_search", "nsga2"],
            budget={"queries": 12},
            runs=6,
            seed=4,
            objectives=("error", "latency"),
            constraints=CONSTRAINTS,
            repeat_policy="retrain",
        )
        run_study(study, folder)
        results = Results.open(folder)
        yield results, evaluate_benchmark(results, PROBLEM)


def test_the_fixture_is_no_easy_one(opened: tuple[Results, BenchmarkEvaluation], truth: dict[str, np.ndarray]) -> None:
    results, _ = opened
    feasible = results.traces(PROBLEM, "random_search").feasible
    assert feasible is not None and 0.2 < feasible.mean() < 0.8
    assert not np.array_equal(satisfied(truth, "validation"), satisfied(truth, "test"))
    # Without constraints the best architecture would be another one.
    assert truth["test"].argmin() != np.where(satisfied(truth, "test"), truth["test"], np.inf).argmin()


def test_the_oracle_knows_the_feasible_architectures_alone(
    table: TabularBenchmark, truth: dict[str, np.ndarray]
) -> None:
    protocol = table_protocol(Budget({"queries": 1}), epochs=(9,), constraints=CONSTRAINTS)
    oracle = table.oracle(protocol)
    assert isinstance(oracle, ConstrainedTableOracle)
    final, search = satisfied(truth, "test"), satisfied(truth, "validation")
    assert oracle.best_score == pytest.approx(truth["test"][final].min())
    assert oracle.worst_score == pytest.approx(truth["test"][final].max())
    assert oracle.mean_score == pytest.approx(truth["test"][final].mean())
    assert oracle.feasible_share == pytest.approx(final.mean())
    assert [oracle.search_rank(k) for k in (1, 3, 999)] == pytest.approx(
        [np.sort(truth["validation"][search])[k] for k in (0, 2, -1)]
    )
    assert np.array_equal(oracle.is_feasible(np.append(np.arange(81), -1)), np.append(final, False))
    assert np.isnan(oracle.score(np.array([-1]))).all()


def test_incumbents_are_feasible_and_a_run_before_has_none(opened: tuple[Results, BenchmarkEvaluation]) -> None:
    results, _ = opened
    for label in results.labels:
        traces = results.traces(PROBLEM, label)
        assert traces.feasible is not None
        for run in range(len(traces.runs)):
            best, row = np.inf, -1
            for query in range(traces.lengths[run]):
                if traces.feasible[run, query] and traces.observed[run, query, 0] < best:
                    best, row = traces.observed[run, query, 0], traces.rows[run, query]
                assert traces.incumbents[run, query] == row
        assert np.array_equal(traces.spent(INFEASIBLE)[:, -1], (~traces.feasible & traces.answered).sum(axis=1))


def test_scores_and_regret_are_those_of_feasible_choices(
    opened: tuple[Results, BenchmarkEvaluation], truth: dict[str, np.ndarray]
) -> None:
    results, evaluation = opened
    final = satisfied(truth, "test")
    for label, outcome in evaluation.outcomes.items():
        rows = results.traces(PROBLEM, label).incumbents[:, -1]
        valid = (rows >= 0) & final[rows]
        assert outcome.score == pytest.approx(np.where(valid, truth["test"][rows], truth["test"][final].max()))
        assert outcome.feasibility is not None and np.array_equal(outcome.feasibility.holds, valid)
    frame = results.to_pandas()
    regret = frame["regret"].dropna()
    assert (regret >= -1e-9).all() and len(regret) < len(frame)


def test_queries_to_a_target_count_feasible_members_alone(
    opened: tuple[Results, BenchmarkEvaluation], truth: dict[str, np.ndarray]
) -> None:
    results, _ = opened
    traces, oracle = results.traces(PROBLEM, "random_search"), results.oracle(PROBLEM)
    search = satisfied(truth, "validation")
    ten_best = search & (truth["validation"] <= np.sort(truth["validation"][search])[9] + 1e-9)
    found = time_to_target(traces, find_target(oracle, "ten-best"), "queries")
    assert traces.feasible is not None
    expected = [np.flatnonzero(ten_best[rows] & seen) for rows, seen in zip(traces.rows, traces.feasible, strict=True)]
    assert np.array_equal(found.observed, [len(hits) > 0 for hits in expected])
    assert [t for t, e in zip(found.time, found.observed, strict=True) if e] == [h[0] + 1 for h in expected if len(h)]


def test_fronts_and_hypervolume_are_those_of_feasible_architectures(
    opened: tuple[Results, BenchmarkEvaluation], truth: dict[str, np.ndarray]
) -> None:
    results, evaluation = opened
    search = satisfied(truth, "validation")
    objectives = np.stack([truth["validation"], truth["latency"]], axis=1)
    front = true_front(objectives[search])
    assert evaluation.front is not None and evaluation.front.points == pytest.approx(front.points)
    for label, outcome in evaluation.outcomes.items():
        traces = results.traces(PROBLEM, label)
        assert outcome.fronts is not None and traces.feasible is not None
        for run in range(len(traces.runs)):
            seen = np.flatnonzero(traces.feasible[run])
            values = traces.observed[run, seen]
            kept = [q for q, v in zip(seen, values, strict=True) if not _dominated(v, values)]
            rows = [row for row in traces.rows[run, kept] if search[row]]
            volume = hypervolume(front.scaled(objectives[rows]), [1.1, 1.1]) if rows else 0.0
            assert not isinstance(volume, Undefined)
            assert outcome.fronts.volume[run, -1] == pytest.approx(volume / front.volume)


def _dominated(point: np.ndarray, points: np.ndarray) -> bool:
    return bool(((points <= point).all(axis=1) & (points < point).any(axis=1)).any())


def test_the_report_says_the_constraints(opened: tuple[Results, BenchmarkEvaluation]) -> None:
    results, evaluation = opened
    report = build_report(results, options=ReportOptions(formats=()))
    (table,) = (table for table in report.tables if table.name == "constraints")
    kept = evaluation.outcomes["random_search"].feasibility
    assert kept is not None
    assert table.rows[0][2].value == pytest.approx(kept.share.mean())
    assert table.rows[0][4].value == (~kept.found).sum()
    assert any("latency <= 0.8 and accuracy >= 66" in sentence for sentence in report.summary)
    assert any("best of all feasible architectures" in paragraph for paragraph in report.methods)
    assert any("Known before a query" in p and "Measured, on the validation split" in p for p in report.methods)


def test_constraints_that_nothing_satisfies_are_refused_in_one_sentence(table: TabularBenchmark) -> None:
    protocol = table_protocol(Budget({"queries": 1}), epochs=(9,), constraints=("accuracy >= 99.9",))
    with pytest.raises(
        NasbenchError, match=r"No architecture of choices/data satisfies accuracy >= 99.9; loosen that\."
    ):
        _ = table.oracle(protocol).best_score


def test_a_run_without_a_feasible_architecture_is_as_bad_as_the_worst(table: TabularBenchmark, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("nasbench.study.ask_tell", "nasbench.study.store", "nasbench.reports.analysis.results"):
            patch.setattr(f"{module}.get_searchable", lambda name: table)
        study = Study(
            problems=[PROBLEM],
            methods=["random_search"],
            budget={"queries": 2},
            runs=8,
            constraints=["accuracy >= 82"],
        )
        run_study(study, tmp_path / "study")
        results = Results.open(tmp_path / "study")
        evaluation = evaluate_benchmark(results, PROBLEM)
        outcome = evaluation.outcomes["random_search"]
        assert outcome.feasibility is not None and not outcome.feasibility.found.all()
        oracle = results.oracle(PROBLEM)
        assert isinstance(oracle, ConstrainedTableOracle)
        assert (outcome.score[~outcome.feasibility.found] == oracle.worst_score).all()
        assert all(not time.observed[~outcome.feasibility.found].any() for time in outcome.times.values())
        report = build_report(results)
        assert any("found no feasible architecture" in sentence for sentence in report.summary)
        assert results.best()["problem"].isin([PROBLEM]).all()
