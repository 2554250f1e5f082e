"""Sizes are known of an architecture for nothing, scores of a supernet for the seconds that it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment import known_quantities
from nasbench.live.experiment.config import ExperimentConfig, check_config
from nasbench.live.experiment.experiment import open_experiment
from nasbench.live.experiment.search import search_standalone
from nasbench.live.experiment.training_benchmark import LiveBenchmark
from nasbench.live.hardware.counting import macs
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL
from nasbench.live.zero_cost.proxies import ProxyScorer
from nasbench.search.ledger import Budget

from table_protocol import table_protocol

CPU = torch.device("cpu")


def config(prior_mean: str, queries: int = 2) -> ExperimentConfig:
    return ExperimentConfig(
        task="digits",
        optimizer="hybrid",
        optimizer_params={"prior_mean": prior_mean, "n_initial_samples": 2},
        supernet=SupernetConfig(epochs=1, channels=16),
        search_recipe=replace(SMALL, epochs=1, channels=4),
        budget={"queries": queries},
        subset_size=(64, 32),
    )


def test_a_search_is_charged_for_the_supernet_that_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Architecture] = []

    def losses(supernet: Any, architectures: Architecture, data: Any) -> np.ndarray[Any, Any]:
        assert supernet.channels == 4  # the recipe's, since the scores are of those networks
        asked.append(architectures)
        return np.arange(len(architectures), dtype=float)

    monkeypatch.setattr(known_quantities, "shared_losses", losses)
    with_size, _ = search_standalone(open_experiment(config("flops"), CPU))
    with_scores, _ = search_standalone(open_experiment(config("supernet"), CPU))
    assert [len(each) for each in asked] == [5260]
    assert with_scores["charged_seconds"][0] > with_scores["charged_seconds"][1]
    np.testing.assert_array_equal(with_size["architecture"][0], with_scores["architecture"][0])


def test_a_proxy_is_computed_once_for_every_function_and_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def scores(scorer: ProxyScorer, architectures: Architecture) -> tuple[np.ndarray[Any, Any], float]:
        asked.append((scorer.name, scorer.channels, scorer.seed, len(scorer.train), len(architectures)))
        return np.arange(len(architectures), dtype=float), 1.0

    monkeypatch.setattr(ProxyScorer, "__call__", scores)
    splits = get_task("digits").load().reduced(64, 32)
    live = LiveBenchmark(
        get_task("digits"), splits.train, splits.search, "nas-bench-201", config("").search_recipe, CPU
    )
    protocol = table_protocol(Budget({"queries": 1}), split="search", epochs=(1,), training_seed="random")
    evaluator = known_quantities.KnowingEvaluator(live, protocol)
    evaluator.supernet = SupernetConfig(seed=7)
    known = evaluator.known("synflow")
    assert known.seconds > 0 and known.values(np.zeros((2, 3, 6), np.int8)).shape == (2, 3)
    assert asked == [("synflow", 4, 7, 64, 5260)]


def test_sizes_are_those_of_the_networks_that_are_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    make = known_quantities.KnowingEvaluator.known

    def known(self: known_quantities.KnowingEvaluator, name: str) -> Any:
        kept.append(make(self, name))
        return kept[-1]

    monkeypatch.setattr(known_quantities.KnowingEvaluator, "known", known)
    search_standalone(open_experiment(config("flops", 1), CPU))
    cell, shape = np.array([3, 0, 2, 1, 4, 3], np.int8), get_task("digits").shape
    network = get_cell_networks("nas-bench-201").build_standalone(cell, shape, 4, 1)
    assert kept[0].values(cell) == pytest.approx(macs(network, shape) / 1e6) and kept[0].seconds == 0
    assert kept[0].values(np.array([[cell, cell]])).shape == (1, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer_params": {"prior_mean": "flop"}}, "did you mean 'flops'"),
        ({"optimizer_params": {"prior_mean": "supernet"}, "space": "hierarchical"}, "not for hierarchical"),
        ({"optimizer_params": {"prior_mean": "supernet"}, "space": "convnet"}, "not for convnet"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_runs(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        check_config(replace(config("flops"), **settings))
