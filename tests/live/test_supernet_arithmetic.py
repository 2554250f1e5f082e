"""Supernets in bfloat16 and channels-last: close to float32, used where they are sound, and refused where they are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from torch import Tensor
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live.experiment import commands
from nasbench.live.searchers.searcher import Searcher, SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.supernets.one_shot_evaluation import shared_losses
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.arithmetic import EXACT, Arithmetic
from nasbench.live.training.batches import DeviceSplit

from tiny_search import CPU, TINY, make, search

FAST = replace(TINY, precision="bfloat16", channels_last=True)
LAYOUT = replace(TINY, channels_last=True)
SOUND = ("nas-bench-201", "hierarchical")


def batch_of(searcher: Searcher) -> tuple[Tensor, Tensor]:
    task = get_task("digits")
    return DeviceSplit(task.load().train, task, searcher.device).cut(slice(0, 64))


def value_and_gradient(searcher: Searcher) -> tuple[Tensor, Tensor]:
    value = searcher.loss(batch_of(searcher), searcher.mixture())
    gradients = torch.autograd.grad(value, searcher.weights)
    assert value.dtype == torch.float32 and {g.dtype for g in gradients} == {torch.float32}
    return value.detach(), torch.cat([g.reshape(-1) for g in gradients])


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


def test_the_defaults_compute_as_before() -> None:
    assert (SupernetConfig().precision, SupernetConfig().channels_last) == ("float32", False)
    assert make("gaea").supernet.arithmetic == EXACT


@pytest.mark.parametrize(("space", "name"), [*((space, "gaea") for space in SOUND), ("nas-bench-201", "pc_darts")])
def test_the_layout_changes_no_more_than_rounding(space: str, name: str) -> None:
    exact, other = make(name, space), make(name, space, LAYOUT)
    assert other.supernet.arithmetic == Arithmetic(channels_last=True)
    assert any(p.dim() == 4 and p.is_contiguous(memory_format=torch.channels_last) for p in other.weights)
    (value, gradient), (near, slope) = value_and_gradient(exact), value_and_gradient(other)
    assert float(near) == pytest.approx(float(value), rel=1e-5)
    assert float((slope - gradient).norm() / gradient.norm()) < 1e-4


@pytest.mark.parametrize("space", SOUND)
def test_bfloat16_is_close_to_float32(space: str) -> None:
    exact, other = make("hybrid_supernet", space), make("hybrid_supernet", space, FAST)
    (value, gradient), (near, slope) = value_and_gradient(exact), value_and_gradient(other)
    assert float(near) == pytest.approx(float(value), rel=0.02) and float(near) != float(value)
    assert cosine(gradient, slope) > 0.98
    theta = np.where(exact.mask.numpy(), 0.2, 0.0)[None] if space == "nas-bench-201" else exact.theta[None]  # type: ignore[attr-defined]
    of = [
        torch.as_tensor(SupernetGradient(s.supernet, batch_of(s)).gradient(theta)).reshape(-1) for s in (exact, other)
    ]
    assert cosine(*of) > 0.9


def test_scores_of_paths_are_close_and_taken_in_float32() -> None:
    exact, other = make("rsps"), make("rsps", settings=FAST)
    cells = exact.networks.make_space().sample(np.random.default_rng(0).random((6, 6)))
    task = get_task("digits")
    data = DeviceSplit(task.load().search, task, CPU).head(100)
    losses = [shared_losses(s.supernet, cells, data) for s in (exact, other)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.05)
    assert other.supernet.path(batch_of(other)[0], cells[0]).dtype == torch.float32


def test_a_space_with_strided_pointwise_convolutions_keeps_its_layout_on_the_cpu() -> None:
    """There torch 2.13 corrupts memory in the backward pass."""
    searcher = make("gaea", "darts", FAST)
    assert searcher.supernet.arithmetic == Arithmetic(bfloat16=True, channels_last=False)
    assert all(p.is_contiguous() for p in searcher.weights)


def test_halves_of_a_batch_compute_in_it_too() -> None:
    whole, halves = make("gaea", settings=FAST), make("gaea", settings=FAST)
    halves.microbatching.n_microbatches = 2
    (value, gradient), (near, slope) = value_and_gradient(whole), value_and_gradient(halves)
    assert float(near) == pytest.approx(float(value), rel=0.05)  # a half normalises by itself
    assert cosine(gradient, slope) > 0.8


@pytest.mark.parametrize("name", ["gdas", "pc_darts", "hybrid_supernet"])
def test_a_search_in_it_learns_and_is_resumed(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"scoring_subset_size": 32} if name == "hybrid_supernet" else {}
    found = search(make(name, settings=FAST, **options), tmp_path).run()
    first, last = found.curve[0]["train_loss"], found.curve[-1]["train_loss"]
    assert np.isfinite(last) and last < first
    again = search(make(name, settings=FAST, **options), tmp_path).run()
    assert again.curve == found.curve
    with pytest.raises(NasbenchError, match="another settings"):
        search(make(name, **options), tmp_path)


def test_what_needs_exact_derivatives_says_so() -> None:
    with pytest.raises(NasbenchError, match="order 2 takes differences of gradients, which need the precision float32"):
        make("darts", settings=FAST, order=2)
    with pytest.raises(NasbenchError, match="second derivatives, which need the precision float32"):
        search(make("darts", settings=FAST), stopping=EarlyStopping("eigenvalue"))
    assert make("darts", settings=LAYOUT, order=2).supernet.arithmetic.channels_last
    for wrong in ({"precision": "float16"}, {"channels_last": 1}):
        with pytest.raises(NasbenchError, match=r"did you mean 'bfloat16'|should be true or false"):
            replace(TINY, **wrong)  # type: ignore[arg-type]


def test_the_command_computes_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Any] = []

    def caught(plan: Any, *_: object, **__: object) -> dict[str, object]:
        plans.append(plan)
        return {"task": plan.task}

    monkeypatch.setattr("nasbench.live.experiment.run.run_experiment", caught)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(commands.search)
    chosen = ["--precision", "bfloat16", "--channels-last"]
    for arguments in ([], chosen, ["--recipe", "cifar10-gpu"], ["--recipe", "cifar10-gpu", "--no-channels-last"]):
        result = CliRunner().invoke(
            app, ["digits", "--optimizer", "gaea", *arguments, "--json"], catch_exceptions=False
        )
        assert result.exit_code == 0
    settings = [(p.supernet.precision, p.supernet.channels_last) for p in plans]
    recipes = [(p.recipe.precision, p.recipe.channels_last) for p in plans]
    off, on = ("float32", False), ("bfloat16", True)
    assert settings == [off, on, off, off]
    assert recipes == [off, on, on, ("bfloat16", False)]
    assert all(
        (p.search_recipe.precision, p.search_recipe.channels_last) == r for p, r in zip(plans, recipes, strict=True)
    )
