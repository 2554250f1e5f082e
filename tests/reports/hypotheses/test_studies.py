"""Hypotheses judged from real, small studies under small registrations."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.pareto_fronts import true_front
from nasbench.reports.analysis.traces import stack_runs
from nasbench.reports.hypotheses.commands import hypotheses as command
from nasbench.reports.hypotheses.evidence import labels_of
from nasbench.reports.hypotheses.hypervolume import queries_to_volume, share
from nasbench.reports.hypotheses.judge import Sources, judge_hypotheses
from nasbench.reports.hypotheses.registration import HypothesisRegistration
from nasbench.reports.hypotheses.statements import load_statements
from nasbench.reports.hypotheses.tables import hypotheses_table, part_rows, parts_table, rows_of
from nasbench.reports.hypotheses.verdict import HypothesisVerdict
from nasbench.reports.tables.included_results import judgement_table
from nasbench.reports.tables.to_latex import to_latex
from nasbench.reports.tables.to_markdown import to_markdown
from nasbench.study.store import Store

from small_registrations import restated, run_registered

STUDIES = {
    "small": """
name = "small"
seed = 0
runs = 12
runs_per_file = 5
problems = ["nas-bench-201/cifar10"]
split = "validation"
epochs = [200]
budget = { unique_queries = 80 }
methods = [
    { name = "random_search" },
    { name = "regularized_evolution" },
    { name = "local_search", label = "ours" },
]
"""
}
SMALL = """
[[hypotheses]]
name = "faster"
kind = "time to target"
statement = "s"
decision_rule = "r"
falsified_by = "c"
studies = ["small"]
method = "ours"
target = "regret-1"
accounts = ["unique_queries", "train_seconds"]
query_cap = 80
runs = 12
assumed_effect = 0.5
threshold = 1.0
horizon_share = 0.6
benchmarks = ["nas-bench-201/cifar10"]
baselines = [{ name = "random_search" }]
"""
Judge = Callable[..., HypothesisVerdict]


@pytest.fixture(scope="module")
def faster(bind: Callable[..., HypothesisRegistration]) -> HypothesisRegistration:
    return bind(SMALL, STUDIES, seed=11)


@pytest.fixture(scope="module")
def study(faster: HypothesisRegistration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local search as the method, random search, and regularized evolution at its defaults, (10, 3)."""
    (folder,) = run_registered(faster, STUDIES, tmp_path_factory.mktemp("hypotheses"))
    return folder


def test_a_baseline_on_every_account_is_judged(faster: HypothesisRegistration, study: Path, judge: Judge) -> None:
    verdict = judge(faster, study)
    assert [part.of for part in verdict.parts] == [
        "cifar10 against random_search in unique queries",
        "cifar10 against random_search in train seconds",
    ], verdict.evidence
    assert all(len(part.runs) == 12 and part.n == 12 for part in verdict.parts)
    assert verdict.outcome in ("holds", "fails", "not shown")


def test_the_horizon_in_seconds_is_that_of_the_table(faster: HypothesisRegistration) -> None:
    from nasbench.tables.catalogue import get_table
    from nasbench.tables.train_time import charged_seconds

    seconds = charged_seconds(get_table("nas-bench-201"), "cifar10", 200)
    assert seconds is not None
    horizons = faster.horizons["nas-bench-201/cifar10"]
    assert horizons == {"unique_queries": 80.0, "train_seconds": pytest.approx(0.6 * 80 * seconds.mean())}


@pytest.mark.parametrize(("threshold", "outcome"), [(0.001, "fails"), (1000.0, "holds")])
def test_a_threshold_that_nothing_or_everything_meets(
    threshold: float, outcome: str, faster: HypothesisRegistration, study: Path, judge: Judge
) -> None:
    assert judge(restated(faster, threshold=threshold), study).outcome == outcome


