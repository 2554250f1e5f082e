"""Live studies as they are written: every setting named, mistakes told in a sentence before anything runs."""

from __future__ import annotations

import re

import pytest

from nasbench.errors import NasbenchError
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.studies.plans import check_live_study, plan_of
from nasbench.live.studies.study import live_preset_names, load_live_study, parse_live_study
from nasbench.live.training.recipe import CIFAR10_GPU, SMALL

from tiny_study import tiny


def with_option(name: str, other: str, option: str) -> tuple[str, str]:
    """Return the table of an optimizer without options, and what replaces it by one of another name with an option."""
    head = f'name = "{name}"\nlabel = "{name}"\n\n[optimizers.settings]'
    return head, head.replace(f'name = "{name}"', f'name = "{other}"') + f"\n{option}"


@pytest.mark.parametrize("name", live_preset_names())
def test_presets_name_every_setting_and_read_back_equal(name: str) -> None:
    study = load_live_study(name)
    check_live_study(study)
    assert parse_live_study(study.to_toml(), "again") == study
    assert len({unit.path for unit in study.units()}) == len(study.units())


def test_presets_compare_what_they_say() -> None:
    quick = load_live_study("live-quick")
    names = [entry.name for entry in quick.optimizers]
    assert (
        names == ["hybrid_supernet", "darts", "gaea", "random_search", "regularized_evolution"]
        and len(quick.seeds) == 3
    )
    units = [unit for unit in load_live_study("live-cifar10").units() if unit.entry is not None]
    plan = plan_of(load_live_study("live-cifar10"), units[0])
    assert plan.recipe == CIFAR10_GPU and plan.search_recipe.channels == 16 and plan.budget == {"train_seconds": 12000}
    cifar = next(u for u in quick.units() if u.task == "cifar10" and u.entry is not None and u.seed == 2)
    plan = plan_of(quick, cifar)
    assert plan.subset_size == (4000, 1000) and plan.seed == 2 and plan.recipe.augmentation is not None
    assert plan.search_recipe.channels == plan.recipe.channels == 4  # what a task changes, its searches follow


def test_darts_on_digits_is_what_the_command_runs() -> None:
    study = load_live_study("darts-on-digits")
    plan = plan_of(study, next(iter(study.units())))
    assert plan.optimizer == "darts" and plan.optimizer_params == {}
    assert plan.supernet == SupernetConfig(epochs=10, channels=8, cells=1)  # defaults of `nasbench search`
    assert plan.recipe == SMALL and plan.subset_size == (None, None)


def test_seeds_and_tasks_can_be_chosen() -> None:
    study = load_live_study("live-quick")
    assert study.with_seeds(2).seeds == (0, 1) and study.with_seeds(5).seeds == (0, 1, 2, 3, 4)
    alone = study.with_tasks(("digits",))
    assert {unit.task for unit in alone.units()} == {"digits"}
    assert parse_live_study(alone.to_toml(), "again") == alone
    references = [unit for unit in study.units() if unit.entry is None and unit.task == "digits"]
    assert sorted(unit.label for unit in references) == ["logistic_regression", "majority", *["small_cnn"] * 3]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('tasks = ["digits"]', 'tasks = ["digit"]', "no task named 'digit'; did you mean 'digits'"),
        ("momentum = 0.9", "momentun = 0.9", "no key of the study tiny, task digits, search named 'momentun'"),
        ("nesterov = true\n", "", "recipe lacks 'nesterov'; a live study names every setting"),
        ("batch = 64", 'batch = "64"', "batch_size is '64'; it should be a whole number"),
        ("nesterov = true", "nesterov = 1", "nesterov is 1; it should be true or false"),
        ('augmentation = "task"', 'augmentation = "none"', "it should be 'task' or a table"),
        ('name = "gaea"', 'name = "gea"', "no optimizer named 'gea'"),
        ("population = 4", "poulation = 4", "did you mean 'population'"),
        ('references = [\n    "majority",\n]', 'references = ["arima"]', "is no model of classification"),
        ("queries = 3", "query = 3", "no account named 'query'"),
        ('space = "nas-bench-201"', 'space = "nasbench"', "nas-bench-201"),
        ('stopping = "none"', 'stopping = "never"', "no early stopping rule named 'never'"),
        (
            'stopping = "none"',
            'stopping = "skips:x"',
            "it should be none, max-skip-connections[:N] or eigenvalue[:WINDOW,RATIO]",
        ),
        ('selection = "derive"', 'selection = "best"', "no selection named 'best'"),
        (*with_option("gaea", "gaea", "levels = 7"), "levels of gaea is 7; it should be 1 or 2"),
        (*with_option("hybrid_supernet", "hybrid_supernet", "interval = 0"), "interval of hybrid_supernet is 0"),
        (*with_option("darts", "darts", 'arch_learning_rate = "x"'), "is 'x'; it should be a number"),
        (*with_option("gaea", "pc_darts", "partial_channels = 3"), "choose a multiple"),
        (
            "momentum = 0.9",
            "momentum = 1.0",
            "momentum of the supernet is 1.0; it should be a number from 0 to below 1",
        ),
        ('augmentation = "task"', 'augmentation = { flip = true, translate = 0, cutout = "a" }', "cutout of the"),
        ("train = 128", "train = 0", "train is 0; it should be a whole number or 'all'"),
    ],
)
def test_mistakes_are_told_before_anything_runs(old: str, new: str, fault: str) -> None:
    text = tiny(name='"tiny"', references='[\n    "majority",\n]')
    assert old in text, text
    with pytest.raises(NasbenchError, match=re.escape(fault)) as caught:
        check_live_study(parse_live_study(text.replace(old, new, 1), "tiny"))
    assert "\n" not in str(caught.value)


def test_rules_of_a_study_apply_where_they_can() -> None:
    text = tiny(stopping='"skips:3"', selection='"perturbation"')
    study = parse_live_study(text.replace(*with_option("gaea", "pc_darts", "partial_channels = 2")), "tiny")
    check_live_study(study)
    plans = {unit.entry.name: plan_of(study, unit) for unit in study.units() if unit.entry is not None}
    assert (plans["darts"].early_stopping, plans["darts"].architecture_selection) == (
        "skips:3",
        "perturbation",
    )
    assert (plans["hybrid_supernet"].early_stopping, plans["hybrid_supernet"].architecture_selection) == (
        "skips:3",
        "argmax",
    )
    assert (plans["random_search"].early_stopping, plans["random_search"].architecture_selection) == ("none", "argmax")
    assert plans["pc_darts"].optimizer_params == {"partial_channels": 2}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("seeds = [0]", "seeds = [0, 0]", "name at least one, each once"),
        ("seeds = [0]", "seeds = [-1]", "A seed of tiny is -1; it should be a whole number from 0 to 2^32 - 1"),
        ("seeds = [0]", "seeds = [4294967296]", "a whole number from 0 to 2^32 - 1"),
        ("seeds = [0]", "seeds = [0.5]", "a list of whole numbers"),
        ("stopping", "stoping", "lacks 'stopping'"),
        ("[budget]", "[task.trec]\nbudget = {}\n[budget]", "no task of the study tiny named 'trec'"),
        ("[budget]", "[task.digits]\nbudgets = {}\n[budget]", "did you mean 'budget'"),
        ("space", "tasks = [\nspace", "is not TOML"),
    ],
)
def test_malformed_studies_are_refused(old: str, new: str, fault: str) -> None:
    with pytest.raises(NasbenchError, match=re.escape(fault)):
        parse_live_study(tiny(name='"tiny"').replace(old, new, 1), "tiny")
