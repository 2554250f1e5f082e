"""Searchers: each moves what it says it moves, resumes, and takes the options that it should."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers import diagnostics
from nasbench.live.searchers.catalogue import get_searcher, searcher_names
from nasbench.live.searchers.darts import Darts
from nasbench.live.searchers.diagnostics import supernet_warnings
from nasbench.live.searchers.drnas import DrNas
from nasbench.live.searchers.gaea import exponentiated_gradient
from nasbench.live.searchers.gdas import Gdas
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.searchers.pc_darts import PcDarts
from nasbench.live.searchers.rsps import fair_paths
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.supernets.one_shot_evaluation import shared_errors
from nasbench.live.supernets.ranking import ranking, ranking_of_trainings, supernet_ranking, tau_interval
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL
from nasbench.spaces.nas_bench_201 import NasBench201Space

from tiny_search import CPU, TINY, make, search


@pytest.mark.parametrize("space", ["darts", "hierarchical"])  # nas-bench-201 is that of the contract
@pytest.mark.parametrize("name", searcher_names())
def test_every_searcher_finds_a_feasible_architecture_in_other_spaces(name: str, space: str) -> None:
    if name == "pc_darts" and space == "hierarchical":
        with pytest.raises(NasbenchError, match="relaxation over edges"):
            make(name, space)
        return
    settings = replace(TINY, epochs=1, channels=8 if name == "pc_darts" else 4)
    options: dict[str, Any] = {"candidates": 3} if name == "rsps" else {}
    found = search(make(name, space, settings, **options)).run()
    assert get_cell_networks(space).make_space().is_feasible(found.architecture)
    assert found.seconds > 0 and np.isfinite(found.curve[-1]["train_loss"])


@pytest.mark.parametrize("name", ["darts", "drnas", "gaea", "gdas", "pc_darts"])
def test_gradient_searchers_move_their_point_and_keep_it_on_the_simplices(name: str) -> None:
    options: dict[str, Any] = {"warmup": 0.0} if name == "pc_darts" else {}
    searcher = make(name, **options)
    before = searcher.architecture_probabilities().clone()
    search(searcher).run()
    after = searcher.architecture_probabilities()
    assert not torch.allclose(before, after, atol=1e-5)
    torch.testing.assert_close(after.sum(1), torch.ones(len(after)))


def test_second_order_costs_more_and_differs() -> None:
    points = []
    for options in ({"order": 1}, {"order": 2}, {"order": 2, "hypergradient": "exact"}):
        searcher = make("darts", arch_learning_rate=0.01, **options)
        search(searcher).run()
        points.append(searcher.architecture_probabilities())
    for one, other in itertools.combinations(points, 2):
        assert not torch.allclose(one, other, atol=1e-6)


def test_the_finalists_of_a_search_that_is_killed_and_resumed_equal_those_of_one_that_was_not(tmp_path: Path) -> None:
    """The rest of what is the same is the contract of searchers."""
    search(make("hybrid_supernet"), tmp_path).run(1)
    whole, resumed = search(make("hybrid_supernet")).run(), search(make("hybrid_supernet"), tmp_path).run()
    assert isinstance(whole.searcher, HybridSupernet) and isinstance(resumed.searcher, HybridSupernet)
    np.testing.assert_array_equal(whole.searcher.finalists(), resumed.searcher.finalists())


def test_exponentiated_gradient_is_the_closed_form() -> None:
    theta = torch.tensor([[0.2, 0.3, 0.5, 0.0]])
    gradient = torch.tensor([[1.0, -2.0, 0.5, 9.0]])
    expected = theta * torch.exp(-0.1 * gradient)
    torch.testing.assert_close(exponentiated_gradient(theta, gradient, 0.1), expected / expected.sum())


def test_gdas_samples_with_the_probabilities_of_its_logits() -> None:
    """Frequencies over 1,500 samples within 4.5 standard errors: about 2e-4 for the 30 comparisons together."""
    searcher = make("gdas")
    assert isinstance(searcher, Gdas)
    with torch.no_grad():
        searcher.alpha.copy_(torch.randn(6, 5, generator=torch.Generator().manual_seed(0)))
    counts = np.zeros((6, 5))
    for _ in range(1500):
        active = searcher.sample(searcher.noise()).active
        assert active is not None
        counts[np.arange(6), np.array(active)] += 1
    p = searcher.architecture_probabilities().numpy()
    assert (np.abs(counts / 1500 - p) < 4.5 * np.sqrt(p * (1 - p) / 1500) + 1e-9).all()


def test_drnas_draws_mixtures_whose_mean_is_its_point() -> None:
    """Means of 2,000 draws within 4.5 standard errors of the beta marginals; the gradient is that of the mean."""
    searcher = make("drnas")
    assert isinstance(searcher, DrNas)
    with torch.no_grad():
        searcher.alpha.copy_(torch.randn(6, 5, generator=torch.Generator().manual_seed(0)))
    concentration, mean = searcher.concentration().detach(), searcher.architecture_probabilities()
    torch.testing.assert_close(mean, concentration / concentration.sum(1, keepdim=True))
    # elu(x) + 1 is x + 1 above zero and exp(x) below.
    torch.testing.assert_close(
        concentration, torch.where(searcher.alpha > 0, searcher.alpha + 1, searcher.alpha.exp()).detach()
    )
    drawn = torch.stack([searcher.draw(searcher.seed()).weights for _ in range(2000)]).detach()  # type: ignore[misc]
    deviation = torch.sqrt(mean * (1 - mean) / (concentration.sum(1, keepdim=True) + 1) / 2000)
    assert ((drawn.mean(0) - mean).abs() < 4.5 * deviation).all()
    assert torch.equal(searcher.draw(3).weights, searcher.draw(3).weights)  # type: ignore[arg-type]


def test_pc_darts_weighs_the_edges_of_a_node_against_each_other() -> None:
    searcher = make("pc_darts")
    assert isinstance(searcher, PcDarts)
    with torch.no_grad():
        searcher.beta.copy_(torch.arange(6.0))
    scale = searcher.scale().detach()
    assert scale[0] == 1.0
    torch.testing.assert_close(scale[1:3], torch.softmax(torch.tensor([1.0, 2.0]), 0))
    torch.testing.assert_close(scale[3:], torch.softmax(torch.tensor([3.0, 4.0, 5.0]), 0))


def test_perturbation_keeps_the_operation_whose_loss_hurts() -> None:
    """A supernet trained through one cell alone: removing one of that cell's operations must hurt."""
    searcher = make("darts", settings=replace(TINY, epochs=1))
    run = search(searcher)
    cell = np.array([3, 0, 3, 1, 0, 3], np.int8)
    for _ in range(12):
        for batch in run.train.epoch(32, torch.Generator().manual_seed(0)):
            searcher.update_weights(batch, partial(searcher.networks.single_path, cell))
    assert isinstance(searcher, Darts)
    with torch.no_grad():
        searcher.alpha.copy_(2.0 * torch.nn.functional.one_hot(torch.as_tensor(cell).long(), 5))
    selected = perturbed_selection(searcher, run.held, torch.Generator().manual_seed(0))
    assert sum(selected[edge] == 3 for edge in (0, 2, 5)) >= 2


