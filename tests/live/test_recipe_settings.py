"""What each setting of a recipe does: decay, scaled biases, averages, mirrors, views, checkpoints."""

from __future__ import annotations

import collections
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training import checkpoint
from nasbench.live.training import standalone as alone
from nasbench.live.training.augmentation import alternating_mirror, draw
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import evaluate
from nasbench.live.training.moving_average import Lookahead, MovingAverage
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.live.training.training import Trainer, build_optimizer
from nasbench.live.training.views import Views

from mutations import mutate

CPU = torch.device("cpu")
CELL = np.array([3, 1, 2, 1, 3, 1], np.int8)
FAST = replace(
    SMALL,
    epochs=4,
    channels=4,
    lookahead=3,
    decoupled_decay=True,
    bias_scale=8.0,
    gradient_clip=0.0,
    augmentation=Augmentation(flip=True, alternate=True, translate=1, padding="reflect", cutout=3),
)


def make(recipe: Recipe, folder: Path | None = None) -> Trainer:
    task = get_task("digits")
    return alone.build_trainer(task, task.load().reduced(256, 128), "nas-bench-201", CELL, recipe, CPU, folder)


def test_a_step_without_gradient_shrinks_by_the_decay_whatever_the_rate() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.BatchNorm1d(1))
    for rate in (0.1, 2.0):
        recipe = replace(FAST, learning_rate=rate, momentum=0.0, nesterov=False, weight_decay=0.01)
        optimizer = build_optimizer(layers, recipe, CPU)
        for parameter in layers.parameters():
            parameter.data.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        optimizer.step()
        assert [p.item() for p in layers.parameters()] == pytest.approx([0.99] * 3)  # biases too, at 8 times the rate


