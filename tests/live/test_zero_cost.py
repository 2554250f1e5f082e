"""Zero-cost proxies have the values of their definitions on networks that can be computed by hand, and the properties they are known for."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.experiment.known_quantities import score_functions
from nasbench.live.experiment.proxy_ranking import RANKED, rank_proxies
from nasbench.live.networks.stem_and_head import Head
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.zero_cost.kernels import SMALLEST, jacov, naswot, ntk_condition
from nasbench.live.zero_cost.proxies import PROXIES, ProxyScorer
from nasbench.live.zero_cost.saliency import gradient_norm, grasp, snip, synflow
from nasbench.live.zero_cost.zen import log_expansion, zen
from nasbench.spaces.nas_bench_201 import NasBench201Space

CPU = torch.device("cpu")


def linear(weight: list[list[float]]) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight), bias=False)
    layer.weight.data = torch.tensor(weight)
    return layer


def test_saliencies_of_a_quadratic() -> None:
    """For the loss |X w|^2 / 2 the gradient is A w with A = X'X, which is the Hessian too."""
    x, w = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([3.0, -1.0])
    network = linear([w.tolist()])

    def loss(outputs: Tensor) -> Tensor:
        return 0.5 * outputs.square().sum()

    gradient = x.T @ x @ w
    assert gradient_norm(network, x, loss) == pytest.approx(float(gradient.norm()))
    assert snip(network, x, loss) == pytest.approx(float((gradient * w).abs().sum()))
    assert grasp(network, x, loss) == pytest.approx(-float(gradient @ gradient))
    removed = grasp(network, x, lambda outputs: outputs.sum())  # of a linear loss the Hessian is zero
    assert removed == 0.0


def test_synflow_is_the_flow_times_the_number_of_layers() -> None:
    """The flow is homogeneous of degree one in the weights of each layer, so that Euler's identity holds layer by layer."""
    layers = [linear([[1.0, -2.0], [3.0, 0.5], [-1.0, 1.0]]), linear([[2.0, -1.0, 0.0], [1.0, 1.0, -1.0]])]
    network = nn.Sequential(layers[0], nn.BatchNorm1d(3), nn.ReLU(), layers[1])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first, second = (layer.weight.detach().abs() for layer in layers)
    flow = float((second @ first @ torch.ones(2)).sum())
    assert synflow(network, torch.zeros(5, 2)) == pytest.approx(2 * flow)
    for name, value in network.state_dict().items():
        assert value.dtype == before[name].dtype and torch.equal(value, before[name])
    assert len(network[1]._forward_hooks) == 0


