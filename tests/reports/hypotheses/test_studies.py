"""Claims judged from real, small studies under small registrations."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.pareto_fronts import true_front
from nasbench.reports.analysis.traces import stack_runs
from nasbench.reports.hypotheses.commands import hypotheses as command
from nasbench.reports.hypotheses.hypervolume import queries_to_volume, share
from nasbench.reports.hypotheses.judge import Sources, judge_claims
from nasbench.reports.hypotheses.registry import Baseline, TimeToTargetRatio, parse, registered
from nasbench.reports.hypotheses.tables import claims_table, part_rows, parts_table, rows_of
from nasbench.reports.tables.included_results import judgement_table
from nasbench.reports.tables.to_latex import to_latex
from nasbench.reports.tables.to_markdown import to_markdown

SMALL = """
[[hypotheses]]
name = "faster"
kind = "time to target"
statement = "s"
decision_rule = "r"
falsified_by = "c"
study = "{study}"
method = "hybrid"
target = "{target}"
accounts = ["unique_queries", "train_seconds"]
query_cap = 80
runs = 12
threshold = {threshold}
benchmarks = ["nas-bench-201/cifar10"]
baselines = [{{ name = "{baseline}" }}]
"""


def registration(
    study: Path, baseline: str = "random_search", threshold: float = 1.0, target: str = "regret-1"
) -> TimeToTargetRatio:
    text = SMALL.format(study=study.parent.name, baseline=baseline, threshold=threshold, target=target)
    (found,) = parse(text).hypotheses
    assert isinstance(found, TimeToTargetRatio)
    return found


@pytest.fixture(scope="module")
def study(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local search under the name of the hybrid, random search, and regularized evolution (10, 3)."""
    return small_study(
        tmp_path_factory.mktemp("claim"),
        optimizers=("random_search", "regularized_evolution"),
        benchmarks=("nas-bench-201/cifar10",),
        repeat_policy="cache",
        budget="unique_queries = 80",
        extra='\n[[methods]]\nname = "local_search"\nlabel = "hybrid"\n',
    )


def judged(claim: TimeToTargetRatio, *folders: Path) -> str:
    (verdict,) = judge_claims([claim], Sources(results=folders))
    return verdict.outcome


def test_a_baseline_on_every_account_is_judged(study: Path) -> None:
    (verdict,) = judge_claims([registration(study)], Sources(results=[study]))
    assert [part.of for part in verdict.parts] == [
        "cifar10 against random_search in unique queries",
        "cifar10 against random_search in train seconds",
    ]
    assert all(len(part.runs) == 12 and part.n == 12 for part in verdict.parts)
    assert verdict.outcome in ("holds", "fails", "not shown")


def test_a_threshold_that_nothing_meets_fails(study: Path) -> None:
    assert judged(registration(study, threshold=0.001), study) == "fails"


def test_a_threshold_that_everything_meets_holds(study: Path) -> None:
    assert judged(registration(study, threshold=1000.0), study) == "holds"


def test_settings_choose_the_entry_by_the_algorithms_defaults(study: Path) -> None:
    claim = registration(study)
    named: list[dict[str, Any]] = [
        {"name": "regularized_evolution", "settings": {"population_size": 10, "tournament_size": 3}}
    ]
    other: list[dict[str, Any]] = [
        {"name": "regularized_evolution", "settings": {"population_size": 30, "tournament_size": 10}}
    ]
    with_default = claim.model_copy(update={"baselines": tuple(Baseline(**one) for one in named)})
    without = claim.model_copy(update={"baselines": tuple(Baseline(**one) for one in other)})
    assert judged(with_default, study) != "not run"
    (verdict,) = judge_claims([without], Sources(results=[study]))
    assert verdict.outcome == "not run" and "population_size 30, tournament_size 10" in verdict.evidence


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"runs": 100}, "12 runs and 100 are registered"),
        ({"query_cap": 300}, "not 300 unique queries"),
        ({"benchmarks": ["nas-bench-201/cifar100"]}, "lacks nas-bench-201/cifar100"),
        ({"method": "another"}, "no optimizer labelled another"),
        ({"objectives": ["error", "latency"]}, "objectives are error"),
    ],
)
def test_a_study_that_is_not_the_registered_one_judges_nothing(
    study: Path, change: dict[str, object], reason: str
) -> None:
    claim = registration(study)
    altered = claim.model_copy(update=change)
    (verdict,) = judge_claims([altered], Sources(results=[study]))
    assert verdict.outcome == "not run" and reason in verdict.evidence and "nasbench run" in verdict.change


