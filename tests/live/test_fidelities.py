"""Trainings of several lengths: a longer one continues a shorter one with the bits of one that was never interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig, check_config, config_as_dict
from nasbench.live.experiment.experiment import open_experiment
from nasbench.live.experiment.options import with_fidelities
from nasbench.live.experiment.resumed_training import ResumingEvaluator
from nasbench.live.experiment.search import search_standalone
from nasbench.live.experiment.study_backend import LiveBackend
from nasbench.live.experiment.study_config import experiment_config
from nasbench.live.experiment.training_benchmark import LiveBenchmark
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL
from nasbench.live.training.training import DivergedError
from nasbench.search.ledger import Budget
from nasbench.study.toml import load_study

from table_protocol import table_protocol

CPU = torch.device("cpu")
CELL = np.array([[3, 1, 0, 2, 0, 1]], np.int8)
HALVING = ExperimentConfig(
    task="digits",
    optimizer="successive_halving",
    optimizer_params={"n_configurations": 3, "eta": 3.0},
    search_recipe=replace(SMALL, epochs=3, channels=2),
    budget={"queries": 4},
    subset_size=(64, 64),
    fidelities=(1, 3),
)


class Counted:
    """Counts the epochs that are trained."""

    def __init__(self) -> None:
        self.epochs = 0

    def __call__(self) -> None:
        self.epochs += 1


def evaluator(counted: Counted, folder: Path | None = None) -> ResumingEvaluator:
    splits = get_task("digits").load().reduced(256, 256)
    recipe = replace(SMALL, epochs=3, channels=2)
    live = LiveBenchmark(get_task("digits"), splits.train, splits.search, "nas-bench-201", recipe, CPU)
    protocol = table_protocol(Budget({"queries": 5}), split="search", epochs=(1, 2, 3), training_seed="random")
    made = ResumingEvaluator(live, protocol, epoch_callback=counted)
    made.folder = folder
    return made


def ask(asked: ResumingEvaluator, level: int) -> tuple[float, int, dict[str, torch.Tensor]]:
    key, again = np.array([7], np.uint64), np.array([0])
    values, seeds = asked.evaluate(asked.row(CELL), CELL, np.array([level]), key, again)
    (trainer,) = asked._trainers.values()
    return float(values[0, 0]), int(seeds[0]), trainer.network.state_dict()


@pytest.mark.parametrize("kept", [True, False])
def test_a_continued_training_has_the_bits_of_an_uninterrupted_one(kept: bool, tmp_path: Path) -> None:
    folder, counted, at_once = tmp_path if kept else None, Counted(), Counted()
    first = evaluator(counted, folder)
    ask(first, 0)
    assert counted.epochs == 1
    if kept:
        first = evaluator(counted, folder)  # another process, which finds the checkpoint
    error, seed, weights = ask(first, 2)
    assert counted.epochs == 3 and first.seconds(first.row(CELL), CELL, np.array([2]))[0] > 0
    whole = evaluator(at_once)
    assert (error, seed) == ask(whole, 2)[:2] and at_once.epochs == 3
    for name, value in ask(whole, 2)[2].items():
        assert torch.equal(value, weights[name]), name


def test_a_length_below_what_is_trained_is_answered_by_a_training_of_that_length(tmp_path: Path) -> None:
    short, long = evaluator(Counted()), evaluator(Counted(), tmp_path)
    error, seed, _ = ask(short, 0)
    longest = ask(long, 2)[0]
    assert error != longest and ask(long, 0)[:2] == (error, seed)
    again = evaluator(Counted(), tmp_path)  # another process, which finds the checkpoint of the longest
    assert ask(again, 0)[:2] == (error, seed) and ask(again, 2)[0] == longest


def test_a_continued_training_that_diverges_has_the_score_of_one() -> None:
    asked = evaluator(Counted())
    recipe = replace(SMALL, epochs=3, channels=2, learning_rate=1e30)
    asked.live = replace(asked.live, recipe=recipe, diverged=100.0)
    assert ask(asked, 2)[0] == 100.0
    asked = evaluator(Counted())
    asked.live = replace(asked.live, recipe=recipe)
    with pytest.raises(DivergedError):
        ask(asked, 2)


def test_successive_halving_trains_what_it_promotes_no_further_than_needed() -> None:
    counted = Counted()
    trace, _ = search_standalone(open_experiment(HALVING, CPU), counted)
    assert trace["epochs"].tolist() == [1, 1, 1, 3] and counted.epochs == 3 + 2
    promoted = int(trace["error"][:3].argmin())
    np.testing.assert_array_equal(trace["architecture"][3], trace["architecture"][promoted])
    assert trace["training_seed"][3] == trace["training_seed"][promoted]


def test_fidelities_are_checked_and_old_folders_do_not_name_them() -> None:
    check_config(HALVING)
    assert config_as_dict(HALVING)["fidelities"] == (1, 3)
    assert "fidelities" not in config_as_dict(replace(HALVING, fidelities=()))
    assert with_fidelities(replace(HALVING, fidelities=()), "1, 2,5").epochs == (1, 2, 5)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"fidelities": (3, 1)}, "should ascend from 1 or more to the 3 epochs"),
        ({"fidelities": (1, 2)}, "to the 3 epochs"),
        ({"optimizer": "darts", "optimizer_params": {}}, "have no fidelities"),
    ]
    for settings, message in cases:
        with pytest.raises(NasbenchError, match=message):
            check_config(replace(HALVING, **settings))
    with pytest.raises(NasbenchError, match="such as 1,3,9"):
        with_fidelities(HALVING, "1,x")


def test_a_study_offers_its_epochs_to_what_trains_alone() -> None:
    study = load_study(str(Path(__file__).parents[2] / "examples" / "live_fidelities.toml"))
    LiveBackend().check(study)
    configs = [experiment_config(study, unit) for unit in study.units() if unit.method is not None]
    assert {config.fidelities for config in configs} == {(1, 3)}
    one = replace(study, epochs=(3,))
    assert {experiment_config(one, unit).fidelities for unit in one.units() if unit.method is not None} == {()}