def test_settings_choose_the_entry_by_the_algorithms_defaults(bind: Callable[..., HypothesisRegistration]) -> None:
    def parts(population: int, tournament: int) -> int:
        settings = f"settings = {{ population_size = {population}, tournament_size = {tournament} }}"
        named = SMALL.replace('{ name = "random_search" }', f'{{ name = "regularized_evolution", {settings} }}')
        return bind(named, STUDIES).parts

    assert parts(10, 3) == 2
    with pytest.raises(NasbenchError, match=r"has no baseline regularized_evolution \{'population_size': 30"):
        parts(30, 10)


def test_an_unfinished_study_judges_nothing(
    faster: HypothesisRegistration, study: Path, judge: Judge, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "copy")
    store = Store.open(tmp_path / "copy")
    store.path(next(unit for unit in store.units() if unit.label == "ours")).unlink()
    with pytest.raises(NasbenchError, match="lacks 1 of 9 units"):
        judge(faster, tmp_path / "copy")


def test_runs_of_methods_that_are_not_judged_may_be_missing(
    faster: HypothesisRegistration, study: Path, judge: Judge, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "copy")
    judged = labels_of(faster, "small")
    unjudged = [unit for unit in Store.open(study).units() if unit.label not in judged]
    assert unjudged
    for unit in unjudged:
        Store.open(tmp_path / "copy").path(unit).unlink()
    assert judge(faster, tmp_path / "copy").parts == judge(faster, study).parts


def test_another_study_is_refused(faster: HypothesisRegistration, study: Path, judge: Judge) -> None:
    with pytest.raises(NasbenchError, match="on which no hypothesis rests"):
        judge_hypotheses(load_statements().hypotheses[:1], Sources(results=[study]))
    with pytest.raises(NasbenchError, match="both hold the study"):
        judge(faster, study, study)


def test_results_are_looked_for_where_run_puts_them(
    faster: HypothesisRegistration, study: Path, judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert judge(faster).outcome == "not run"
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "small").symlink_to(study)
    assert judge(faster).outcome != "not run"


def test_tables_and_rows(faster: HypothesisRegistration, study: Path, judge: Judge) -> None:
    (trained,) = judge_hypotheses(load_statements().select(["cifar10-96.2"]), Sources())
    verdicts = [judge(faster, study), trained]
    rows = rows_of(verdicts)
    assert [row["hypothesis"] for row in rows] == ["faster", "cifar10-96.2"]
    assert {"hypothesis", "verdict", "evidence", "change", "statistic", "n", "runs"} <= set(rows[0])
    assert rows[0]["registered"].startswith("registered as faster-1 (SHA-256 ") and "sources" in rows[0]["registered"]
    assert rows[0]["again"] == "nasbench run small --seed 11 --runs 12 && nasbench hypotheses faster"
    assert len(part_rows(verdicts)) == 2
    assert (
        "faster" in to_markdown(hypotheses_table(rows, "abc")) and judgement_table("hypotheses", rows, "abc", "f").rows
    )
    parts = parts_table(part_rows(verdicts))
    assert parts is not None and r"\toprule" in to_latex(parts)
    assert parts_table(part_rows(verdicts[1:])) is None


def test_the_command_without_results_says_not_run_and_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(theory=False, evidence=tmp_path / "none", json=True, out=tmp_path / "tables") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "hypotheses" and len(document["hypotheses"]) == len(load_statements().hypotheses)
    assert {row["verdict"] for row in document["hypotheses"]} == {"not run"}
    assert (tmp_path / "tables" / "hypotheses.tex").exists()