def test_ranking_is_the_textbook_value() -> None:
    result = ranking(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3]), 2)
    assert result.kendall_tau == pytest.approx(4 / 6) and result.top_k_overlap == 1.0
    opposite = ranking(np.arange(5.0), -np.arange(5.0), 2)
    assert opposite.kendall_tau == pytest.approx(-1.0) and opposite.low is None
    assert ranking(np.ones(5), np.arange(5.0), 2).kendall_tau is None
    # atanh(0.5) = 0.549306, and 1.959964 sqrt(0.437 / 20) = 0.289717.
    assert tau_interval(0.5, 24) == pytest.approx((np.tanh(0.259589), np.tanh(0.839023)), abs=1e-5)
    assert tau_interval(0.5, 4) == (None, None)


def test_several_trainings_show_the_ceiling_of_a_ranking() -> None:
    trainings = np.array([[1.0, 2, 3, 4], [1.0, 2, 4, 3], [2.0, 1, 3, 4]])
    result = ranking_of_trainings(np.array([1.0, 2, 3, 4]), trainings, 2)
    # One inversion of six pairs is a tau of 4/6, two of them 2/6.
    assert result.kendall_tau == pytest.approx((1 + 4 / 6 + 4 / 6) / 3)
    assert result.ceiling == pytest.approx((4 / 6 + 4 / 6 + 2 / 6) / 3)
    holes = np.where([[False] * 4, [False, False, True, False], [True] * 4], np.nan, trainings)
    assert ranking_of_trainings(np.arange(4.0), holes, 2).ceiling == pytest.approx(1.0)
    alone = ranking_of_trainings(np.arange(4.0), trainings[1:2], 2)
    assert (alone.kendall_tau, alone.ceiling) == (ranking(np.arange(4.0), trainings[1], 2).kendall_tau, None)


