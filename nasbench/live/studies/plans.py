"""From the tables of a live study to the plans that it stands for, every setting checked before anything runs."""

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
from nasbench.live.studies.study import LiveStudy, LiveUnit
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe
from nasbench.ranges import SINCE_0_2
from nasbench.renamed import ARCHITECTURE_SELECTION, RECIPE, stored_with_new_names
from nasbench.search.ledger import Budget

OF_TASK = "task"
"""In place of an augmentation: what the task itself says."""


def check_live_study(study: LiveStudy) -> None:
    """Build every plan of a study; raises NasbenchError for the first name or setting that is wrong."""
    get_networks(study.space)
    EarlyStopping.parse(study.stopping)
    if ARCHITECTURE_SELECTION.get(study.selection, study.selection) not in SELECTIONS:
        raise unknown_name("selection", study.selection, SELECTIONS)
    for task in study.tasks:
        get_task(task)
    for unit in study.units():
        if unit.entry is None:
            check_reference(unit.label, get_task(unit.task))
            recipe_of(study, unit)
        else:
            plan = plan_of(study, unit)
            if plan.shares_weights and unit.seed == study.seeds[0]:
                # What a searcher asks of the space and the supernet shows where it is built, once, which takes no data.
                make, partial = get_searcher(plan.optimizer, plan.optimizer_params)
                build_searcher(make, get_task(plan.task), plan.space, plan.supernet, torch.device("cpu"), partial)
            check_config(plan)


def plan_of(study: LiveStudy, unit: LiveUnit) -> ExperimentConfig:
    """Return the plan of a search of a study.

    Early stopping and selection are the study's where they apply: not to optimizers that train alone, and the
    selection not to `hybrid_supernet`.
    """
    assert unit.entry is not None
    tables = study.of_task(unit.task)
    where = f"study {study.name}, task {unit.task}"
    plan = ExperimentConfig(
        task=unit.task,
        space=study.space,
        optimizer=unit.entry.name,
        optimizer_params=dict(unit.entry.settings),
        seed=unit.seed,
        supernet=_filled(SupernetConfig, tables["search"], f"{where}, search"),
        recipe=_recipe(tables["recipe"], f"{where}, recipe"),
        search_recipe=_recipe(tables["search_recipe"], f"{where}, search_recipe"),
        budget=dict(Budget(tables["budget"]).limits),
        subset_size=examples_of(study, unit.task),
    )
    stopping = study.stopping if plan.shares_weights else plan.early_stopping
    selects = plan.shares_weights and plan.optimizer != "hybrid_supernet"
    return replace(
        plan,
        early_stopping=stopping,
        architecture_selection=ARCHITECTURE_SELECTION.get(study.selection, study.selection)
        if selects
        else plan.architecture_selection,
    )


def recipe_of(study: LiveStudy, unit: LiveUnit) -> Recipe:
    """Return the recipe of the final trainings on the unit's task, with its seed; references train by it too."""
    recipe = _recipe(study.of_task(unit.task)["recipe"], f"study {study.name}, task {unit.task}, recipe")
    return replace(recipe, seed=unit.seed)


def examples_of(study: LiveStudy, task: str) -> tuple[int | None, int | None]:
    """Return the training and search examples to use, None for all."""
    where = f"study {study.name}, task {task}, examples"
    given = study.of_task(task)["examples"]
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
    """Return an object with every setting but the seed from `given`, of the kinds that its defaults have."""
    defaults, given = kind(), stored_with_new_names(given, RECIPE)
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
    """Return the settings by name, each with whether a study must name it."""
    return {setting.name: setting.metadata != SINCE_0_2 for setting in settings}


def _keys(given: Mapping[str, Any], known: Mapping[str, bool], where: str) -> None:
    """Raise NasbenchError for a key that is not `known`, or one that is, must be given, and is not."""
    for name in given:
        if name not in known:
            raise unknown_name(f"key of the {where}", name, known)
    if missing := [name for name, required in known.items() if required and name not in given]:
        raise NasbenchError(f"The {where} lacks {missing[0]!r}; a live study names every setting.")
