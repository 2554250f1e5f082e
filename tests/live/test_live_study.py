"""Live studies as they are written: every setting named, mistakes told in a sentence before anything runs."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.experiment import open_experiment
from nasbench.live.experiment.reference_distribution import RECIPE
from nasbench.live.experiment.search import supernet_search
from nasbench.live.experiment.study_config import experiment_config
from nasbench.live.searchers.diagnostics import UNMOVED
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.training.recipe import CIFAR10_GPU, SMALL
from nasbench.study.runner import check_study
from nasbench.study.toml import load_study, parse_study

from tiny_study import tiny


def with_option(name: str, other: str, option: str) -> tuple[str, str]:
    """Return the table of an optimizer without options, and what replaces it by one of another name with an option."""
    head = f'name = "{name}"\nlabel = "{name}"\n\n[methods.settings]'
    return head, head.replace(f'name = "{name}"', f'name = "{other}"') + f"\n{option}"


LIVE = ("applications", "darts-collapse", "darts-on-digits", "live-cifar10", "live-quick", "one-shot", "sequences")


@pytest.mark.parametrize("name", LIVE)
def test_presets_name_every_setting_and_read_back_equal(name: str) -> None:
    study = load_study(name)
    check_study(study)
    assert parse_study(study.to_toml(), "again") == study
    assert len({unit.path for unit in study.units()}) == len(study.units())


def test_presets_compare_what_they_say() -> None:
    quick = load_study("live-quick")
    names = [entry.name for entry in quick.methods]
    assert names == ["hybrid_supernet", "darts", "gaea", "random_search", "regularized_evolution"] and quick.runs == 3
    units = [unit for unit in load_study("live-cifar10").units() if unit.method is not None]
    plan = experiment_config(load_study("live-cifar10"), units[0])
    assert plan.recipe == CIFAR10_GPU and plan.search_recipe.channels == 16 and plan.budget == {"train_seconds": 12000}
    cifar = next(u for u in quick.units() if u.problem == "live/cifar10" and u.method is not None and u.seed == 2)
    plan = experiment_config(quick, cifar)
    assert plan.subset_size == (4000, 1000) and plan.seed == 2 and plan.recipe.augmentation is not None
    assert plan.search_recipe.channels == plan.recipe.channels == 4  # what a task changes, its searches follow


def test_darts_on_digits_is_what_the_command_runs() -> None:
    study = load_study("darts-on-digits")
    plan = experiment_config(study, next(iter(study.units())))
    assert plan.optimizer == "darts" and plan.optimizer_params == {}
    assert plan.supernet == SupernetConfig(epochs=10, channels=8, cells=1)  # defaults of `nasbench search`
    assert plan.recipe == SMALL and plan.subset_size == (None, None)


def test_seeds_and_tasks_can_be_chosen() -> None:
    study = load_study("live-quick")
    assert study.with_seed(7).with_runs(2).live_seed(1) == 8 and study.with_runs(5).live_seed(4) == 4
    alone = study.with_problems(("digits",))
    assert {unit.problem for unit in alone.units()} == {"live/digits"}
    assert parse_study(alone.to_toml(), "again") == alone
    references = [unit for unit in study.units() if unit.method is None and unit.problem == "live/digits"]
    assert sorted(unit.label for unit in references) == ["logistic_regression", "majority", *["small_cnn"] * 3]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"live/digits"', '"live/digit"', "no task named 'digit'; did you mean 'digits'"),
        (
            "momentum = 0.9",
            "momentun = 0.9",
            "study tiny, task digits, supernet: there is no key 'momentun'; did you mean 'momentum'?",
        ),
        (
            "nesterov = true\n",
            "",
            "recipe: it lacks the key 'nesterov'; it should be named, since a study names every setting of it, or none",
        ),
        ("batch_size = 64", 'batch_size = "64"', "batch_size: it is '64'; it should be a whole number"),
        ("nesterov = true", "nesterov = 1", "nesterov: it is 1; it should be true or false"),
        ('augmentation = "task"', 'augmentation = "none"', "it should be 'task' or a table"),
        ('name = "gaea"', 'name = "gea"', "no optimizer named 'gea'"),
        ("population_size = 4", "poulation_size = 4", "did you mean 'population_size'"),
        ('references = [\n    "majority",\n]', 'references = ["arima"]', "is no model of classification"),
        ("queries = 3", "query = 3", "no account named 'query'"),
        ('space = "nas-bench-201"', 'space = "nasbench"', "nas-bench-201"),
        ('early_stopping = "none"', 'early_stopping = "never"', "no early stopping rule named 'never'"),
        (
            'early_stopping = "none"',
            'early_stopping = "skips:x"',
            "it should be none, max-skip-connections[:N] or eigenvalue[:WINDOW,RATIO]",
        ),
        (
            'architecture_selection = "argmax"',
            'architecture_selection = "best"',
            "no architecture selection named 'best'",
        ),
        (*with_option("gaea", "gaea", "levels = 7"), "levels of gaea is 7; it should be 1 or 2"),
        (
            *with_option("hybrid_supernet", "hybrid_supernet", "gradient_interval = 0"),
            "gradient_interval of hybrid_supernet is 0",
        ),
        (*with_option("darts", "darts", 'arch_learning_rate = "x"'), "is 'x'; it should be a number"),
        (*with_option("gaea", "pc_darts", "partial_channels = 3"), "choose a multiple"),
        (
            "momentum = 0.9",
            "momentum = 1.0",
            "momentum of the supernet is 1.0; it should be a number from 0 to below 1",
        ),
        (
            'augmentation = "task"',
            'augmentation = { flip = true, translate = 0, cutout = "a" }',
            "augmentation.cutout: it is 'a'; it should be a whole number",
        ),
        ("train = 128", "train = 0", "train: it is 0; it should be 1 or more or 'all'"),
    ],
)
def test_mistakes_are_told_before_anything_runs(old: str, new: str, fault: str) -> None:
    text = tiny(name='"tiny"', references='[\n    "majority",\n]')
    assert old in text, text
    with pytest.raises(NasbenchError, match=re.escape(fault)) as caught:
        check_study(parse_study(text.replace(old, new, 1), "tiny"))
    assert "\n" not in str(caught.value)


def test_rules_of_a_study_apply_where_they_can() -> None:
    text = tiny(early_stopping='"skips:3"', architecture_selection='"perturbation"')
    study = parse_study(text.replace(*with_option("gaea", "pc_darts", "partial_channels = 2")), "tiny")
    check_study(study)
    plans = {unit.method.name: experiment_config(study, unit) for unit in study.units() if unit.method is not None}
    assert (plans["darts"].early_stopping, plans["darts"].architecture_selection) == ("skips:3", "perturbation")
    assert (plans["hybrid_supernet"].early_stopping, plans["hybrid_supernet"].architecture_selection) == (
        "skips:3",
        "argmax",
    )
    assert (plans["random_search"].early_stopping, plans["random_search"].architecture_selection) == ("none", "argmax")
    assert plans["pc_darts"].optimizer_params == {"partial_channels": 2}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[live]", "[live]\nseeds = [0, 0]", "name at least one, each once"),
        ("seed = 0", "seed = -1", "The seed is -1; it should be 0 or more"),
        (
            "seed = 0",
            "seed = 4294967296",
            "A seed of tiny is 4294967296; it should be a whole number from 0 to 2^32 - 1",
        ),
        ("seed = 0", "seed = 0.5", "a whole number"),
        ("early_stopping", "early_stoping", "did you mean 'early_stopping'"),
        (
            "[live.recipe]",
            "[live.task.trec]\nbudget = {}\n[live.recipe]",
            "no task of the study tiny, live named 'trec'",
        ),
        ("[live.recipe]", "[live.task.digits]\nbudgets = {}\n[live.recipe]", "did you mean 'budget'"),
        ("problems", "x = [\nproblems", "is not TOML"),
    ],
)
def test_malformed_studies_are_refused(old: str, new: str, fault: str) -> None:
    with pytest.raises(NasbenchError, match=re.escape(fault)):
        parse_study(tiny(name='"tiny"').replace(old, new, 1), "tiny")


def test_one_shot_trains_as_its_reference_distribution_and_methods_have_their_own_epochs() -> None:
    study = load_study("one-shot")
    units = {unit.label: unit for unit in study.units() if unit.method is not None and unit.runs == (0,)}
    configs = {label: experiment_config(study, unit) for label, unit in units.items()}
    assert {config.supernet.epochs for config in configs.values()} > {6, 9, 34}
    assert "search_epochs" not in configs["gdas"].optimizer_params
    assert configs["rsps (fair)"].supernet.learning_rate == 0.03 and configs["gdas"].supernet.learning_rate == 0.1
    for config in configs.values():
        assert config.recipe == replace(RECIPE, seed=config.recipe.seed)
        assert config.search_recipe == replace(RECIPE, epochs=5, seed=config.search_recipe.seed)
    text = study.to_toml().replace("population_size = 5", "population_size = 5\nsearch_epochs = 3")
    with pytest.raises(NasbenchError, match="search_epochs"):
        check_study(parse_study(text, "none"))


@pytest.mark.parametrize("label", ["darts (first order)", "gaea", "gdas"])
def test_rates_of_one_shot_move_theta_within_a_twentieth_of_its_steps(label: str) -> None:
    study = load_study("one-shot")
    unit = next(unit for unit in study.units() if unit.label == label)
    config = experiment_config(study, unit)
    config = replace(config, subset_size=(256, 256), supernet=replace(config.supernet, epochs=10))
    found = supernet_search(open_experiment(config, torch.device("cpu"))).run()
    assert found.curve[-1]["entropy"] < UNMOVED * found.curve[0]["entropy"]
    assert found.curve[-1]["entropy"] < 0.998 * np.log(5)
