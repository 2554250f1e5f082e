"""Networks against closed forms and published counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.errors import NasbenchError
from nasbench.live.hardware.counting import macs, parameters
from nasbench.live.networks.darts import DartsNetwork, choices_of_genotype
from nasbench.live.networks.operations import DARTS, HIERARCHICAL, NAS_BENCH_201, STANDALONE_STYLE, Style
from nasbench.live.networks.space_networks import CELL_NETWORKS, get_cell_networks
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces import darts, hierarchical, nas_bench_201_cell
from nasbench.spaces.darts import DartsSpace
from nasbench.spaces.hierarchical import HierarchicalSpace
from nasbench.spaces.nas_bench_201 import NasBench201Space

CIFAR = TaskShape(2, 3, 32, 10)


def test_parameters_and_macs_of_75_cells_equal_the_closed_forms() -> None:
    space, rng = NasBench201Space(), np.random.default_rng(0)
    cells = np.stack([rng.permutation(np.repeat(np.arange(5, dtype=np.int8), 15)) for _ in range(6)], axis=1)
    assert all(np.bincount(edge, minlength=5).min() >= 15 for edge in cells.T), "every operation on every edge, often"
    counted = []
    for cell in cells:
        network = get_cell_networks("nas-bench-201").build_standalone(cell, CIFAR, 16, 5)
        counted.append((parameters(network), macs(network, CIFAR)))
    np.testing.assert_allclose([p for p, _ in counted], space.parameters(cells, "cifar10") * 1e6, rtol=1e-12)
    bias = 10  # the closed form counts the classifier's bias as one operation an output, the counter does not
    np.testing.assert_allclose([m + bias for _, m in counted], space.flops(cells, "cifar10") * 1e6, rtol=1e-12)


def test_darts_v2_has_the_published_number_of_parameters() -> None:
    """3.349342 M without the auxiliary head: the number that the authors' training script prints for DARTS_V2."""
    normal = [("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 1)]
    normal += [("skip_connect", 0), ("skip_connect", 0), ("dil_conv_3x3", 2)]
    reduction = [("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1)]
    reduction += [("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("max_pool_3x3", 1)]
    with torch.device("meta"):
        network = DartsNetwork(CIFAR, STANDALONE_STYLE, 36, 20, choices_of_genotype(normal, reduction), auxiliary=True)
    total = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("auxiliary"))
    assert total == 3_349_342


@pytest.mark.parametrize("name", sorted(CELL_NETWORKS))
@pytest.mark.parametrize("dims", [1, 2])
def test_every_space_reads_images_and_sequences(name: str, dims: int) -> None:
    spaces = {"nas-bench-201": NasBench201Space, "darts": DartsSpace, "hierarchical": HierarchicalSpace}
    space = spaces[name]()
    architecture = space.sample(np.random.default_rng(1).random(space.d))
    network = get_cell_networks(name).build_standalone(architecture, TaskShape(dims, 2, 8, 3), 4, 3)
    assert network(torch.randn(5, 2, *(8,) * dims)).shape == (5, 3)
    with pytest.raises(NasbenchError, match="this network reads"):
        network(torch.randn(5, 2, *(12,) * dims))


def test_text_is_embedded() -> None:
    network = get_cell_networks("nas-bench-201").build_standalone(
        np.array([3, 3, 1, 3, 1, 0], np.int8), TaskShape(1, 1, 12, 6, vocabulary=50), 8, 1
    )
    assert network(torch.randint(0, 50, (4, 12))).shape == (4, 6)


def test_spaces_and_operations_agree_on_their_order() -> None:
    assert tuple(NAS_BENCH_201) == nas_bench_201_cell.OPERATIONS
    assert tuple(DARTS) == ("none", *darts.OPERATIONS)
    assert tuple(HIERARCHICAL) == hierarchical.OPERATIONS


def test_operations_halve_the_size_with_stride_two() -> None:
    for name, build in DARTS.items():
        if build is not None:
            for dims in (1, 2):
                operation: nn.Module = build(Style(dims=dims), 4, 2)
                assert operation(torch.randn(2, 4, *(8,) * dims)).shape == (2, 4, *(4,) * dims), name


def test_a_cell_without_edges_is_constant() -> None:
    network = (
        get_cell_networks("nas-bench-201").build_standalone(np.zeros(6, np.int8), TaskShape(2, 3, 8, 10), 4, 1).eval()
    )
    y = network(torch.randn(2, 3, 8, 8))
    assert torch.equal(y[0], y[1])


def test_auxiliary_head_answers_only_while_training() -> None:
    architecture = DartsSpace().sample(np.random.default_rng(2).random(22))
    network = get_cell_networks("darts").build_standalone(architecture, CIFAR, 4, 6, auxiliary=True)
    x = torch.randn(2, 3, 32, 32)
    assert [y.shape for y in network(x)] == [(2, 10), (2, 10)]
    assert network.eval()(x).shape == (2, 10)
