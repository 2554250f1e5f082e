"""Folders that the first edition wrote, under its own words, are gone on with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict, upgraded_config
from nasbench.live.searchers.loop import SEARCH_CHECKPOINT, SupernetSearch
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training import checkpoint
from nasbench.live.training.recipe import Recipe
from nasbench.live.training.standalone import build_trainer
from nasbench.live.training.training import Trainer
from nasbench.renamed import RenamedWarning

from tiny_search import make

CELL = np.array([1, 2, 3, 1, 2, 3], np.int8)
THEN = {"batch_size": "batch", "ema_decay": "average"}


def in_old_words(settings: dict[str, Any]) -> dict[str, Any]:
    return {THEN.get(name, name): value for name, value in settings.items()}


def trainer(folder: Path, recipe: Recipe) -> Trainer:
    task = get_task("digits")
    splits = task.load().reduced(64, 32)
    return build_trainer(task, splits, "nas-bench-201", CELL, recipe, torch.device("cpu"), folder)


def test_a_training_of_the_first_edition_is_resumed_under_its_own_recipe_alone(tmp_path: Path) -> None:
    recipe = Recipe(epochs=2, batch_size=32, channels=4, ema_decay=0.9)
    trainer(tmp_path, recipe).run(until=1)
    path = tmp_path / "checkpoint.pt"
    content = checkpoint.read(path)
    settings = in_old_words(content["settings"])
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    checkpoint.save(path, {**content, "settings": settings, "identity": {**content["identity"], "recipe": digest}})
    assert len(trainer(tmp_path, recipe).curve) == 1
    for other in (Recipe(epochs=2, batch_size=32, channels=4), Recipe(epochs=2, channels=4, ema_decay=0.9)):
        with pytest.raises(NasbenchError, match="written for another recipe"):
            trainer(tmp_path, other)


def test_a_configuration_of_the_first_edition_is_that_of_today() -> None:
    config = ExperimentConfig(
        task="digits", optimizer_params={"candidates": 2}, early_stopping="max-skip-connections:3", subset_size=(64, 16)
    )
    today = json.loads(json.dumps(config_as_dict(config)))
    old = {name: value for name, value in today.items() if name not in ("optimizer_params", "supernet", "subset_size")}
    del old["early_stopping"], old["architecture_selection"]
    old |= {"options": {"candidates": 2}, "settings": in_old_words(today["supernet"]), "examples": [64, 16]}
    old |= {"stopping": "skips:3", "selection": "derive"}
    old |= {name: in_old_words(today[name]) for name in ("recipe", "search_recipe")}
    assert upgraded_config(old) == today == upgraded_config(today)
    assert upgraded_config({**old, "stopping": "skips:2"}) != today


@pytest.mark.parametrize(
    ("optimizer", "old", "new"),
    [
        ("hybrid_supernet", {"population": 4, "interval": 3}, {"population_size": 4, "gradient_interval": 3}),
        ("regularized_evolution", {"population": 4, "sample": 2}, {"population_size": 4, "tournament_size": 2}),
    ],
)
def test_settings_of_optimizers_are_read_under_their_old_names(
    optimizer: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    today = ExperimentConfig(task="digits", optimizer=optimizer, optimizer_params=new)
    with pytest.warns(RenamedWarning, match=f"setting of {optimizer} .* is called .* now"):
        given = ExperimentConfig(task="digits", optimizer=optimizer, optimizer_params=old)
    check_config(given)
    assert given == today
    plain = json.loads(json.dumps(config_as_dict(today)))
    assert upgraded_config({**plain, "optimizer_params": old}) == plain


def test_a_search_on_shared_weights_of_the_first_edition_is_resumed(tmp_path: Path) -> None:
    task = get_task("digits")
    splits = task.load().reduced(128, 64)

    def begin(**options: Any) -> SupernetSearch:
        identity = {"optimizer": "hybrid_supernet", "options": options}
        return SupernetSearch(make("hybrid_supernet", **options), task, splits, folder=tmp_path, identity=identity)

    curve = begin(n_offspring=2, scoring_subset_size=32).run(until=1).curve
    path = tmp_path / SEARCH_CHECKPOINT
    content = checkpoint.read(path)
    old = {"offspring": 2, "examples": 32}
    checkpoint.save(path, {**content, "identity": {**content["identity"], "options": old}})
    assert begin(n_offspring=2, scoring_subset_size=32).curve == curve
    with pytest.raises(NasbenchError, match="another options"):
        begin(n_offspring=3, scoring_subset_size=32)
