"""Training: it learns, resumes bit for bit, and stops cleanly."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.hardware.torch_device import choose_device, without_autotuning
from nasbench.live.networks.drop_path import DropPath, set_drop_path
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training import checkpoint
from nasbench.live.training import standalone as alone
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.moving_average import MovingAverage
from nasbench.live.training.recipe import RECIPES, SMALL, Recipe
from nasbench.live.training.training import Trainer, compile_network
from nasbench.spaces.darts import DartsSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space

CPU = torch.device("cpu")
CELL = np.array([3, 1, 2, 1, 3, 1], np.int8)
FULL = replace(
    SMALL,
    epochs=3,
    channels=4,
    ema_decay=0.9,
    label_smoothing=0.1,
    augmentation=Augmentation(flip=True, translate=1, cutout=3),
)


def make(recipe: Recipe, folder: Path | None = None, space: str = "nas-bench-201", cell: Any = CELL) -> Trainer:
    task = get_task("digits")
    return alone.build_trainer(task, task.load().reduced(256, 128), space, cell, recipe, CPU, folder)


def equal(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    x, y = a.state_dict(), b.state_dict()
    return x.keys() == y.keys() and all(torch.equal(x[name], y[name]) for name in x)


def test_digits_are_learnt() -> None:
    task = get_task("digits")
    splits = task.load()
    trained = alone.train_standalone(task, splits, "nas-bench-201", CELL, replace(SMALL, epochs=8), CPU)
    error = evaluate(trained.network, task.shape, DeviceSplit(splits.search, task, CPU))
    assert error < 10.0  # chance is 90%
    assert trained.seconds > 0 and len(trained.curve) == 8


@pytest.mark.parametrize("space", ["nas-bench-201", "darts"])
def test_killed_and_resumed_equals_uninterrupted(space: str, tmp_path: Path) -> None:
    cell, recipe = CELL, FULL
    if space == "darts":
        cell = DartsSpace().sample(np.random.default_rng(0).random(22))
        recipe = replace(FULL, cells=3, drop_path=0.3, auxiliary_weight=0.4)
    whole = make(recipe, None, space, cell).run()
    for until in (1, 2):
        make(recipe, tmp_path, space, cell).run(until)
    resumed = make(recipe, tmp_path, space, cell).run()
    assert equal(whole.network, resumed.network)
    values = ("train_loss", "search", "learning_rate")
    assert [[row[v] for v in values] for row in whole.curve] == [[row[v] for v in values] for row in resumed.curve]


def test_a_kill_while_writing_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(FULL, tmp_path).run(1)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        make(FULL, tmp_path).run(2)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert len(make(FULL, tmp_path).curve) == 1


def test_a_checkpoint_of_another_recipe_or_architecture_is_refused(tmp_path: Path) -> None:
    make(FULL, tmp_path).run(1)
    with pytest.raises(NasbenchError, match="written for another recipe"):
        make(replace(FULL, learning_rate=0.05), tmp_path)
    with pytest.raises(NasbenchError, match="written for another architecture"):
        make(FULL, tmp_path, cell=np.array([3, 1, 2, 1, 3, 2], np.int8))
    assert len(make(FULL, tmp_path).curve) == 1


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    import pickle

    class Hostile:
        def __reduce__(self) -> Any:
            return (print, ("ran",))

    for content in (b"nonsense", pickle.dumps(Hostile())):
        for head in (b"", checkpoint._head(content)):
            (tmp_path / "checkpoint.pt").write_bytes(head + content)
            with pytest.raises(NasbenchError, match="is no checkpoint"):
                make(FULL, tmp_path)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    trainer = make(FULL, tmp_path)
    trainer.run(1)
    with torch.no_grad():
        next(trainer.network.parameters()).fill_(float("nan"))
    with pytest.raises(NasbenchError, match=r"not finite; the checkpoint of epoch 1 is kept"):
        trainer.run()
    assert all(torch.isfinite(v).all() for v in make(FULL, tmp_path).network.state_dict().values())


def test_out_of_memory_halves_the_batch_once_and_then_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    trainer = make(FULL)
    trainer.microbatching.reporter = said.append
    network = trainer.network

    def limited(limit: int) -> Any:
        def forward(x: torch.Tensor) -> torch.Tensor:
            if len(x) > limit:
                raise torch.OutOfMemoryError
            return network(x)

        return forward

    trainer.forward = limited(FULL.batch_size // 2)
    trainer.run(1)
    assert len(said) == 1 and "two halves" in said[0]
    trainer.forward = limited(FULL.batch_size // 4)
    with pytest.raises(NasbenchError, match="smaller batch"):
        trainer.run(2)


def test_halved_batches_give_the_same_gradient_without_normalisation() -> None:
    """With evaluation statistics the loss is a mean over examples, so two halves must add up to the whole."""
    trainer = make(replace(FULL, gradient_clip=0.0, ema_decay=0.0))
    trainer.network.eval()
    batch = next(trainer.train.epoch(64, torch.Generator().manual_seed(0)))
    gradients = []
    for n_microbatches in (1, 2):
        trainer.microbatching.n_microbatches = n_microbatches
        for group in trainer.optimizer.param_groups:
            group["lr"] = 0.0
        trainer._update(batch)
        gradients.append([p.grad.clone() for p in trainer.network.parameters() if p.grad is not None])
    for a, b in itertools.zip_longest(*gradients):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)


def test_until_zero_trains_nothing_and_watch_is_asked_before_each_epoch(tmp_path: Path) -> None:
    asked: list[int] = []
    trainer = make(FULL, tmp_path)
    assert trainer.run(until=0).curve == []

    def epoch_callback() -> None:
        asked.append(len(trainer.curve))
        if len(asked) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        trainer.run(epoch_callback=epoch_callback)
    assert asked == [0, 1, 2] and len(make(FULL, tmp_path).curve) == 2


def test_a_compiler_that_fails_is_said_once_and_done_without() -> None:
    from torch._dynamo.exc import Unsupported

    said: list[str] = []
    trainer, alike = make(FULL), make(FULL)
    trainer.reporter = said.append

    def fails(_: torch.Tensor) -> Any:
        raise Unsupported("no compiler here", real_stack=None)

    trainer.forward = fails
    assert equal(trainer.run(1).network, alike.run(1).network)
    assert len(said) == 1 and "continues without it" in said[0]


def test_any_number_of_networks_is_compiled_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch keeps eight graphs of one piece of code and then runs on without compiling, unless it is reset."""
    from torch._dynamo.testing import CompileCounter

    counter = CompileCounter()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network: real(network, backend=counter, fullgraph=True))
    x = torch.randn(2, 1, 8, 8)
    for number in range(10):
        network = make(FULL, cell=NasBench201Space().from_index(5000 + 901 * number)).network.eval()
        before = counter.frame_count
        torch.testing.assert_close(compile_network(network)(x), network(x))
        assert counter.frame_count == before + 1


