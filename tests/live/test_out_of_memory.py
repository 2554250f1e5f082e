"""Memory that runs out: halves, once; nothing that was done is repeated; a sentence where no halving helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.searchers.catalogue import searcher_names
from nasbench.live.searchers.darts import Darts
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.searchers.loop import SupernetSearch
from nasbench.live.searchers.searcher import Searcher
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.supernets.hypergradient import dominant_eigenvalue
from nasbench.live.training.microbatching import MicrobatchFallback, memory_guard

from tiny_search import CPU, TINY, make, search


@pytest.mark.parametrize("name", searcher_names())
def test_a_search_out_of_memory_goes_on_in_halves_and_then_stops(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Injected: the supernet refuses more examples than `limit` while it trains."""
    said: list[str] = []
    searcher = make(name, settings=replace(TINY, epochs=1, channels=8 if name == "pc_darts" else 4))
    searcher.microbatching.reporter = said.append
    forward, limit = searcher.supernet.network.forward, TINY.batch_size // 2

    def limited(x: torch.Tensor, mixture: Any) -> torch.Tensor:
        if searcher.supernet.training and len(x) > limit:
            raise torch.OutOfMemoryError
        return forward(x, mixture)

    # The network below the supernet, so that no way into it is forgotten.
    monkeypatch.setattr(searcher.supernet.network, "forward", limited)
    run = search(searcher)
    assert np.isfinite(run.run().curve[-1]["train_loss"])
    assert len(said) == 1 and "two halves" in said[0]
    limit = TINY.batch_size // 4
    run.curve.clear()
    with pytest.raises(NasbenchError, match="Memory ran out with half a batch of 64"):
        run.run()


OPTIONS: dict[str, dict[str, Any]] = {
    "pc_darts": {"warmup": 0.0},
    "rsps": {"candidates": 3},
    "hybrid_supernet": {"gradient_interval": 1},
}


class Whole(MicrobatchFallback):
    """Takes a step again as it was, so that nothing but a repeated change of state can make a difference."""

    @property
    def n_microbatches(self) -> int:
        return 1

    @n_microbatches.setter
    def n_microbatches(self, value: int) -> None:
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
        return [
            *searcher.supernet.state_dict().values(),
            *own,
            searcher.architecture_probabilities(),
            searcher.generator.get_state(),
        ]

    def steps(searcher: Searcher, run: SupernetSearch) -> int:
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
        searcher.microbatching = Whole(64, CPU, lambda _: None)
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
    searcher = make("hybrid_supernet", space)
    assert isinstance(searcher, HybridSupernet)
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
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(problem)`"),
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
    searcher.microbatching.n_microbatches = 2
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
