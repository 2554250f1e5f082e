"""Searchers: each moves what it says it moves, resumes, and stops when it should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.blueprints import blueprint
from nasbench.live.searchers.catalogue import get_searcher, searcher_names
from nasbench.live.searchers.darts import Darts
from nasbench.live.searchers.gaea import exponentiated_gradient
from nasbench.live.searchers.gdas import Gdas
from nasbench.live.searchers.loop import Search, build
from nasbench.live.searchers.pc_darts import PcDarts
from nasbench.live.searchers.searcher import Searcher, SearchSettings
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping, max_skips
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.recipe import SMALL
from nasbench.live.weight_sharing.hypergradient import dominant_eigenvalue
from nasbench.live.weight_sharing.ranking import ranking, supernet_ranking
from nasbench.live.weight_sharing.sharing import shared_errors

CPU = torch.device("cpu")
TINY = SearchSettings(epochs=2, batch=64, channels=4, cells=1)


def make(name: str, space: str = "nas-bench-201", settings: SearchSettings = TINY, **options: Any) -> Searcher:
    maker, partial = get_searcher(name, options)
    settings = replace(settings, cells=3) if space == "darts" else settings
    return build(maker, get_task("digits"), space, settings, CPU, partial)


def search(searcher: Searcher, folder: Path | None = None, stopping: EarlyStopping | None = None) -> Search:
    task = get_task("digits")
    return Search(searcher, task, task.load().reduced(128, 64), stopping, folder)


@pytest.mark.parametrize("space", ["nas-bench-201", "darts", "hierarchical"])
@pytest.mark.parametrize("name", searcher_names())
def test_every_searcher_finds_a_feasible_architecture_in_every_space(name: str, space: str) -> None:
    if name == "pc_darts" and space == "hierarchical":
        with pytest.raises(NasbenchError, match="relaxation over edges"):
            make(name, space)
        return
    settings = replace(TINY, epochs=1, channels=8 if name == "pc_darts" else 4)
    options: dict[str, Any] = {"candidates": 3} if name == "rsps" else {}
    found = search(make(name, space, settings, **options)).run()
    assert blueprint(space).make_space().is_feasible(found.architecture)
    assert found.seconds > 0 and np.isfinite(found.curve[-1]["train_loss"])


@pytest.mark.parametrize("name", ["darts", "gaea", "gdas", "pc_darts"])
def test_gradient_searchers_move_their_point_and_keep_it_on_the_simplices(name: str) -> None:
    options: dict[str, Any] = {"warmup": 0.0} if name == "pc_darts" else {}
    searcher = make(name, **options)
    before = searcher.point().clone()
    search(searcher).run()
    after = searcher.point()
    assert not torch.allclose(before, after, atol=1e-5)
    torch.testing.assert_close(after.sum(1), torch.ones(len(after)))


def test_second_order_costs_more_and_differs() -> None:
    points = []
    for order in (1, 2):
        searcher = make("darts", order=order, arch_learning_rate=0.01)
        search(searcher).run()
        points.append(searcher.point())
    assert not torch.allclose(points[0], points[1], atol=1e-6)


@pytest.mark.parametrize("name", ["darts", "gaea", "gdas", "pc_darts", "rsps"])
def test_a_search_that_is_killed_and_resumed_equals_one_that_was_not(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"candidates": 4} if name == "rsps" else {}
    whole = search(make(name, **options)).run()
    search(make(name, **options), tmp_path).run(1)
    resumed = search(make(name, **options), tmp_path).run()
    assert resumed.searcher is not None and whole.searcher is not None
    for key, value in whole.searcher.supernet.state_dict().items():
        assert torch.equal(value, resumed.searcher.supernet.state_dict()[key])
    assert torch.equal(whole.searcher.point(), resumed.searcher.point())
    if (
        name != "rsps"
    ):  # its candidates are drawn after the last step, from a stream that a kill at the end would rewind
        np.testing.assert_array_equal(whole.architecture, resumed.architecture)


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
        counts[np.arange(6), searcher.sample().active] += 1
    p = searcher.point().numpy()
    assert (np.abs(counts / 1500 - p) < 4.5 * np.sqrt(p * (1 - p) / 1500) + 1e-9).all()


def test_pc_darts_weighs_the_edges_of_a_node_against_each_other() -> None:
    searcher = make("pc_darts")
    assert isinstance(searcher, PcDarts)
    with torch.no_grad():
        searcher.beta.copy_(torch.arange(6.0))
    scale = searcher.scale().detach()
    assert scale[0] == 1.0
    torch.testing.assert_close(scale[1:3], torch.softmax(torch.tensor([1.0, 2.0]), 0))
    torch.testing.assert_close(scale[3:], torch.softmax(torch.tensor([3.0, 4.0, 5.0]), 0))


def test_stopping_on_skips_returns_the_architecture_before() -> None:
    plan, rule = blueprint("nas-bench-201"), EarlyStopping("skips", skips=2)
    good, bad = np.array([3, 1, 1, 3, 3, 3], np.int8), np.array([1, 1, 1, 3, 3, 3], np.int8)
    assert max_skips(plan, bad) == 3
    assert rule.tell(plan, good, None) is None
    np.testing.assert_array_equal(rule.tell(plan, bad, None), good)


def test_stopping_on_eigenvalues_goes_back_by_its_window() -> None:
    plan, rule = blueprint("nas-bench-201"), EarlyStopping("eigenvalue", window=2)
    cells = [np.full(6, i % 5, np.int8) for i in range(6)]
    answers = [rule.tell(plan, cell, value) for cell, value in zip(cells, [1.0, 1.0, 1.0, 1.1, 3.0, 9.0], strict=True)]
    assert answers[:4] == [None] * 4
    # Means of the last two and of the two before: (1.1 + 3) / 2 against 1, so the fifth epoch stops the search.
    np.testing.assert_array_equal(answers[4], cells[2])
    flat = EarlyStopping("eigenvalue", window=2)
    assert all(flat.tell(plan, cell, 1.0) is None for cell in cells)


def test_eigenvalues_are_measured_where_the_rule_needs_them() -> None:
    found = search(make("darts"), stopping=EarlyStopping("eigenvalue")).run()
    assert all(np.isfinite(row["eigenvalue"]) for row in found.curve)


def test_perturbation_keeps_the_operation_whose_loss_hurts() -> None:
    """A supernet trained through one cell alone: removing one of that cell's operations must hurt."""
    searcher = make("darts", settings=replace(TINY, epochs=1))
    run = search(searcher)
    cell = np.array([3, 0, 3, 1, 0, 3], np.int8)
    for _ in range(12):
        for batch in run.train.epoch(32, torch.Generator().manual_seed(0)):
            searcher.update_weights(searcher.loss(batch, searcher.blueprint.single_path(cell)))
    assert isinstance(searcher, Darts)
    with torch.no_grad():
        searcher.alpha.copy_(2.0 * torch.nn.functional.one_hot(torch.as_tensor(cell).long(), 5))
    selected = perturbed_selection(searcher, run.held, torch.Generator().manual_seed(0))
    assert sum(selected[edge] == 3 for edge in (0, 2, 5)) >= 2


