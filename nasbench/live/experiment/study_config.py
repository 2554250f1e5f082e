"""Configurations of the live searches of a study, validated before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, replace
from typing import Any

import torch

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.config import SELECTIONS, ExperimentConfig, check_config
from nasbench.live.experiment.reference_models import check_reference
from nasbench.live.networks.builders import get_networks
from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.loop import build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe
from nasbench.ranges import SINCE_0_2
from nasbench.search.ledger import Budget
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import task_of

OF_TASK = "task"
"""Value of `augmentation` for the task's own."""


def check_task(study: Study, problem: str) -> None:
    """Build the configuration of every unit of a live task; raises NasbenchError for the first invalid name or setting."""
    task, live = get_task(task_of(problem)), study.live
    get_networks(live.space)
    EarlyStopping.parse(live.early_stopping)
    if live.architecture_selection not in SELECTIONS:
        raise unknown_name("architecture selection", live.architecture_selection, SELECTIONS)
    if tuple(study.objectives) != ("error",):
        raise NasbenchError(
            f"The objectives of {study.name} are {', '.join(study.objectives)}; live tasks of a study have error alone, the "
            "task's metric; `nasbench search` minimises several."
        )
    for unit in study.units():
        if unit.problem != problem:
            continue
        if unit.method is None:
            check_reference(unit.label, task)
            recipe_of(study, unit)
            continue
        config = experiment_config(study, unit)
        if config.shares_weights and unit.runs == (0,):
            # Requirements of a searcher on the space and the supernet are checked by building it once, without data.
            make, partial = get_searcher(config.optimizer, config.optimizer_params)
            build_searcher(make, task, config.space, config.supernet, torch.device("cpu"), partial)
        check_config(config)


def experiment_config(study: Study, unit: WorkUnit) -> ExperimentConfig:
    """Return the configuration of a search of a study.

    Early stopping and architecture selection of the study are omitted where they do not apply: for optimizers that
    train from scratch, and selection for `hybrid_supernet`.
    """
    assert unit.method is not None
    tables = study.live.of_problem(unit.problem, study.budget.limits)
    where = f"study {study.name}, task {task_of(unit.problem)}"
    config = ExperimentConfig(
        task=task_of(unit.problem),
        space=study.live.space,
        optimizer=unit.method.name,
        optimizer_params=dict(unit.method.settings),
        seed=unit.seed,
        supernet=_filled(SupernetConfig, tables["supernet"], f"{where}, supernet"),
        recipe=_recipe(tables["recipe"], f"{where}, recipe"),
        search_recipe=_recipe(tables["search_recipe"], f"{where}, search_recipe"),
        budget=dict(Budget(tables["budget"]).limits),
        subset_size=subset_sizes(study, unit.problem),
    )
    if not config.shares_weights:
        return config
    selects = config.optimizer != "hybrid_supernet"
    selection = study.live.architecture_selection if selects else config.architecture_selection
    return replace(config, early_stopping=study.live.early_stopping, architecture_selection=selection)


def recipe_of(study: Study, unit: WorkUnit) -> Recipe:
    """Return the recipe of final trainings and references on the unit's task, with its seed."""
    where = f"study {study.name}, task {task_of(unit.problem)}, recipe"
    return replace(_recipe(study.live.of_problem(unit.problem, {})["recipe"], where), seed=unit.seed)


def subset_sizes(study: Study, problem: str) -> tuple[int | None, int | None]:
    """Return the numbers of training and search examples to use, None for all."""
    where = f"study {study.name}, task {task_of(problem)}, subset_size"
    given = study.live.of_problem(problem, {})["subset_size"]
    _keys(given, {"train": True, "search": True}, where)
    for key, value in given.items():
        if value != "all" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise NasbenchError(f"The {where}: {key} is {value!r}; it should be a whole number or 'all'.")
    train, search = (None if given[key] == "all" else int(given[key]) for key in ("train", "search"))
    return train, search


def _recipe(given: Mapping[str, Any], where: str) -> Recipe:
    augmentation = given.get("augmentation")
    if isinstance(augmentation, Mapping):
        _keys(augmentation, _required(fields(Augmentation)), f"{where}, augmentation")
        augmentation = Augmentation(**augmentation)
    elif augmentation == OF_TASK:
        augmentation = None
    elif "augmentation" in given:
        raise NasbenchError(f"The {where}: augmentation is {augmentation!r}; it should be {OF_TASK!r} or a table.")
    return _filled(Recipe, {**given, **({"augmentation": augmentation} if "augmentation" in given else {})}, where)


def _filled(kind: type, given: Mapping[str, Any], where: str) -> Any:
    """Return an object with all settings except the seed from `given`, of the types of its defaults; the defaults if
    `given` is empty.
    """
    defaults = kind()
    if not given:
        return defaults
    _keys(given, _required([each for each in fields(kind) if each.name != "seed"]), where)
    for name in given:
        wanted, value = getattr(defaults, name), given[name]
        kinds: tuple[type, ...] = (int, float) if isinstance(wanted, float) else (type(wanted),)
        if name != "augmentation" and (
            not isinstance(value, kinds) or isinstance(value, bool) != isinstance(wanted, bool)
        ):
            names = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
            raise NasbenchError(f"The {where}: {name} is {value!r}; it should be {names[type(wanted)]}.")
    return kind(**{name: float(v) if isinstance(getattr(defaults, name), float) else v for name, v in given.items()})


def _required(settings: Sequence[Field[Any]]) -> dict[str, bool]:
    """Return, for each setting, whether a study must state it."""
    return {setting.name: setting.metadata != SINCE_0_2 for setting in settings}


def _keys(given: Mapping[str, Any], known: Mapping[str, bool], where: str) -> None:
    """Raise NasbenchError for an unknown key or a missing required key."""
    for name in given:
        if name not in known:
            raise unknown_name(f"key of the {where}", name, known)
    if missing := [name for name, required in known.items() if required and name not in given]:
        raise NasbenchError(f"The {where} lacks {missing[0]!r}; a study names every setting of it, or none.")
