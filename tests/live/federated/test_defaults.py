"""The defaults: a client takes as many steps as a central search, and no cell of pools comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.federated.client import FitInstructions
from nasbench.live.federated.coordinator import Coordinator
from nasbench.live.federated.defaults import scaled_config
from nasbench.live.federated.experiment import FederatedExperiment
from nasbench.live.federated.federated_config import THETA, FederatedConfig
from nasbench.live.federated.in_process_runtime import run_loop
from nasbench.live.federated.partition import Partition
from nasbench.live.federated.searcher import draw_finalists, fair_paths, is_weightless
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.training.recipe import SMALL

from small_federation import DIGITS, JOB

CENTRAL = ExperimentConfig(
    task="digits", optimizer="gaea", supernet=SupernetConfig(epochs=10, channels=8, cells=1), recipe=SMALL
)
POOLS = "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|"


@pytest.mark.parametrize("clients", [1, 2, 4, 8, 16, 64])
def test_a_client_takes_as_many_steps_as_a_central_search(clients: int) -> None:
    splits = DIGITS.load()
    config = scaled_config(CENTRAL, splits, clients)
    each = len(splits.train) // clients
    steps = config.supernet.epochs * (each // config.supernet.batch_size)
    assert steps == pytest.approx(10 * (len(splits.train) // 64), rel=0.1)
    assert 0 < config.warmup_rounds < config.supernet.epochs and config.finalist_rounds < config.recipe.epochs
    everything = len(splits.train) + len(splits.search)
    trained = config.recipe.epochs * (everything // clients // config.recipe.batch_size)
    assert trained == pytest.approx((1 if clients == 1 else 2) * SMALL.epochs * (everything // 64), rel=0.1)
    if clients == 1:
        assert (config.supernet.epochs, config.recipe.epochs, config.recipe.batch_size) == (10, SMALL.epochs, 64)
    assert FederatedConfig.loads(config.dumps()) == config


@pytest.mark.parametrize("space", ["nas-bench-201", "darts", "hierarchical"])
def test_paths_use_each_choice_once_before_any_again(space: str) -> None:
    networks = get_cell_networks(space)
    own = networks.make_space()
    paths = fair_paths(own, torch.Generator().manual_seed(0))
    drawn = np.stack([next(paths) for _ in range(25)])
    assert np.all(own.is_feasible(drawn))
    if space == "nas-bench-201":
        for group in drawn.reshape(5, 5, 6):
            assert np.array_equal(np.sort(group, axis=0), np.repeat(np.arange(5)[:, None], 6, axis=1))


def test_finalists_start_with_the_mode_unless_it_has_collapsed() -> None:
    networks = get_cell_networks("nas-bench-201")
    parse = networks.make_space().from_string
    theta = np.random.default_rng(0).dirichlet(np.ones(5), size=6)
    names = draw_finalists(networks, theta, 3, seed=0)
    assert np.array_equal(networks.make_space().canonical(theta.argmax(axis=1)[None])[0], parse(names[0]))
    collapsed = np.tile([1e-9, 1e-9, 1e-9, 1e-9, 1 - 4e-9], (6, 1))
    assert is_weightless(networks, parse(POOLS)) and networks.discretize(collapsed).tolist() == parse(POOLS).tolist()
    names = draw_finalists(networks, collapsed, 3, seed=0)
    assert len(set(names)) == 3 and not any(is_weightless(networks, parse(name)) for name in names)


def selected(config: FederatedConfig) -> tuple[Coordinator, list[str]]:
    """Return a search after its selection, whose theta has run to pools, and what it said."""
    said: list[str] = []
    experiment = FederatedExperiment(config=config, clients=2, partition=Partition(0.3), subset_size=(160, 80))
    coordinator = experiment.coordinator(said.append)
    coordinator.state[THETA] = np.tile(np.array([1e-4, 1e-4, 1e-4, 1e-4, 1 - 4e-4], np.float32), (6, 1))
    run_loop(coordinator, experiment.owners(), until=config.selection_rounds)
    return coordinator, said


def test_a_collapsed_theta_is_told_and_not_taken() -> None:
    plain = replace(JOB, optimizer_params={"arch_learning_rate": 0.0}, recipe=replace(JOB.recipe, epochs=4))
    old, said = selected(plain)
    assert old.architecture == POOLS and any("collapsed" in text for text in said)
    found, said = selected(replace(plain, n_finalists=2, finalist_rounds=2))
    assert not plain.is_weightless(found.architecture)
    assert any("collapsed" in text and "left out" in text for text in said)
    assert [row["phase"] for row in found.rows] == ["search", "finalists", "finalists"]
    compared = found.rows[-1]["validation_losses"]
    assert len(compared) == 2 and min(compared, key=compared.__getitem__) == found.architecture
    assert set(found.state) == set(plain.train_state(found.architecture)), "the winner's weights go on"


def test_the_weights_learn_before_theta_moves() -> None:
    config = replace(JOB, supernet=replace(JOB.supernet, epochs=2), warmup_rounds=1)
    experiment = FederatedExperiment(config=config, clients=2, subset_size=(120, 60))
    start = config.search_state()
    replies = [owner.work(config, FitInstructions(1), start)[0] for owner in experiment.owners()]
    assert all(np.array_equal(reply[THETA], start[THETA]) for reply in replies)
    assert any(not np.array_equal(reply[name], start[name]) for reply in replies for name in start)


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(NasbenchError, match="there should be fewer"):
        replace(JOB, warmup_rounds=1)
    wrongs: tuple[dict[str, Any], ...] = (
        {"n_finalists": 2},
        {"finalist_rounds": 1},
        {"n_finalists": 2, "finalist_rounds": 1},
    )
    for wrong in wrongs:
        with pytest.raises(NasbenchError, match="the last round is the winner's"):
            replace(JOB, **wrong)
    with pytest.raises(NasbenchError, match="n_finalists"):
        replace(JOB, n_finalists=0)