def test_jacov_is_best_for_uncorrelated_gradients() -> None:
    class Scale(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 0.5 * x.square()

    # The gradient of half the square is the input itself.
    apart = torch.tensor([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    assert jacov(Scale(), apart) == pytest.approx(-2 * (math.log(1 + SMALLEST) + 1 / (1 + SMALLEST)))
    alike = torch.tensor([[1.0, -1.0, 0.0, 0.0], [2.0, -2.0, 0.0, 0.0]])
    expected = -(math.log(2 + SMALLEST) + 1 / (2 + SMALLEST) + math.log(SMALLEST) + 1 / SMALLEST)
    assert jacov(Scale(), alike) == pytest.approx(expected, rel=1e-4) and math.isnan(jacov(Scale(), torch.ones(2, 3)))


def test_naswot_counts_units_in_the_same_state() -> None:
    network = nn.Sequential(linear([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), nn.ReLU())
    # Codes 101, 011 and 111 agree in one or two of three units.
    x = torch.tensor([[2.0, -1.0], [-1.0, 2.0], [1.0, 1.0]])
    agreement = np.array([[3.0, 1.0, 2.0], [1.0, 3.0, 2.0], [2.0, 2.0, 3.0]])
    assert naswot(network, x) == pytest.approx(math.log(np.linalg.det(agreement)))
    assert math.isnan(naswot(network, x[[0, 0]]))
    with pytest.raises(NasbenchError, match="has none"):
        naswot(network[0], x)


def test_the_kernel_of_a_linear_network_is_that_of_its_inputs() -> None:
    x = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    assert ntk_condition(linear([[0.3, -0.2]]), x) == pytest.approx(4.0)
    assert math.isnan(ntk_condition(linear([[0.3, -0.2]]), x[[0, 0]]))


class OneChannel(nn.Module):
    """A pointwise convolution, a normalisation if wanted, and a head that pools."""

    def __init__(self, normalised: bool) -> None:
        super().__init__()
        self.layer = nn.Conv1d(1, 1, 1, bias=False)
        self.norm = nn.BatchNorm1d(1) if normalised else nn.Identity()
        self.head = Head(TaskShape(dims=1, channels=1, size=8, outputs=2), 1)

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.norm(self.layer(x)))
        return outputs


def test_zen_scores_are_logarithms_of_expansion_whatever_is_normalised_away() -> None:
    generator = torch.Generator().manual_seed(0)
    x, change = torch.randn(4, 1, 8, generator=generator), torch.randn(4, 1, 8, generator=generator)
    plain, normalised = OneChannel(False), OneChannel(True)
    for weight in (0.7, 7.0):
        for network in (plain, normalised):
            network.layer.weight.data.fill_(weight)
        expected = math.log(float((1e-4 * weight * change).abs().flatten(1).sum(dim=1).mean()))
        assert log_expansion(plain, x, x + 1e-4 * change) == pytest.approx(expected, rel=1e-3)
        # Normalising twice shifts and scales the difference by what the batches' moments differ.
        assert log_expansion(normalised, x, x + 1e-4 * change) == pytest.approx(expected, abs=0.3)
    first, second = (log_expansion(normalised, x, x + 1e-4 * change), log_expansion(plain, x, x))
    assert math.isfinite(first) and math.isnan(second)
    assert zen(plain, x, torch.Generator().manual_seed(1)) == zen(plain, x, torch.Generator().manual_seed(1))
    with pytest.raises(NasbenchError, match="before the pooling"):
        zen(nn.Sequential(nn.Linear(2, 2)), torch.zeros(2, 2), generator)


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_scores_follow_from_the_seed_and_of_nothing_flows_none_is_good(name: str) -> None:
    task, space = get_task("digits"), NasBench201Space()
    cells = np.array([[3, 3, 3, 3, 3, 3], [1, 0, 0, 1, 0, 3], [0, 0, 0, 0, 0, 0]], np.int8)
    score = ProxyScorer(name, task, task.load().train, "nas-bench-201", 2, 1, CPU, seed=3, examples=8)
    (scores, seconds), (again, _) = score(cells), score(cells)
    np.testing.assert_array_equal(scores, again)
    assert np.isfinite(scores[:2]).all() and seconds > 0 and scores[0] != scores[1]
    other, _ = replace(score, seed=4)(cells[:1])
    assert other[0] != scores[0]
    known = score_functions(
        space, lambda architectures: np.where((architectures == 0).all(1), np.nan, architectures.sum(1))
    )
    assert known.seconds > 0 and known.values(cells[None])[0, 0] == 18 and math.isfinite(known.values(cells[2]))


def test_proxies_are_ranked_against_a_table() -> None:
    rows = rank_proxies(("flops", "synflow"), get_task("mnist-1d"), "mnist-1d-reference/mnist-1d", 12, 2, 1, CPU)
    assert [row["proxy"] for row in rows] == ["flops", "synflow"] and {row["architectures"] for row in rows} == {12}
    assert all(-1 <= row["kendall_tau_low"] <= row["kendall_tau"] <= row["kendall_tau_high"] <= 1 for row in rows)
    assert rows[0]["ceiling"] == rows[1]["ceiling"] and rows[0]["seconds_each"] == 0 < rows[1]["seconds_each"]
    assert set(RANKED) == {"parameters", "flops", *PROXIES}
    with pytest.raises(NasbenchError, match="did you mean 'synflow'"):
        rank_proxies(("synflw",), get_task("mnist-1d"), "mnist-1d-reference/mnist-1d", 12, 2, 1, CPU)