def test_a_changing_drop_path_rate_is_compiled_once() -> None:
    from torch._dynamo.testing import CompileCounter

    torch.compiler.reset()
    counter, drop = CompileCounter(), DropPath()
    run = torch.compile(drop, backend=counter)
    x = torch.ones(4096, 1, 1, 1)
    for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        set_drop_path(drop, rate, torch.Generator().manual_seed(0))
        assert run(x).eq(0).float().mean().item() == pytest.approx(rate, abs=0.04)
    assert counter.frame_count <= 2


def test_a_checkpoint_of_a_gpu_is_scored_on_a_cpu_and_goes_on_there_without_masks(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    cell = DartsSpace().sample(np.random.default_rng(0).random(22))
    masked = replace(FULL, cells=3, drop_path=0.3)

    def from_gpu(recipe: Recipe, space: str, cell: Any, until: int) -> None:
        path.unlink(missing_ok=True)
        make(recipe, tmp_path, space, cell).run(until)
        state = checkpoint.read(path)
        checkpoint.save(path, {**state, "device": "cuda", "masks": torch.zeros(16, dtype=torch.uint8)})

    from_gpu(FULL, "nas-bench-201", CELL, 1)
    assert len(make(FULL, tmp_path).run().curve) == FULL.epochs
    from_gpu(masked, "darts", cell, masked.epochs)
    assert len(make(masked, tmp_path, "darts", cell).curve) == masked.epochs
    from_gpu(masked, "darts", cell, 1)
    with pytest.raises(NasbenchError, match="use --device cuda"):
        make(masked, tmp_path, "darts", cell)


def test_bfloat16_trains_on_the_cpu_too() -> None:
    """The arithmetic of the GPU recipe, rehearsed without its compiler and layout."""
    row = make(replace(FULL, precision="bfloat16", compile=True, channels_last=True)).run(1).curve[0]
    assert np.isfinite(row["train_loss"])


def test_moving_average_is_the_closed_form() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(0.0)
    average = MovingAverage(layer, 0.5)
    expected = 0.0
    for t in range(1, 20):
        with torch.no_grad():
            layer.weight.fill_(float(t))
        average.update()
        decay = min(0.5, t / (9 + t))
        expected = decay * expected + (1 - decay) * t
    weight = average.network.weight
    assert isinstance(weight, torch.Tensor)
    assert weight.item() == pytest.approx(expected, rel=1e-6)


def test_drop_path_keeps_the_mean_and_is_off_in_evaluation() -> None:
    drop = DropPath()
    set_drop_path(drop, 0.3, torch.Generator().manual_seed(0))
    x = torch.ones(20_000, 2, 1, 1)
    y = drop(x)
    assert y.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert (y[:, 0] == y[:, 1]).all()  # a sample is dropped whole
    assert y.mean().item() == pytest.approx(1.0, abs=4.5 * (0.3 / 0.7 / 20_000) ** 0.5)
    assert torch.equal(drop.eval()(x), x)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_schedules_end_near_zero_and_peak_at_the_learning_rate(schedule: str) -> None:
    recipe = replace(SMALL, schedule=schedule)
    rates = [recipe.rate(t / 1000) for t in range(1000)]
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[-1] < 0.01 * recipe.learning_rate and min(rates) >= 0


def test_recipes_survive_json_and_refuse_nonsense() -> None:
    import json

    for recipe in RECIPES.values():
        again = Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())))
        assert again == recipe and again.digest == recipe.digest
    with pytest.raises(NasbenchError, match="did you mean 'cosine'"):
        Recipe(schedule="cosin")
    with pytest.raises(NasbenchError, match="did you mean 'epochs'"):
        Recipe.from_dict({"epoch": 3})
    assert replace(SMALL, seed=1).digest != SMALL.digest


def test_a_gpu_that_is_absent_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(NasbenchError, match="no such GPU"):
        choose_device("cuda")
    with pytest.raises(NasbenchError, match="should be auto, cpu or cuda"):
        choose_device("gpu0")


def test_convolutions_are_not_tuned_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    with pytest.raises(ZeroDivisionError), without_autotuning():
        assert not torch.backends.cudnn.benchmark and torch.backends.cudnn.enabled
        raise ZeroDivisionError
    assert torch.backends.cudnn.benchmark