def test_fair_sampling_trains_every_choice_of_every_edge_once() -> None:
    generator = torch.Generator().manual_seed(0)
    paths = [fair_paths(NasBench201Space(), generator) for _ in range(2)]
    for path in paths:
        np.testing.assert_array_equal(np.sort(path, axis=0), np.repeat(np.arange(5)[:, None], 6, axis=1))
    assert not np.array_equal(paths[0], paths[1])
    searcher = make("rsps", sampling="fair")
    run = search(searcher)
    batch = next(run.train.epoch(32, torch.Generator().manual_seed(0)))
    state = searcher.generator.get_state()
    expected = [torch.zeros_like(p) for p in searcher.weights]
    for path in fair_paths(searcher.networks.make_space(), searcher.generator):
        loss = searcher.loss(batch, searcher.networks.single_path(path))
        for total, p in zip(expected, torch.autograd.grad(loss, searcher.weights, allow_unused=True), strict=True):
            total += 0 if p is None else p
    searcher.generator.set_state(state)
    searcher.settings = replace(searcher.settings, gradient_clip=1e9)
    searcher.step(batch, batch)
    for total, p in zip(expected, searcher.weights, strict=True):
        torch.testing.assert_close(torch.zeros_like(p) if p.grad is None else p.grad, total)
    with pytest.raises(NasbenchError, match="'darts' does not allow; use uniform"):
        make("rsps", space="darts", sampling="fair")


def test_a_search_that_learned_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, options, expected in (
        ("darts", {}, ["Theta has not moved", "its mixture errs on"]),
        ("darts", {"arch_learning_rate": 0.5}, ["its mixture errs on"]),
        ("rsps", {"candidates": 2}, ["its median path errs on"]),
    ):
        searcher = make(name, settings=replace(TINY, epochs=1, learning_rate=1e-5), **options)
        run = search(searcher)
        said = supernet_warnings(run.run(), run.held)
        assert len(said) == len(expected) and all(part in text for part, text in zip(expected, said, strict=True))
        moved = replace(run.run(), curve=[{"entropy": 1.0, "search": 20.0}])
        monkeypatch.setattr(diagnostics, "shared_errors", lambda *_: np.array([20.0, 30.0, 90.0]))
        assert supernet_warnings(moved, run.held) == []
        monkeypatch.undo()


def test_a_supernet_is_ranked_against_training_alone() -> None:
    run = search(make("rsps", candidates=2))
    run.run()
    cells = np.array([[0] * 6, [1] * 6, [3] * 6], np.int8)
    task = get_task("digits")
    recipe = replace(SMALL, epochs=1, channels=4)
    result = supernet_ranking(run.searcher.supernet, task, task.load().reduced(128, 64), cells, recipe, 1, CPU)
    assert result.kendall_tau is not None and -1 <= result.kendall_tau <= 1
    assert result.n == 3 and result.top_k_overlap in (0.0, 1.0) and result.seconds > 0


