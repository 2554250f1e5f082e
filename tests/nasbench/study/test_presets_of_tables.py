from __future__ import annotations

from pathlib import Path

import pytest

from nasbench.benchmarks.catalogue import expand_benchmarks, get_benchmark
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.study.toml import load_study, parse_study, preset_names


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_CACHE", str(tmp_path / "cache"))


def test_all_tables_are_those_that_ship(fresh: None) -> None:
    study = load_study("all-tables")
    assert len(study.problems) == 3 + 9 + 7 + 2 + 1
    assert parse_study(study.to_toml(), "again") == study
    assert load_study("size-space").problems == tuple(
        f"nats-bench-size-reference/{d}" for d in ("cifar10", "cifar100", "imagenet16-120")
    )


def test_patterns_stand_for_what_they_match_each_once(fresh: None) -> None:
    names = expand_benchmarks(["nas-bench-201/cifar10", "nas-bench-201/*", "*/proteins", "nowhere/*"])
    assert names[:2] == ("nas-bench-201/cifar10", "nas-bench-201/cifar100")
    assert names[-1] == "nas-bench-graph-proteins/proteins" and len(names) == 4
    assert expand_benchmarks(["nas-bench-201/cifar10", "nas-bench-201/cifar10"]) == ("nas-bench-201/cifar10",) * 2


def test_the_presets_name_optimizers_that_their_benchmarks_can_run(fresh: None) -> None:
    study = load_study("all-tables")
    benchmark = get_benchmark("nas-bench-graph-proteins/proteins")
    problem = benchmark.problem(study.protocol(benchmark.longest(study.objectives, study.split)), study.seed, (0,))
    for entry in study.methods:
        get_optimizer(entry.name).check(problem, entry.settings)


@pytest.mark.parametrize("name", ["development-tables", "development-cells", "development-tables-slow"])
def test_the_table_of_methods_is_of_development_tables_and_alike_initial_designs(name: str, fresh: None) -> None:
    study, whole = load_study(name), load_study("development-tables")
    assert set(study.problems) <= set(whole.problems) and study.seed == whole.seed and study.budget == whole.budget
    assert not any(problem.startswith("nas-bench-201") for problem in study.problems)
    hybrid = get_optimizer("hybrid").settings["n_initial_samples"]
    assert study.methods[0].name == "hybrid" and not study.methods[0].settings
    for entry in study.methods:
        default = get_optimizer(entry.name).settings.get("n_initial_samples", 0)
        assert entry.settings == ({"n_initial_samples": hybrid} if default > hybrid else {}), entry.name


def test_methods_that_choose_trainings_have_a_preset_of_their_own(fresh: None) -> None:
    study = load_study("development-fidelities")
    assert {entry.name for entry in study.methods} >= {"hyperband", "bohb", "asha", "pasha", "dehb"}
    assert study.budget.limits["epochs"] == load_study("development-tables").budget.limits["unique_queries"] * 108
    compared = {
        entry.name for name in preset_names() if name.startswith("development-") for entry in load_study(name).methods
    }
    single = {name for name in optimizer_names() if get_optimizer(name).objectives == "one"} - {"darts_replay"}
    assert single - compared == set(), "every method for one objective is compared somewhere"
