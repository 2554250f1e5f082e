from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.renamed import RenamedWarning
from nasbench.search.problem import Problem
from nasbench.study.config import Study
from nasbench.study.manifest import Manifest
from nasbench.study.store import Store
from nasbench.study.toml import load_study, parse_stored_study, parse_study, preset_names

QUICK = load_study("quick").to_toml()


@pytest.mark.parametrize("name", preset_names())
def test_presets_read_back_equal(name: str) -> None:
    try:
        study = load_study(name)
    except NasbenchError as fault:
        pytest.skip(f"its tables are not at hand: {fault}")
    assert study.name == name
    assert study.description
    assert parse_study(study.to_toml(), "again").to_mapping() == study.to_mapping()


def test_units_cover_every_run_once() -> None:
    study = load_study("nas-bench-201-full").with_runs(1234)
    units = study.units()
    assert len({unit.path for unit in units}) == len(units)
    for benchmark in study.problems:
        for entry in study.methods:
            runs = [run for u in units if u.problem == benchmark and u.method == entry for run in u.runs]
            assert runs == list(range(1234))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.replace("runs = 20", "runs = = 20"), r"not TOML.*line 5"),
        (lambda t: t.replace("runs = 20", "runs = 0"), "between 1 and 100,000"),
        (lambda t: t.replace("runs = 20", "runs = 1000000"), "between 1 and 100,000"),
        (lambda t: t.replace("runs = 20", "runs = '20'"), "whole number"),
        (lambda t: t.replace("runs = 20", "runs = true"), "whole number"),
        (lambda t: t.replace("runs = 20\n", ""), "lacks the key 'runs'; it should be a whole number"),
        (lambda t: t.replace("runs = 20", "runs = 20\nrusn = 3"), "did you mean 'runs'"),
        (lambda t: t.replace("queries = 300", "queries = 0"), "positive number"),
        (lambda t: t.replace("queries = 300", "queries = -5"), "positive number"),
        (lambda t: t.replace("queries = 300", "querys = 300"), "did you mean 'queries'"),
        (lambda t: t.replace("seed = 20261124", "seed = -1"), "0 or more"),
        (lambda t: t.replace('repeat_policy = "retrain"', 'repeat_policy = "free"'), "no repeat policy named 'free'"),
        (
            lambda t: t.replace('label = "local_search"', 'label = "random_search"'),
            "each once; a method that comes twice needs a label",
        ),
        (
            lambda t: t.replace('label = "local_search"', 'label = "local_search"\nsetings = 3'),
            "did you mean 'settings'",
        ),
        (lambda t: t.replace("epochs = [\n    200,\n]", 'epochs = "last"'), "'longest'"),
        (lambda t: t.replace("    200,", "    200.5,"), "line 17, epochs.*whole number"),
    ],
)
def test_mistakes_are_named(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    changed = change(QUICK)
    assert changed != QUICK
    with pytest.raises(NasbenchError, match=reason):
        parse_study(changed, "test.toml").protocol(200)


def test_unknown_presets_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="did you mean 'quick'"):
        load_study("quik")
    with pytest.raises(NasbenchError, match="cannot be read"):
        load_study(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NasbenchError, match="not text"):
        load_study(str(tmp_path / "binary.toml"))


FIRST_EDITION = """
name = "old"
seed = 4
runs = 2
chunk = 1
benchmarks = ["onemax/3x3"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "random"
repeats = "isomorphic"
budget = { queries = 5 }
optimizers = [{ name = "random_search" }]
"""
FIRST_EDITION_LIVE = """
name = "old"
tasks = ["digits", "co2"]
space = "nas-bench-201"
seeds = [3, 4, 9]
stopping = "none"
selection = "derive"
references = ["majority"]
examples = { train = 96, search = 48 }
search = {}
recipe = {}
search_recipe = { epochs = 1 }
budget = { queries = 3 }
optimizers = [{ name = "darts" }]

[task.co2]
search = { epochs = 2 }
references = []
"""


