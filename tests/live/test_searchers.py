"""Searchers: each moves what it says it moves, resumes, and stops when it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
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
from nasbench.live.searchers.hybrid import Hybrid
from nasbench.live.searchers.loop import Search, build
from nasbench.live.searchers.pc_darts import PcDarts
from nasbench.live.searchers.searcher import Searcher, SearchSettings
from nasbench.live.searchers.selection import perturbed_selection
from nasbench.live.searchers.stopping import EarlyStopping, max_skips
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.halving import Halving, memory_guard
from nasbench.live.training.recipe import SMALL
from nasbench.live.weight_sharing.gradient import SupernetGradient
from nasbench.live.weight_sharing.hypergradient import dominant_eigenvalue
from nasbench.live.weight_sharing.ranking import interval_of_tau, ranking, supernet_ranking
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


@pytest.mark.parametrize("name", searcher_names())
def test_a_search_that_is_killed_and_resumed_equals_one_that_was_not(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"candidates": 4} if name == "rsps" else {}
    whole = search(make(name, **options)).run()
    search(make(name, **options), tmp_path).run(1)
    resumed = search(make(name, **options), tmp_path).run()
    assert resumed.searcher is not None and whole.searcher is not None
    for key, value in whole.searcher.supernet.state_dict().items():
        assert torch.equal(value, resumed.searcher.supernet.state_dict()[key])
    assert torch.equal(whole.searcher.point(), resumed.searcher.point())
    np.testing.assert_array_equal(whole.architecture, resumed.architecture)
    if isinstance(whole.searcher, Hybrid) and isinstance(resumed.searcher, Hybrid):
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


def test_stopping_rules_are_read_from_text_and_written_back() -> None:
    assert EarlyStopping.parse("skips:3").skips == 3
    rule = EarlyStopping.parse("eigenvalue:4,0.5")
    assert (rule.rule, rule.window, rule.ratio) == ("eigenvalue", 4, 0.5)
    for text in ("none", "skips:2", "skips:0", "eigenvalue:5,0.75"):
        assert str(EarlyStopping.parse(text)) == text
    assert EarlyStopping.parse("skips") == EarlyStopping.parse("skips:2")
    assert EarlyStopping.parse("eigenvalue") == EarlyStopping.parse("eigenvalue:5,0.75")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bogus", "no early stopping rule named 'bogus'"),
        ("none:1", "it should be none, skips"),
        ("bogus:1", "it should be none, skips"),
        ("skips:", "it should be none, skips"),
        ("skips:two", "it should be none, skips"),
        ("skips:-1", "skips should be a whole number of 0 or more"),
        ("eigenvalue:5", "it should be none, skips"),
        ("eigenvalue:0,0.75", "the window a whole number of 1 or more"),
        ("eigenvalue:5,0", "the ratio positive and at most 1"),
        ("eigenvalue:5,1.5", "the ratio positive and at most 1"),
        ("eigenvalue:5,nan", "the ratio positive and at most 1"),
    ],
)
def test_stopping_rules_that_cannot_be_are_told(text: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message) as caught:
        EarlyStopping.parse(text)
    assert "\n" not in str(caught.value)


def test_a_search_is_resumed_under_its_own_rule_alone(tmp_path: Path) -> None:
    def under(text: str) -> Search:
        return search(make("darts"), tmp_path / text[:5], EarlyStopping.parse(text))

    under("none").run(1)
    assert len(search(make("darts"), tmp_path / "none").curve) == 1  # as it was written before rules had a place there
    under("skips:6").run(1)
    assert len(under("skips:6").curve) == 1
    for other in ("none", "skips:5", "eigenvalue"):
        with pytest.raises(NasbenchError, match="written for another stopping"):
            search(make("darts"), tmp_path / "skips", EarlyStopping.parse(other))


def test_eigenvalues_need_a_point_on_the_relaxation() -> None:
    with pytest.raises(NasbenchError, match="use none or skips"):
        search(make("hybrid", "darts"), stopping=EarlyStopping("eigenvalue"))


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
            searcher.update_weights(batch, partial(searcher.blueprint.single_path, cell))
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
    forward, limit = searcher.supernet.network.forward, TINY.batch // 2

    def limited(x: torch.Tensor, mixture: Any) -> torch.Tensor:
        if searcher.supernet.training and len(x) > limit:
            raise torch.OutOfMemoryError
        return forward(x, mixture)

    # The network below the supernet, so that no way into it is forgotten.
    monkeypatch.setattr(searcher.supernet.network, "forward", limited)
    run = search(searcher)
    assert np.isfinite(run.run().curve[-1]["train_loss"])
    assert len(said) == 1 and "two halves" in said[0]
    limit = TINY.batch // 4
    run.curve.clear()
    with pytest.raises(NasbenchError, match="Memory ran out with half a batch of 64"):
        run.run()


OPTIONS: dict[str, dict[str, Any]] = {"pc_darts": {"warmup": 0.0}, "rsps": {"candidates": 3}, "hybrid": {"interval": 1}}


class Whole(Halving):
    """Takes a step again as it was, so that nothing but a repeated change of state can make a difference."""

    @property
    def parts(self) -> int:
        return 1

    @parts.setter
    def parts(self, value: int) -> None:
        """Stay at 1."""


def once(fails: int) -> Callable[[], None]:
    """Return what raises that memory ran out when it is called for the `fails`-th time."""
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise torch.OutOfMemoryError

    return count


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("name", [*searcher_names(), "darts-2", "gaea-2"])
def test_a_step_that_is_taken_again_repeats_nothing_that_was_done(
    name: str, backward: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory runs out once, in the first or second pass of the second step: forward, or at the end of the backward pass."""

    def built() -> Searcher:
        if name == "darts-2":
            return make("darts", order=2)
        return make("gaea", levels=2) if name == "gaea-2" else make(name, **OPTIONS.get(name, {}))

    def state(searcher: Searcher) -> list[torch.Tensor]:
        own = [value for value in searcher.state().values() if isinstance(value, torch.Tensor)]
        return [*searcher.supernet.state_dict().values(), *own, searcher.point(), searcher.generator.get_state()]

    def steps(searcher: Searcher, run: Search) -> int:
        """Take two steps and return the calls of `count` in the first."""
        train, held = run.train.cut(slice(0, 64)), run.held.cut(slice(0, 64))
        searcher.supernet.train()
        searcher.step(train, held)
        seen = calls
        searcher.step(train, held)
        return seen

    calls = 0
    first = None
    for fails in (0, 1, 2):
        calls, searcher = 0, built()
        searcher.halving = Whole(64, CPU, lambda _: None)
        stop = once(0 if first is None else first + fails)

        def count(*_: Any, stop: Callable[[], None] = stop) -> None:
            nonlocal calls
            calls += 1
            stop()

        stem = searcher.supernet.network.stem
        assert isinstance(stem, torch.nn.Module)
        if backward:
            next(stem.parameters()).register_hook(count)
        else:
            stem.register_forward_pre_hook(count)
        seen = steps(searcher, search(searcher))
        if first is None:
            first, expected = seen, state(searcher)
        for a, b in zip(state(searcher), expected, strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("space", ["nas-bench-201", "darts"])
def test_the_gradient_in_theta_is_the_mean_of_its_parts(space: str) -> None:
    searcher = make("hybrid", space)
    assert isinstance(searcher, Hybrid)
    x, y = search(searcher).held.cut(slice(0, 63))
    theta = searcher.theta[None]
    whole = SupernetGradient(searcher.supernet, (x, y), 2).gradient(theta)
    first, second = (
        SupernetGradient(searcher.supernet, (x[s], y[s])).gradient(theta) for s in (slice(32), slice(32, 63))
    )
    np.testing.assert_allclose(whole, (32 * first + 31 * second) / 63, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "fault",
    [
        torch.OutOfMemoryError(),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_elsewhere_is_one_sentence(fault: Exception) -> None:
    with pytest.raises(NasbenchError, match="Memory ran out on cpu while searching; choose fewer"):  # noqa: SIM117
        with memory_guard(CPU, "searching"):
            raise fault
    with pytest.raises(RuntimeError, match="mat1"), memory_guard(CPU, "searching"):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


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
    opposite = ranking(np.arange(5.0), -np.arange(5.0), 2)
    assert opposite.kendall_tau == pytest.approx(-1.0) and opposite.low is None
    assert ranking(np.ones(5), np.arange(5.0), 2).kendall_tau is None
    # atanh(0.5) = 0.549306, and 1.959964 sqrt(0.437 / 20) = 0.289717.
    assert interval_of_tau(0.5, 24) == pytest.approx((np.tanh(0.259589), np.tanh(0.839023)), abs=1e-5)
    assert interval_of_tau(0.5, 4) == (None, None)


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
        SearchSettings(epochs=0)
    with pytest.raises(NasbenchError, match="early stopping rule"):
        EarlyStopping("skip-count")
    with pytest.raises(NasbenchError, match="choose a multiple"):
        make("pc_darts", settings=replace(TINY, channels=6))


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("rsps", "candidates", 0),
        ("rsps", "candidates", 2.5),
        ("hybrid", "interval", 0),
        ("hybrid", "examples", 0),
        ("hybrid", "population", 0),
        ("hybrid", "offspring", 0),
        ("hybrid", "finalists", 0),
        ("hybrid", "rate", -0.1),
        ("hybrid", "floor", 1.0),
        ("hybrid", "floor", -0.1),
        ("hybrid", "guidance", 1.1),
        ("hybrid", "crossover", -1),
        ("hybrid", "gradient", "no"),
        ("hybrid", "evolution", 1),
        ("darts", "arch_learning_rate", "abc"),
        ("darts", "arch_learning_rate", -1),
        ("darts", "arch_learning_rate", float("nan")),
        ("darts", "arch_weight_decay", -1),
        ("darts", "order", 7),
        ("darts", "order", True),
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
    [{"population": 1, "offspring": 1, "finalists": 1, "interval": 1}, {"guidance": 1, "crossover": 1.0, "floor": 0}],
)
def test_options_at_the_ends_of_their_ranges_run(options: dict[str, Any]) -> None:
    assert np.isfinite(search(make("hybrid", **options)).run().curve[-1]["train_loss"])


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