def test_an_unfinished_study_judges_nothing(study: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / study.parent.name / "study"
    shutil.copytree(study, copy)
    next((copy / "traces").rglob("*.parquet")).unlink()
    (verdict,) = judge_claims([registration(study)], Sources(results=[copy]))
    assert verdict.outcome == "not run" and "lacks 1 of 9 units" in verdict.evidence


def test_another_study_is_refused(study: Path) -> None:
    with pytest.raises(NasbenchError, match="which no claim rests on"):
        judge_claims(registered().hypotheses[:1], Sources(results=[study]))
    with pytest.raises(NasbenchError, match="both hold the study"):
        judge_claims([registration(study)], Sources(results=[study, study]))


def test_results_are_looked_for_where_run_puts_them(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    claim = registration(study)
    assert judged(claim) == "not run"
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / study.parent.name).symlink_to(study)
    assert judged(claim) != "not run"


def test_tables_and_rows(study: Path) -> None:
    verdicts = judge_claims([registration(study), *registered().select(["cifar10-96.2"])], Sources(results=[study]))
    rows = rows_of(verdicts)
    assert [row["claim"] for row in rows] == ["faster", "cifar10-96.2"]
    assert {"claim", "verdict", "evidence", "change", "statistic", "n", "runs"} <= set(rows[0])
    assert len(part_rows(verdicts)) == 2
    assert "faster" in to_markdown(claims_table(rows, "abc")) and judgement_table("hypotheses", rows, "abc", "f").rows
    parts = parts_table(part_rows(verdicts))
    assert parts is not None and r"\toprule" in to_latex(parts)
    assert parts_table(part_rows(verdicts[1:])) is None


def test_the_command_without_results_says_not_run_and_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(theory=False, json=True, out=tmp_path / "tables") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "hypotheses" and len(document["hypotheses"]) == len(registered().hypotheses)
    assert {row["verdict"] for row in document["hypotheses"]} == {"not run"}
    assert (tmp_path / "tables" / "claims.tex").exists()


def test_the_command_fails_where_a_judged_claim_does(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.format(study=study.parent.name, baseline="random_search", threshold=0.001, target="regret-1")
    monkeypatch.setattr("nasbench.reports.hypotheses.registry.registered", lambda: parse(text))
    assert command(results=[study]) == 1
    assert "fails" in capsys.readouterr().out


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
study = "{study}"
method = "hybrid"
objectives = ["error", "latency", "parameters"]
error_at_most = 20.0
fraction = 0.5
query_cap = 60
runs = 12
threshold = {threshold}
dataset = "cifar10"
baselines = [{{ name = "random_search" }}]
"""


def test_three_objectives_are_judged_from_a_study(small_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = small_study(
        tmp_path / "several",
        optimizers=("random_search",),
        benchmarks=("nas-bench-201/cifar10",),
        objectives=("error", "latency", "parameters"),
        repeat_policy="cache",
        budget="unique_queries = 60",
        extra='\n[[methods]]\nname = "random_search"\nlabel = "hybrid"\nsettings = { replacement = false }\n',
    )
    outcomes = {}
    for threshold in (0.01, 50.0):
        claim = parse(BALANCED.format(study="several", threshold=threshold)).hypotheses[0]
        (verdict,) = judge_claims([claim], Sources(results=[folder]))
        outcomes[threshold] = verdict.outcome
        assert verdict.parts[0].of == "cifar10 against random_search in unique queries"
    assert outcomes == {0.01: "fails", 50.0: "holds"}
