"""Options that any searcher takes: each does what its paper says, leaves the others alone, and is resumed with the same bits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.concrete import concrete, gumbel, temperature
from nasbench.live.searchers.operation_dropout import kept_operations
from nasbench.live.searchers.operation_stopping import STEPS, OperationStopping
from nasbench.live.searchers.perturbation import adversarial_shift, onto_simplex, radius_at, random_shift
from nasbench.live.searchers.regularizers import regularizer_gradient
from nasbench.live.searchers.searcher import LogitSearcher
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.batches import DeviceSplit

from tiny_search import CPU, make, search

TOGETHER: dict[str, Any] = {
    "arch_sampling": "concrete",
    "arch_regularizer": "beta",
    "perturbation": "random",
    "operation_dropout": 0.3,
    "operation_stopping": True,
    "arch_learning_rate": 0.05,
}
ALL = torch.ones(2, 3, dtype=torch.bool)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_gradient_of_beta_decay_is_the_softmax() -> None:
    alpha = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0]])
    found = regularizer_gradient("beta", None, alpha, ALL, progress=0.5)
    torch.testing.assert_close(found, 0.5 * 50.0 * torch.softmax(alpha, dim=1) / 2)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert regularizer_gradient("beta", 1.0, alpha, mask, 1.0)[0, 2] == 0.0
    assert regularizer_gradient("beta", None, alpha, ALL, progress=0.0).abs().max() == 0.0


def test_the_zero_one_loss_pushes_weights_away_from_a_half() -> None:
    alpha = torch.tensor([[0.5, -0.5, 0.0]])
    found = regularizer_gradient("zero_one", None, alpha, ALL[:1], progress=0.0)
    z = torch.sigmoid(alpha)
    torch.testing.assert_close(found, -10.0 * 2.0 * (z - 0.5) * z * (1 - z) / 3)
    assert found[0, 0] < 0 < found[0, 1] and found[0, 2] == 0  # descent moves alpha away from zero


def test_the_concrete_relaxation_draws_choices_with_their_probabilities() -> None:
    """At every temperature the largest entry is choice c with probability p_c; the error of 4,000 draws is within four deviations."""
    p = torch.tensor([0.5, 0.3, 0.2])
    alpha, n = p.log().expand(4000, 3), 4000
    noise = gumbel(alpha.shape, stream())
    for heat in (temperature(0.0), temperature(1.0)):
        drawn = concrete(alpha, torch.ones_like(alpha, dtype=torch.bool), noise, heat)
        torch.testing.assert_close(drawn.sum(dim=1), torch.ones(n))
        shares = torch.bincount(drawn.argmax(dim=1), minlength=3) / n
        assert ((shares - p).abs() < 4 * (p * (1 - p) / n).sqrt()).all()
    assert drawn.max(dim=1).values.mean() > 0.95  # nearly one operation at the end
    assert temperature(0.0) == 1.0 and temperature(1.0) == pytest.approx(0.03)


def test_perturbations_stay_in_their_box_and_the_adversary_is_worse_than_chance() -> None:
    point, slope = torch.tensor([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0]]), torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])

    def loss(weights: Tensor) -> Tensor:
        return (weights * slope).sum()

    worst = adversarial_shift(loss, point, 0.1, stream())
    assert worst.abs().max() <= 0.1 + 1e-6 and worst[1, 2] == 0
    for seed in range(20):
        random = random_shift(point, 0.1, stream(seed))
        assert random.abs().max() <= 0.1 and random[1, 2] == 0
        assert loss(onto_simplex(point + random)) <= loss(onto_simplex(point + worst))
    moved = onto_simplex(point + worst)
    torch.testing.assert_close(moved.sum(dim=1), torch.ones(2))
    assert moved.min() >= 0 and radius_at(0.3, 0.0) == 0.03
    assert radius_at(0.3, 1.0) == pytest.approx(0.3) and radius_at(0.01, 0.5) == 0.01


def test_dropped_operations_leave_the_sum_of_an_edge() -> None:
    weights = torch.softmax(torch.randn(400, 5, generator=stream()), dim=1)
    factor = kept_operations(weights, 0.4, stream())
    torch.testing.assert_close((factor * weights).sum(dim=1), torch.ones(400))
    assert abs(float((factor == 0).float().mean()) - 0.4) < 4 * math.sqrt(0.24 / 2000)
    torch.testing.assert_close(kept_operations(weights, 0.0, stream()), torch.ones(400, 5))
    alone = kept_operations(weights, 1.0, stream())
    assert ((alone > 0).sum(dim=1) == 1).all() and torch.equal(alone.argmax(dim=1), weights.argmax(dim=1))


def test_an_operation_whose_gradients_disagree_is_frozen() -> None:
    right, wrong = (torch.nn.Parameter(torch.zeros(2)) for _ in range(2))
    stopping = OperationStopping([[right], [wrong]])
    for step in range(STEPS):
        right.grad, wrong.grad = torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0])
        stopping.tell([torch.tensor([2.0, 2.0]), torch.tensor([-1.0, 1.0])])
        assert (wrong.grad is None) is (step == STEPS - 1)
    assert stopping.frozen == [False, True] and right.grad is not None
    again = OperationStopping([[right], [wrong]])
    again.restore(stopping.state())
    assert again.state() == stopping.state()


def test_sigmoids_do_not_compete() -> None:
    searcher = make("darts", arch_activation="sigmoid")
    assert isinstance(searcher, LogitSearcher)
    with torch.no_grad():
        searcher.alpha[0, 1] += 3.0
    weights = searcher.mixture().weights
    assert weights is not None and weights[0, 1] > 0.9 and weights[0, 2] == pytest.approx(0.5, abs=0.01)
    torch.testing.assert_close(searcher.architecture_probabilities().sum(dim=1), torch.ones(6))


def test_options_go_together_and_are_resumed_with_the_same_bits(tmp_path: Path) -> None:
    whole, resumed = make("darts", **TOGETHER), make("darts", **TOGETHER)
    search(whole).run()
    search(make("darts", **TOGETHER), tmp_path).run(until=1)
    search(resumed, tmp_path).run()
    for name, value in whole.supernet.state_dict().items():
        assert torch.equal(value, resumed.supernet.state_dict()[name]), name
    assert torch.equal(whole.architecture_probabilities(), resumed.architecture_probabilities())
    assert whole.operation_stopping is not None and whole.operation_stopping.steps == 4
    assert (
        resumed.operation_stopping is not None
        and resumed.operation_stopping.state() == whole.operation_stopping.state()
    )


def test_an_adversary_raises_the_loss_of_the_weights() -> None:
    task = get_task("digits")
    batch = DeviceSplit(task.load().train, task, CPU).cut(slice(0, 64))
    losses = {}
    for kind in ("none", "adversarial"):
        searcher = make("gaea", perturbation=kind, perturbation_radius=0.2)
        searcher.progress = 1.0
        losses[kind] = float(searcher.update_weights(batch, searcher.mixture))
    assert losses["adversarial"] > losses["none"]


def test_options_that_do_not_apply_are_refused() -> None:
    for name, options in (
        ("rsps", {"operation_dropout": 0.1}),
        ("gdas", {"perturbation": "random"}),
        ("rsps", {"operation_stopping": True}),
    ):
        with pytest.raises(NasbenchError, match="trains single paths"):
            make(name, **options)
    with pytest.raises(NasbenchError, match="in its own way"):
        make("drnas", arch_sampling="concrete")
    with pytest.raises(NasbenchError, match="draws from a softmax"):
        make("darts", arch_sampling="concrete", arch_activation="sigmoid")
    with pytest.raises(NasbenchError, match="perturbation of darts"):
        make("darts", perturbation="adverserial")
    with pytest.raises(NasbenchError, match="needs a softmax"):
        search(make("darts", arch_activation="sigmoid"), stopping=EarlyStopping("eigenvalue"))
    searcher = make("pc_darts", perturbation="random")
    mixture = searcher._altered((torch.zeros(2, 1, 8, 8), torch.zeros(2, dtype=torch.int64)), searcher.mixture)
    first, second = mixture(), mixture()
    assert isinstance(first, OperationWeights) and first.scale is not None
    assert torch.equal(first.weights, second.weights)  # type: ignore[arg-type]