@pytest.mark.parametrize("name", searcher_names())
def test_a_search_out_of_memory_goes_on_in_halves_and_then_stops(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Injected: the supernet refuses more examples than `limit` while it trains."""
    said: list[str] = []
    searcher = make(name, settings=replace(TINY, epochs=1, channels=8 if name == "pc_darts" else 4))
    searcher.halving.say = said.append
    forward, limit = searcher.supernet.forward, TINY.batch // 2

    def limited(x: torch.Tensor, mixture: Any) -> torch.Tensor:
        if searcher.supernet.training and len(x) > limit:
            raise torch.OutOfMemoryError
        return forward(x, mixture)

    monkeypatch.setattr(searcher.supernet, "forward", limited)
    run = search(searcher)
    assert np.isfinite(run.run().curve[-1]["train_loss"])
    assert len(said) == 1 and "two halves" in said[0]
    limit = TINY.batch // 4
    run.curve.clear()
    with pytest.raises(NasbenchError, match="Memory ran out with half a batch of 64"):
        run.run()


def test_halves_have_the_gradient_of_their_mean() -> None:
    """In the weights and in the logits, and a second derivative; float64."""
    searcher = make("darts")
    assert isinstance(searcher, Darts)
    searcher.supernet.double()
    with torch.no_grad():
        searcher.alpha.data = searcher.alpha.double()
    batch = search(searcher).train.cut(slice(0, 64))
    x, y = batch[0].double(), batch[1]
    inputs = [searcher.alpha, *searcher.weights]

    def gradients(value: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.autograd.grad(value, inputs))

    expected = gradients(
        (searcher.loss((x[:32], y[:32]), searcher._mix()) + searcher.loss((x[32:], y[32:]), searcher._mix())) / 2
    )
    curvature = dominant_eigenvalue(searcher.loss((x[:32], y[:32]), searcher._mix()), searcher.alpha, seeded(), steps=3)
    searcher.halving.parts = 2
    for a, b in zip(gradients(searcher.loss((x, y), searcher._mix())), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    twice = torch.cat([x[:32], x[:32]]), torch.cat([y[:32], y[:32]])
    again = dominant_eigenvalue(searcher.loss(twice, searcher._mix()), searcher.alpha, seeded(), steps=3)
    assert again == pytest.approx(curvature, rel=1e-6)


def test_other_faults_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = make("gaea")

    def fails(*_: Any) -> torch.Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(searcher, "step", fails)
    with pytest.raises(RuntimeError, match="mat1"):
        search(searcher).run()


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_ranking_is_the_textbook_value() -> None:
    result = ranking(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3]), 2)
    assert result.kendall_tau == pytest.approx(4 / 6) and result.top_k_overlap == 1.0
    assert ranking(np.arange(5.0), -np.arange(5.0), 2).kendall_tau == pytest.approx(-1.0)


def test_a_supernet_is_ranked_against_training_alone() -> None:
    run = search(make("rsps", candidates=2))
    run.run()
    cells = np.array([[0] * 6, [1] * 6, [3] * 6], np.int8)
    task = get_task("digits")
    recipe = replace(SMALL, epochs=1, channels=4)
    result = supernet_ranking(run.searcher.supernet, task, task.load().reduced(128, 64), cells, recipe, 1, CPU)
    assert result.n == 3 and -1 <= result.kendall_tau <= 1 and result.top_k_overlap in (0.0, 1.0)


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
        SearchSettings(epochs=0)
    with pytest.raises(NasbenchError, match="order should be 1 or 2"):
        make("darts", order=3)
    with pytest.raises(NasbenchError, match="early stopping rule"):
        EarlyStopping("skip-count")
    with pytest.raises(NasbenchError, match="choose a multiple"):
        make("pc_darts", settings=replace(TINY, channels=6))