def test_a_study_of_the_first_edition_is_read_with_a_warning_of_each_old_word() -> None:
    with pytest.warns(RenamedWarning) as warned:
        study = parse_study(FIRST_EDITION, "old")
    assert len(warned) == 4 and "repeats is called repeat_policy now" in " ".join(str(w.message) for w in warned)
    assert study.repeat_policy == "cache_isomorphic" and study.protocol(1).budget.limits == {"queries": 5}
    assert [unit.path for unit in study.units()] == [f"onemax__3x3/random_search/{r:06d}-{r:06d}" for r in (0, 1)]
    assert parse_stored_study(FIRST_EDITION, "old") == parse_study(study.to_toml(), "again") == study


def test_old_settings_of_published_methods_are_those_of_today(tmp_path: Path) -> None:
    named = [
        ("random_search", "batch = 2", "batch_size = 2"),
        ("regularized_evolution", "population = 4, sample = 2", "population_size = 4, tournament_size = 2"),
        ("nasbench.baselines.nsga2:OPTIMIZER", "population = 6", "population_size = 6"),
    ]
    old, new = (
        FIRST_EDITION.replace(
            '{ name = "random_search" }', ", ".join(f'{{ name = "{m[0]}", settings = {{ {m[at]} }} }}' for m in named)
        )
        for at in (1, 2)
    )
    with pytest.warns(RenamedWarning) as warned:
        study = parse_study(old, "old")
    told = " ".join(str(w.message) for w in warned)
    for word in ("batch", "population", "sample"):
        assert f"{word} is called" in told
    assert study == parse_stored_study(new, "new")

    done = study.run(tmp_path).done
    assert done == len(study.units())
    stored = (tmp_path / "study.toml").read_text()
    for of_today, of_old in (("batch_size", "batch"), ("population_size", "population"), ("tournament_size", "sample")):
        stored = stored.replace(of_today, of_old)
    held = Store.open(tmp_path).study
    Manifest.read(tmp_path).write({"study.toml": stored.encode()})
    assert Store.open(tmp_path).study == held
    assert study.run(tmp_path).done == 0


def test_a_live_study_of_the_first_edition_keeps_its_seeds_and_the_places_of_its_results() -> None:
    study = parse_stored_study(FIRST_EDITION_LIVE, "old")
    assert study.problems == ("live/digits", "live/co2") and study.live.architecture_selection == "argmax"
    assert [study.live_seed(run) for run in range(study.runs)] == [3, 4, 9]
    paths = [unit.path for unit in study.units()]
    assert paths[:2] == ["digits/majority/000003", "digits/darts/000003"] and paths[-1] == "co2/darts/000009"
    assert study.live.of_problem("live/co2", {})["supernet"] == {"epochs": 2}
    assert study.with_runs(4).live.seeds == (3, 4, 9, 10) and study.with_seed(7).live_seed(2) == 9
    assert parse_study(study.to_toml(), "again") == study


def test_a_study_of_a_later_version_is_refused() -> None:
    with pytest.raises(NasbenchError, match="has schema 3 and this version reads 2; update the suite"):
        parse_study(QUICK.replace("schema = 2", "schema = 3"), "new")


def test_what_is_passed_from_python_is_recorded_and_runs_in_two_processes(tmp_path: Path) -> None:
    study = Study(
        problems=["onemax/6x2"], methods=["random_search", Uniform], runs=4, runs_per_file=2, budget={"queries": 6}
    )
    assert study.run(tmp_path / "two", jobs=2).done == 4 and study.run(tmp_path / "one").done == 4
    files = [sorted((tmp_path / place / "traces").rglob("*.parquet")) for place in ("one", "two")]
    assert len(files[0]) == 4 and [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]
    held = Store.open(tmp_path / "two").study.methods[1]
    assert held.name.endswith(":Uniform") and held.label == "Uniform" and len(held.sha256) == 64


class Uniform:
    """Uniform sampling for one run."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.space, self.rng = problem.space, rng

    def ask(self) -> np.ndarray:
        return self.space.sample(self.rng.random((1, self.space.d)))

    def tell(self, observations: object) -> None:
        pass