def test_the_command_fails_where_a_judged_hypothesis_does(
    faster: HypothesisRegistration, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nasbench.reports.hypotheses.statements import Statements

    hopeless = restated(faster, threshold=0.001)
    statements = Statements((hopeless.hypothesis,), "0" * 64)
    monkeypatch.setattr("nasbench.reports.hypotheses.statements.load_statements", lambda: statements)
    monkeypatch.setattr("nasbench.reports.hypotheses.judge.registrations", lambda name, folder: [hopeless])
    assert command(results=[study]) == 1
    said = capsys.readouterr().out
    assert "fails" in said and "again: nasbench run small --seed 11 --runs 12" in said.replace("\n", " ")


def test_registering_and_packing_need_names() -> None:
    for wrong in ({"register": True}, {"run": True}, {"pack": True}):
        with pytest.raises(NasbenchError, match="Name the hypotheses"):
            command(**wrong)  # type: ignore[arg-type]


# ---- hypervolume ---------------------------------------------------------------------------------------------------


def test_queries_to_hypervolume_against_a_scan() -> None:
    rng = np.random.default_rng(2)
    objectives = rng.random((40, 3)) * [50.0, 5.0, 1.0]
    inside = objectives[:, 0] <= 20.0
    lengths = [25, 18, 25]
    rows = np.concatenate([rng.integers(0, 40, n) for n in lengths])
    starts = np.concatenate([[0], list(accumulate(lengths))[:-1]])
    first = np.concatenate(
        [[i == list(part).index(r) for i, r in enumerate(part)] for part in np.split(rows, starts[1:])]
    )
    columns = {
        "run": np.repeat([0, 1, 2], lengths),
        "query": np.concatenate([np.arange(n) for n in lengths]),
        "epochs": np.full(len(rows), 200),
        "charged_seconds": np.ones(len(rows)),
        "is_new_architecture": first,
        "is_new_isomorphism_class": first,
        "error": objectives[rows, 0] + rng.normal(size=len(rows)),
        "latency": objectives[rows, 1],
        "parameters": objectives[rows, 2],
    }
    traces = stack_runs(columns, rows, ("error", "latency", "parameters"), "cache", 200)
    truth = true_front(objectives[inside])
    for fraction in (0.3, 0.6, 0.9, 0.999):
        found = queries_to_volume(traces, objectives, inside, fraction)
        for run, start in enumerate(starts):
            mine = rows[start : start + lengths[run]]
            scan = next(
                (
                    len(set(mine[:k].tolist()))
                    for k in range(1, len(mine) + 1)
                    if share(objectives[mine[:k]][inside[mine[:k]]], truth) >= fraction
                ),
                None,
            )
            assert bool(found.observed[run]) == (scan is not None)
            assert found.time[run] == (len(set(mine.tolist())) if scan is None else scan)


def test_the_whole_attainable_front_is_all_of_it() -> None:
    objectives = np.random.default_rng(4).random((30, 3))
    truth = true_front(objectives)
    assert share(objectives, truth) == pytest.approx(1.0)
    assert share(np.full((2, 3), np.inf), truth) == 0.0


BALANCED = """
[[hypotheses]]
name = "balanced"
kind = "queries to hypervolume"
statement = "s"
decision_rule = "r"
falsified_by = "c"
studies = ["several"]
method = "ours"
error_at_most = 20.0
fraction = 0.5
query_cap = 60
runs = 12
assumed_effect = 0.5
threshold = 0.5
benchmarks = ["nas-bench-201/cifar10"]
baselines = [{ name = "random_search" }]
"""
SEVERAL = {
    "several": """
name = "several"
seed = 0
runs = 12
problems = ["nas-bench-201/cifar10"]
objectives = ["error", "latency", "parameters"]
epochs = [200]
budget = { unique_queries = 60 }
methods = [
    { name = "random_search", settings = { replacement = true } },
    { name = "random_search", label = "ours", settings = { replacement = false } },
]
"""
}


def test_three_objectives_are_judged_from_a_study(
    bind: Callable[..., HypothesisRegistration], judge: Judge, tmp_path: Path
) -> None:
    balanced = bind(BALANCED, SEVERAL, seed=11)
    folders = run_registered(balanced, SEVERAL, tmp_path)
    for threshold, outcome in ((0.01, "fails"), (50.0, "holds")):
        verdict = judge(restated(balanced, threshold=threshold), *folders)
        assert verdict.outcome == outcome, verdict.evidence
        assert verdict.parts[0].of == "cifar10 against random_search in unique queries"
