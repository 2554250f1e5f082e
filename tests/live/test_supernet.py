"""A supernet at a vertex is the stand-alone network, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasbench.live.networks.mixed_operation import OperationWeights, shuffle
from nasbench.live.networks.space_networks import CELL_NETWORKS, get_cell_networks
from nasbench.live.supernets.supernet import Supernet, simplex_mask, vertex
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.darts import DartsSpace
from nasbench.spaces.hierarchical import HierarchicalSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Space

SPACES: dict[str, type[Space]] = {
    "nas-bench-201": NasBench201Space,
    "darts": DartsSpace,
    "hierarchical": HierarchicalSpace,
}


def make(name: str, dims: int, partial: int = 1) -> tuple[Supernet, torch.Tensor, Space]:
    torch.manual_seed(0)
    space = SPACES[name]()  # type: ignore[call-arg]
    net = Supernet(get_cell_networks(name), TaskShape(dims, 3, 8, 5), 4, 3 if name == "darts" else 1, partial)
    return net, torch.randn(4, 3, *(8,) * dims), space


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("partial", [1, 2])
@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("name", sorted(CELL_NETWORKS))
def test_one_hot_theta_equals_the_stand_alone_network(name: str, dims: int, partial: int, training: bool) -> None:
    net, x, space = make(name, dims, partial)
    net.train(training)
    for architecture in space.sample(np.random.default_rng(3).random((4, space.d))):
        alone = net.extract(architecture).train(training)
        theta = vertex(architecture, int(space.cardinalities.max()))
        with torch.no_grad():
            expected = alone(x)
            assert torch.equal(net.at(x, theta), expected)
            assert torch.equal(net.path(x, architecture), expected)


@pytest.mark.parametrize("name", sorted(CELL_NETWORKS))
def test_weight_gradients_at_a_vertex_are_those_of_the_stand_alone_network(name: str) -> None:
    net, x, space = make(name, 2)
    architecture = space.sample(np.random.default_rng(4).random(space.d))
    alone = net.extract(architecture)
    alone(x).square().sum().backward()
    net.at(x, vertex(architecture, int(space.cardinalities.max()))).square().sum().backward()
    shared = dict(net.network.named_parameters())
    for key, parameter in alone.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(shared[key].grad, parameter.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", sorted(CELL_NETWORKS))
def test_edge_weights_are_the_expected_choices(name: str) -> None:
    """Monte Carlo over 20,000 architectures drawn from theta; 4.5 standard errors, so about 1e-5 a comparison."""
    space = SPACES[name]()  # type: ignore[call-arg]
    plan = get_cell_networks(name)
    rng = np.random.default_rng(5)
    mask = simplex_mask(tuple(space.cardinalities))
    theta = rng.random(mask.shape) * mask
    theta /= theta.sum(1, keepdims=True)
    drawn = np.stack([rng.choice(mask.shape[1], 20_000, p=row) for row in theta], axis=1).astype(np.int8)
    rows, counts = np.unique(drawn, axis=0, return_counts=True)
    mean = np.zeros((plan.edges, len(plan.table)))
    for row, count in zip(rows, counts, strict=True):
        mean[np.arange(plan.edges), plan.choices(row)] += count / len(drawn)
    weights = plan.edge_weights(torch.as_tensor(theta)).numpy()
    # Column 0 is what is absent: a sum over whole rows need not be written out, so compare the operations alone.
    np.testing.assert_allclose(weights[:, 1:], mean[:, 1:], atol=4.5 * np.sqrt(0.25 / len(drawn)))


@pytest.mark.parametrize("name", sorted(CELL_NETWORKS))
def test_derive_inverts_the_relaxation_at_a_vertex(name: str) -> None:
    space, plan = SPACES[name](), get_cell_networks(name)  # type: ignore[call-arg]
    for architecture in space.sample(np.random.default_rng(6).random((20, space.d))):
        architecture_probabilities = vertex(architecture, int(space.cardinalities.max()))
        if name == "darts":
            architecture_probabilities = plan.edge_weights(architecture_probabilities)
        np.testing.assert_array_equal(plan.discretize(architecture_probabilities.double().numpy()), architecture)


def test_straight_through_carries_the_gradient_of_every_choice() -> None:
    net, x, _ = make("nas-bench-201", 2)
    weights = torch.nn.functional.one_hot(torch.tensor([3, 0, 1, 2, 4, 3]), 5).float().requires_grad_()
    y = net(x, OperationWeights(weights=weights, active=[3, 0, 1, 2, 4, 3]))
    y.square().sum().backward()
    assert weights.grad is not None
    with torch.no_grad():
        single = net(x, OperationWeights(active=[3, 0, 1, 2, 4, 3]))
    torch.testing.assert_close(y.detach(), single)
    # Choices that were not sampled on one edge share one gradient: the constant enters with all of their weights.
    edge = weights.grad[0]
    torch.testing.assert_close(edge[[0, 1, 2]], edge[4].expand(3))
    assert not torch.isclose(edge[3], edge[4])


def test_shuffle_interleaves_and_permutes() -> None:
    x = torch.arange(8.0).view(1, 8, 1)
    assert shuffle(x, 4).flatten().tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
