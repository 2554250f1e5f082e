"""The second-order hypergradient against exact differentiation, in float64."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.supernets.hypergradient import dominant_eigenvalue, unrolled_hypergradient
from nasbench.live.supernets.supernet import Supernet
from nasbench.live.tasks.shape import TaskShape

XI = 0.3


def small_problem(seed: int = 0) -> tuple[list[Tensor], Tensor, list[Tensor]]:
    """A mixture of tanh and sine units: losses of w (two arrays) and alpha that are quadratic in neither."""
    generator = torch.Generator().manual_seed(seed)
    data = [torch.randn(12, 3, generator=generator, dtype=torch.float64) for _ in range(2)]
    weights = [torch.randn(s, generator=generator, dtype=torch.float64).requires_grad_() for s in ((3, 4), (4,))]
    alpha = torch.randn(2, generator=generator, dtype=torch.float64).requires_grad_()
    return weights, alpha, data


def network_loss(weights: list[Tensor], alpha: Tensor, x: Tensor) -> Tensor:
    mix = torch.softmax(alpha, 0)
    hidden = x @ weights[0]
    return ((mix[0] * torch.tanh(hidden) + mix[1] * torch.sin(hidden)) @ weights[1] - x.sum(1)).square().mean()


def exact(weights: list[Tensor], alpha: Tensor, data: list[Tensor], rate: float) -> Tensor:
    inner = torch.autograd.grad(network_loss(weights, alpha, data[0]), weights, create_graph=True)
    moved = [w - rate * g for w, g in zip(weights, inner, strict=True)]
    return torch.autograd.grad(network_loss(moved, alpha, data[1]), alpha)[0]


def approximate(weights: list[Tensor], alpha: Tensor, data: list[Tensor], radius: float) -> Tensor:
    return unrolled_hypergradient(
        lambda: network_loss(weights, alpha, data[0]),
        lambda: network_loss(weights, alpha, data[1]),
        weights,
        alpha,
        XI,
        radius,
    )


def test_hypergradient_equals_exact_differentiation() -> None:
    weights, alpha, data = small_problem()
    before = [w.detach().clone() for w in weights]
    found = approximate(weights, alpha, data, 1e-4)
    torch.testing.assert_close(found, exact(weights, alpha, data, XI), rtol=1e-7, atol=1e-9)
    assert all(torch.equal(a, b) for a, b in zip(before, weights, strict=True))
    first_order = torch.autograd.grad(network_loss(weights, alpha, data[1]), alpha)[0]
    assert not torch.allclose(found, first_order, rtol=1e-2)  # the second-order term is there


@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_of_second_order_in_the_radius(seed: int) -> None:
    weights, alpha, data = small_problem(seed)
    truth = exact(weights, alpha, data, XI)
    errors = [float((approximate(weights, alpha, data, r) - truth).norm()) for r in (0.08, 0.04, 0.02, 0.01)]
    slopes = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert slopes[-1] == pytest.approx(2.0, abs=0.1)


def test_a_loss_quadratic_in_the_weights_gives_no_error_of_truncation() -> None:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(8, 3, generator=generator, dtype=torch.float64)
    w = [torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_()]
    alpha = torch.randn(2, generator=generator, dtype=torch.float64).requires_grad_()

    def value(v: Tensor) -> Tensor:
        return ((x @ v) * torch.softmax(alpha, 0)[0] - x.sum(1)).square().mean()

    inner = torch.autograd.grad(value(w[0]), w[0], create_graph=True)[0]
    truth = torch.autograd.grad(value(w[0] - XI * inner), alpha)[0]
    for radius in (1.0, 1e-2):
        found = unrolled_hypergradient(lambda: value(w[0]), lambda: value(w[0]), w, alpha, XI, radius)
        torch.testing.assert_close(found, truth, rtol=1e-9, atol=1e-12)


def test_hypergradient_of_a_supernet_equals_exact_differentiation() -> None:
    """The same on a NAS-Bench-201 supernet with its normalisations, weights moved functionally for the truth."""
    torch.manual_seed(0)
    net = Supernet(get_cell_networks("nas-bench-201"), TaskShape(2, 1, 4, 3), 4, 1).double()
    alpha = torch.zeros(6, 5, dtype=torch.float64).requires_grad_()
    x, y = torch.randn(2, 16, 1, 4, 4, dtype=torch.float64), torch.randint(0, 3, (2, 16))
    names, weights = zip(*net.named_parameters(), strict=True)

    def value(i: int, parameters: dict[str, Tensor] | None = None) -> Tensor:
        mixture = OperationWeights(weights=torch.softmax(alpha, 1))
        out = net(x[i], mixture) if parameters is None else torch.func.functional_call(net, parameters, (x[i], mixture))
        return torch.nn.functional.cross_entropy(out, y[i])

    inner = torch.autograd.grad(value(0), weights, create_graph=True)
    moved = {name: w - 0.05 * g for name, w, g in zip(names, weights, inner, strict=True)}
    truth = torch.autograd.grad(value(1, moved), alpha)[0]
    found = unrolled_hypergradient(lambda: value(0), lambda: value(1), weights, alpha, 0.05, 1e-4)
    # ReLU has kinks, which a central difference may cross: the tolerance is that of a few crossings.
    assert float((found - truth).norm() / truth.norm()) < 1e-4
    before = [w.detach().clone() for w in weights]
    found = unrolled_hypergradient(lambda: value(0), lambda: value(1), weights, alpha, 0.05, exact=True)
    torch.testing.assert_close(found, truth, rtol=1e-10, atol=1e-12)
    assert all(torch.equal(a, b) for a, b in zip(before, weights, strict=True))


def test_the_exact_product_is_zero_where_the_losses_are_linear_in_the_weights() -> None:
    w, alpha = [torch.ones(2, requires_grad=True)], torch.ones(2, requires_grad=True)
    found = unrolled_hypergradient(lambda: w[0].sum(), lambda: (w[0] * alpha).sum(), w, alpha, 0.5, exact=True)
    torch.testing.assert_close(found, torch.full((2,), 0.5))


def test_dominant_eigenvalue_of_a_quadratic() -> None:
    values = torch.tensor([0.5, -3.0, 2.0], dtype=torch.float64)
    basis = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    matrix = basis @ torch.diag(values) @ basis.T
    alpha = torch.ones(3, dtype=torch.float64, requires_grad=True)
    loss = 0.5 * alpha @ matrix @ alpha
    found = dominant_eigenvalue(loss, alpha, torch.Generator().manual_seed(1), 100)
    assert found == pytest.approx(-3.0, rel=1e-6)
