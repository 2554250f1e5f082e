"""Configurations of the live searches of a study, validated before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.experiment.config import SELECTIONS, ExperimentConfig, check_config
from nasbench.live.experiment.defaults import check_space
from nasbench.live.experiment.reference_models import check_reference
from nasbench.live.networks.builders import get_networks
from nasbench.live.searchers.catalogue import find_searcher, get_searcher
from nasbench.live.searchers.loop import build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training.recipe import Recipe
from nasbench.search.ledger import Budget
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import task_of

OF_SUPERNET = {"search_epochs": "epochs", "search_learning_rate": "learning_rate"}
"""Settings of a weight-sharing method of a study that are those of its own supernet, so that methods can take equal time."""
OF_TASK = "task"
"""Value of `augmentation` for the task's own."""


def check_task(study: Study, problem: str) -> None:
    """Build the configuration of every unit of a live task; raises NasbenchError for the first invalid name or setting."""
    task, live = get_task(task_of(problem)), study.live
    get_networks(live.space)
    check_space(live.space, task)
    EarlyStopping.parse(live.early_stopping)
    if live.architecture_selection not in SELECTIONS:
        raise unknown_name("architecture selection", live.architecture_selection, SELECTIONS)
    if tuple(study.objectives) != ("error",):
        raise NasbenchError(
            f"The objectives of {study.name} are {', '.join(study.objectives)}; live tasks of a study have error alone, the "
            "task's metric; `nasbench search` minimises several."
        )
    for unit in study.units():
        if unit.problem != problem or unit.runs != (0,):  # the other runs differ by their seed alone
            continue
        if unit.method is None:
            check_reference(unit.label, task, live.space)
            recipe_of(study, unit)
            continue
        config = experiment_config(study, unit)
        if config.shares_weights:
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
    settings = dict(unit.method.settings)
    if OF_SUPERNET.keys() & settings and find_searcher(unit.method.name) is not None:
        own = {name: settings.pop(key) for key, name in OF_SUPERNET.items() if key in settings}
        tables["supernet"] = {**tables["supernet"], **own}
    config = ExperimentConfig(
        task=task_of(unit.problem),
        space=study.live.space,
        optimizer=unit.method.name,
        optimizer_params=settings,
        seed=unit.seed,
        supernet=SupernetConfig(**_named(SupernetConfig, tables["supernet"], f"{where}, supernet")),
        recipe=_recipe(tables["recipe"], f"{where}, recipe"),
        search_recipe=_recipe(tables["search_recipe"], f"{where}, search_recipe"),
        budget=dict(Budget(tables["budget"]).limits),
        subset_size=subset_sizes(study, unit.problem),
    )
    if not config.shares_weights:
        fidelities = () if isinstance(study.epochs, str) else study.epochs
        return replace(config, fidelities=fidelities if len(fidelities) > 1 else ())
    selection = config.architecture_selection if config.trains_finalists else study.live.architecture_selection
    return replace(config, early_stopping=study.live.early_stopping, architecture_selection=selection)


def recipe_of(study: Study, unit: WorkUnit) -> Recipe:
    """Return the recipe of final trainings and references on the unit's task, with its seed."""
    where = f"study {study.name}, task {task_of(unit.problem)}, recipe"
    return replace(_recipe(study.live.of_problem(unit.problem, {})["recipe"], where), seed=unit.seed)


def subset_sizes(study: Study, problem: str) -> tuple[int | None, int | None]:
    """Return the numbers of training and search examples to use, None for all."""
    from nasbench.live.experiment.study_tables import (  # only here: to search needs no pydantic
        SubsetSize,
        read_settings,
    )

    where = f"study {study.name}, task {task_of(problem)}, subset_size"
    sizes = read_settings(SubsetSize, study.live.of_problem(problem, {})["subset_size"], where)
    train, search = (None if sizes[split] == "all" else int(sizes[split]) for split in ("train", "search"))
    return train, search


def _recipe(given: Mapping[str, Any], where: str) -> Recipe:
    named = _named(Recipe, given, where)
    augmentation = named.get("augmentation", OF_TASK)
    named["augmentation"] = None if augmentation == OF_TASK else Augmentation(**augmentation)
    return Recipe(**named)


def _named(kind: type, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the settings that a study states, checked against the types of the dataclass; empty if it states none."""
    from nasbench.live.experiment.study_tables import read_settings

    return read_settings(kind, given, where) if given else {}