def test_biases_of_normalisation_alone_are_scaled_and_frozen_weights_left_out() -> None:
    network = make(FAST).network
    frozen = next(m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    frozen.weight.requires_grad_(False)
    groups = build_optimizer(network, FAST, CPU).param_groups
    assert [group["scale"] for group in groups] == [1.0, 1.0, 8.0]
    normalisations = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {id(p) for p in groups[2]["params"]} == {id(m.bias) for m in normalisations}
    assert id(frozen.weight) not in {id(p) for group in groups for p in group["params"]}
    assert [g["scale"] for g in build_optimizer(network, SMALL, CPU).param_groups] == [1.0, 1.0]


def test_lookahead_is_the_closed_form_and_ends_on_the_slow_weights() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    lookahead, slow, fast = Lookahead(layer, 2, 0.8), 0.0, 0.0
    for step in range(1, 10):
        fast += 1.0
        layer.weight.data.add_(1.0)
        lookahead.update(step, 9)
        if step == 9:
            fast = slow
        elif step % 2 == 0:
            decay = 0.8 * (step / 9) ** 3
            slow = fast = decay * slow + (1 - decay) * fast
        assert layer.weight.item() == pytest.approx(fast, rel=1e-6)


def test_the_moving_average_follows_statistics_and_leaves_counters() -> None:
    norm = torch.nn.BatchNorm2d(2)
    average = MovingAverage(norm, 0.0)
    norm(torch.randn(8, 2, 3, 3))
    average.update()
    kept = average.network.state_dict()
    assert torch.equal(kept["running_mean"], norm.state_dict()["running_mean"]) and kept["num_batches_tracked"] == 0


def test_lookahead_and_an_average_exclude_each_other() -> None:
    with pytest.raises(NasbenchError, match="both ema_decay and lookahead"):
        replace(FAST, ema_decay=0.9)


def test_a_training_with_every_setting_resumes_bit_for_bit(tmp_path: Path) -> None:
    whole = make(FAST).run()
    for until in (1, 3):
        make(FAST, tmp_path).run(until)
    resumed = make(FAST, tmp_path).run()
    assert [row["train_loss"] for row in whole.curve] == [row["train_loss"] for row in resumed.curve]
    states = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_two_epochs_of_alternating_mirrors_show_both_views() -> None:
    first, second, third = (alternating_mirror(1000, 7, epoch) for epoch in range(3))
    assert (first != second).all() and torch.equal(first, third) and 400 < int(first.sum()) < 600
    task = get_task("digits")
    data = DeviceSplit(task.load().train, task, CPU)
    shown: list[collections.Counter[bytes]] = []
    for number in range(2):
        generator = torch.Generator().manual_seed(0)
        batches = list(data.epoch(31, generator, Augmentation(flip=True, alternate=True), number))
        shown.append(collections.Counter(image.numpy().tobytes() for x, _ in batches for image in x))
    plain = [image for x, _ in data.epoch(31, torch.Generator().manual_seed(0)) for image in x]
    both = collections.Counter(x.contiguous().numpy().tobytes() for image in plain for x in (image, image.flip(-1)))
    assert shown[0] + shown[1] == both


def test_numbers_do_not_depend_on_how_many_batches_are_drawn_at_once() -> None:
    augmentation = Augmentation(flip=True, translate=2, cutout=4)
    together = draw(augmentation, 3, 5, (8, 8), torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    apart = [draw(augmentation, 1, 5, (8, 8), generator) for _ in range(3)]
    for name in ("mirror", "row", "column", "top", "left"):
        assert torch.equal(getattr(together, name), torch.cat([getattr(part, name) for part in apart]))


def test_an_epoch_on_the_device_at_once_gives_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    task = get_task("digits")
    data = DeviceSplit(task.load().train, task, CPU)
    augmentation = FAST.augmentation
    apart = list(data.epoch(31, torch.Generator().manual_seed(0), augmentation, 1))

    class Pretended:
        """A device that says that it is a GPU, where it is asked, and is the CPU for torch."""

        type = "cuda"

    monkeypatch.setattr(torch.Tensor, "to", lambda self, *_args, **_kind: self)
    data.device = Pretended()  # type: ignore[assignment]
    together = list(data.epoch(31, torch.Generator().manual_seed(0), augmentation, 1))
    assert len(apart) == len(together) == 29
    for (x, y), (u, v) in zip(apart, together, strict=True):
        assert torch.equal(x, u) and torch.equal(y, v)


def test_views_weigh_shifts_half_and_are_declared() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)

    def corner(image: torch.Tensor) -> torch.Tensor:
        return image[:, 0, 0, :1]

    # Upper left corner of the image (0), of its mirror (3), and after reflected shifts by one: 5, 7 and mirrored 4+2...
    padded = torch.nn.functional.pad(x, (1,) * 4, "reflect")
    up, down = padded[..., 0:4, 0:4], padded[..., 2:6, 2:6]
    expected = 0.0 + 3.0 + 0.5 * sum(float(v[0, 0, 0, i]) for v in (up, down) for i in (0, 3))
    assert Views(flip=True, shift=1).outputs(corner, x).item() == expected
    assert [Views().count, Views(True).count, Views(True, 1).count] == [1, 2, 6]
    assert str(Views(True, 1)) == "mirror and shifts by 1" and str(Views()) == "none"


def test_bfloat16_is_scored_as_it_was_trained() -> None:
    trainer = make(replace(FAST, precision="bfloat16", channels_last=True, test_time_flip=True, test_time_shift=1))
    trained = trainer.run(1)
    assert trained.arithmetic.bfloat16 and trained.arithmetic.channels_last
    task = get_task("digits")
    data = DeviceSplit(task.load().search, task, CPU)
    exact, rounded = (
        evaluate(trained.network, task.shape, data, views=FAST.views, arithmetic=a)
        for a in (make(FAST).arithmetic, trained.arithmetic)
    )
    assert abs(exact - rounded) < 5.0


def test_a_short_training_writes_one_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    real = checkpoint.save

    def save(path: Path, content: dict[str, Any]) -> None:
        written.append(len(content["curve"]))
        real(path, content)

    monkeypatch.setattr(checkpoint, "save", save)
    make(FAST, tmp_path / "short").run()
    assert written == [FAST.epochs]
    monkeypatch.setattr("nasbench.live.training.training.CHECKPOINT_SECONDS", 0.0)
    make(FAST, tmp_path / "long").run()
    assert written == [FAST.epochs, 1, 2, 3, 4]


def test_damage_to_a_checkpoint_is_never_silent(tmp_path: Path) -> None:
    make(FAST, tmp_path).run(1)
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        _, damaged = mutate(whole, rng)
        if damaged == whole:
            continue
        path.write_bytes(damaged)
        with pytest.raises(NasbenchError, match=r"damaged after it was written|is no checkpoint"):
            checkpoint.read(path)
