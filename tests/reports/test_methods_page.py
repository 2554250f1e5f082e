"""The table of all methods: families count once, ratios are to the reference, and the page says what it rests on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.evaluation import evaluate_study, relative_regret
from nasbench.reports.analysis.families import compare_families, family
from nasbench.reports.analysis.query_cost import measure_query_cost, source_of
from nasbench.reports.analysis.results import Results
from nasbench.reports.page.methods_page import main, open_finished, section
from nasbench.reports.statistics.ranks import ranks
from nasbench.reports.statistics.result import Estimate, Interval, Undefined
from nasbench.search.registry import get_optimizer
from nasbench.study.backend import run_unit
from nasbench.study.config import Study
from nasbench.study.runner import run_study
from nasbench.study.store import Store
from nasbench.study.toml import load_study
from nasbench.study.tuning_study import tune_study

METHODS = ("random_search", "one_plus_one_ea", "regularized_evolution")
PROBLEMS = (
    "transnas-bench-101-micro/class_scene",
    "nas-bench-360/ninapro",
    "transnas-bench-101-micro/jigsaw",
    "nas-bench-graph-proteins/proteins",
    "nk/10x6-k2",
    "onemax/20x4",
)


@pytest.fixture(scope="module")
def folder(small_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_study(
        tmp_path_factory.mktemp("families"), optimizers=METHODS, runs=15, chunk=15, benchmarks=PROBLEMS,
        repeat_policy="cache", budget="unique_queries = 60", epochs='"longest"',
    )  # fmt: skip


def test_a_family_counts_once(folder: Path) -> None:
    evaluations = tuple(evaluate_study(Results.open(folder)))
    found = compare_families(evaluations, "random_search", np.random.default_rng(0))
    assert {name: len(own) for name, own in found.families.items()} == {
        "transnas-bench-101-micro": 2, "nas-bench-360": 1, "nas-bench-graph-proteins": 1, "nk": 1, "onemax": 1
    }  # fmt: skip
    regrets = np.array([[relative_regret([e], label).mean() for label in METHODS] for e in evaluations])
    by_hand = np.vstack([regrets[[0, 2]].mean(axis=0), regrets[[1, 3, 4, 5]]])
    np.testing.assert_allclose(found.by_regret.scores, by_hand)
    assert [found.by_regret.mean_rank(i) for i in range(3)] == pytest.approx(ranks(by_hand).mean(axis=0).tolist())
    assert found.by_cost.scores.max() <= 1.0 and found.runs == 15

    hits = {e.benchmark: {m: e.outcomes[m].times[found.targets[e.benchmark].key, "unique_queries"] for m in METHODS} for e in evaluations}  # fmt: skip
    means = {b: np.array([own[m].until(60).time.mean() for m in METHODS]) for b, own in hits.items()}
    weights = [1.0 / len(found.families[family(b)]) for b in PROBLEMS]
    logs = np.average([np.log(means[b] / means[b][0]) for b in PROBLEMS], axis=0, weights=weights)
    for standing, log in list(zip(found.standings, logs, strict=True))[1:]:
        assert isinstance(standing.cost, Estimate) and standing.cost.value == pytest.approx(np.exp(log))
        assert isinstance(standing.cost.interval, Interval)
    assert isinstance(found.standings[0].cost, Undefined)
    assert found.targets["nk/10x6-k2"].key == "best" and found.targets["nas-bench-360/ninapro"].key == "ten-best"


def test_a_query_of_a_model_costs_more_than_a_draw(folder: Path) -> None:
    results = Results.open(folder)
    draw, evolved = (measure_query_cost(results, PROBLEMS[0], label) for label in METHODS[:2])
    assert 0.0 < draw.seconds < evolved.seconds and evolved.late < 100.0 * evolved.seconds


def test_where_a_method_is_from() -> None:
    assert "AAAI 2019" in source_of(get_optimizer("regularized_evolution"))


def test_the_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "METHODS.md"
    assert main([str(folder), "--out", str(out), "--reference", "random_search"]) == 0
    text = out.read_text()
    assert "**15 runs** of each method" in text and "successive_halving" in text and "Friedman" in text
    assert all(f"| {name} | " in text.replace("\\", "") for name in METHODS)
    # Two of the methods have no settings that are tuned: 20 trials x 10 runs x 6 problems x 60 queries of the third.
    command, hours = re.findall(
        r"`nasbench (tune --study \S+ --trials 20 --runs 10)`.*: regularized_evolution (\S+); \S+ in all", text
    )[0]
    assert 72_000 * 1e-7 < 3600 * float(hours) < 72_000 * 1e-2
    with pytest.raises(NasbenchError, match="The seed 11 is that of"):
        tune_study(
            load_study(command.split()[2]), tmp_path / "tuned", trials=20, runs=10, seed=Results.open(folder).study.seed
        )
    assert main([str(folder), "--out", str(out)]) == 2
    assert main([str(tmp_path / "nowhere")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "has no method 'hybrid'" in said[0] and len(said) == 2 and out.read_text() == text


def test_one_family_has_no_ranks_and_no_table_by_family(folder: Path) -> None:
    whole = Results.open(folder)
    one = section(Results(replace(whole.store, study=whole.study.with_problems(PROBLEMS[:1]))), METHODS[0])
    assert one.count("mean ranks over 1 data set decide nothing") == 1 and "By family" not in one
    assert "Friedman" not in one and "**All methods.**" in one


def test_a_study_that_runs_is_shown_as_far_as_it_is(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "half")
    whole = Results.open(folder)
    for problem in PROBLEMS[3:]:
        whole_path = whole.store.path(whole.units(problem, METHODS[2])[0]).relative_to(folder)
        (tmp_path / "half" / whole_path).unlink()
    assert open_finished(tmp_path / "half").benchmarks == PROBLEMS[:3] and open_finished(folder).benchmarks == PROBLEMS
    for problem in PROBLEMS[:3]:
        (tmp_path / "half" / whole.store.path(whole.units(problem, METHODS[0])[0]).relative_to(folder)).unlink()
    with pytest.raises(NasbenchError, match="runs what is missing"):
        open_finished(tmp_path / "half")


def test_runs_that_are_being_added_count_once_as_many_problems_have_them(tmp_path: Path) -> None:
    problems = ["onemax/3x2", "onemax/4x2"]
    study = Study(problems=problems, methods=["random_search"], budget={"queries": 5}, runs=2, runs_per_file=5)
    study.run(tmp_path)
    alone = Results.open(tmp_path)
    store = Store.create_or_resume(tmp_path, study.with_runs(4), {})
    assert len(store.missing) == 2
    for done in range(2):
        found = open_finished(tmp_path)
        assert found.benchmarks == tuple(problems) and found.study.runs == 2, done
        assert found.digest((problems[0], "random_search")) == alone.digest((problems[0], "random_search"))
        store.write(store.missing[0], run_unit(store.study, store.missing[0]))
    assert open_finished(tmp_path).study.runs == 4


def test_methods_that_were_run_anew_are_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder, tmp_path / "again")
    monkeypatch.setattr("nasbench.study.store.deciding_sources", lambda: "f" * 64)
    study = Results.open(folder).study
    run_study(study, tmp_path / "again", again=[METHODS[0]])
    assert main([str(tmp_path / "again"), "--out", str(tmp_path / "M.md"), "--reference", METHODS[1]]) == 0
    assert f"; {METHODS[0]} by ffffffffffff." in (tmp_path / "M.md").read_text()


def test_methods_that_ended_before_their_budget_are_named(tmp_path: Path) -> None:
    methods = ["random_search", "one_plus_one_ea"]
    Study(problems="nas-bench-101-sample/cifar10", methods=methods, budget={"unique_queries": 30}, runs=2).run(tmp_path)
    text = section(Results.open(tmp_path), "random_search")
    assert "2 runs of one_plus_one_ea ended before the budget was spent" in text
    assert "without the target counts as one that did not reach it within the budget" in text


def test_a_method_that_ends_early_does_not_cut_the_others_short(tmp_path: Path) -> None:
    methods = ["random_search", "one_plus_one_ea"]
    Study(problems="nas-bench-101-sample/cifar10", methods=methods, budget={"unique_queries": 30}, runs=2).run(tmp_path)
    (evaluation,) = evaluate_study(Results.open(tmp_path))
    (target,) = [t for t in evaluation.targets if t.key == "ten-best"]
    assert evaluation.horizons[target.key, "unique_queries"] == 30
    both = {label: outcome.times[target.key, "unique_queries"].time for label, outcome in evaluation.outcomes.items()}
    assert (both["one_plus_one_ea"] == 30).all(), "runs that ended after a few queries and never reached it"