def test_shared_errors_score_each_architecture_by_its_own_path() -> None:
    run = search(make("rsps", candidates=2))
    run.run()
    cells = np.array([[0] * 6, [3] * 6], np.int8)
    dead, convolutions = shared_errors(run.searcher.supernet, cells, run.held)
    assert dead > 60.0 and convolutions < dead


def test_bad_options_name_the_nearest() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'darts'"):
        get_searcher("dart")
    with pytest.raises(NasbenchError, match="did you mean 'arch_learning_rate'"):
        get_searcher("darts", {"arch_learning": 1.0})
    with pytest.raises(NasbenchError, match="epochs of the supernet is 0"):
        SupernetConfig(epochs=0)
    with pytest.raises(NasbenchError, match="early stopping rule"):
        EarlyStopping("skip-count")
    with pytest.raises(NasbenchError, match="choose a multiple"):
        make("pc_darts", settings=replace(TINY, channels=6))


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("rsps", "candidates", 0),
        ("rsps", "candidates", 2.5),
        ("hybrid_supernet", "gradient_interval", 0),
        ("hybrid_supernet", "scoring_subset_size", 0),
        ("hybrid_supernet", "population_size", 0),
        ("hybrid_supernet", "n_offspring", 0),
        ("hybrid_supernet", "n_finalists", 0),
        ("hybrid_supernet", "eg_learning_rate", -0.1),
        ("hybrid_supernet", "theta_uniform_mix", 1.0),
        ("hybrid_supernet", "theta_uniform_mix", -0.1),
        ("hybrid_supernet", "guided_mutation_prob", 1.1),
        ("hybrid_supernet", "crossover_prob", -1),
        ("hybrid_supernet", "use_gradient", "no"),
        ("hybrid_supernet", "use_evolution", 1),
        ("darts", "arch_learning_rate", "abc"),
        ("darts", "arch_learning_rate", -1),
        ("darts", "arch_learning_rate", float("nan")),
        ("darts", "arch_weight_decay", -1),
        ("darts", "order", 7),
        ("darts", "order", True),
        ("darts", "hypergradient", "central"),
        ("gaea", "levels", "x"),
        ("gaea", "arch_learning_rate", -1),
        ("gdas", "warm", 0),
        ("gdas", "cold", "abc"),
        ("pc_darts", "warmup", 1.5),
    ],
)
def test_options_that_cannot_be_are_one_sentence(name: str, option: str, value: Any) -> None:
    with pytest.raises(NasbenchError, match=f"The option {option} of .* is {value!r}; it should be ") as caught:
        make(name, **{option: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"population_size": 1, "n_offspring": 1, "n_finalists": 1, "gradient_interval": 1},
        {"guided_mutation_prob": 1, "crossover_prob": 1.0, "theta_uniform_mix": 0},
    ],
)
def test_options_at_the_ends_of_their_ranges_run(options: dict[str, Any]) -> None:
    assert np.isfinite(search(make("hybrid_supernet", **options)).run().curve[-1]["train_loss"])


def test_partial_channels_are_an_option_of_pc_darts_alone() -> None:
    assert make("pc_darts").supernet.partial == 4
    searcher = make("pc_darts", settings=replace(TINY, channels=6, epochs=1), partial_channels=2)
    assert searcher.supernet.partial == 2
    search(searcher).run()
    for value, message in (
        (3, "choose a multiple"),
        (0, "whole number of 1 or more"),
        ("x", "whole number"),
        (1.5, "whole"),
    ):
        with pytest.raises(NasbenchError, match=message):
            make("pc_darts", partial_channels=value)
    with pytest.raises(NasbenchError, match="no option of darts named 'partial_channels'"):
        make("darts", partial_channels=2)
