"""Latency measured on the device at hand, and predicted from a table of measured operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import benchmark

from nasbench.live.blueprints import Architecture, Blueprint
from nasbench.live.counting import example
from nasbench.live.networks.edge import Edge
from nasbench.live.networks.parts import Shape
from nasbench.live.operations import Style

Key = tuple[str, int, int, int, int]
"""An operation in its place: name, channels, size of its input, stride, batch."""


@torch.no_grad()
def measure(network: nn.Module, x: Tensor, seconds: float = 0.2) -> float:
    """Return the median latency of a forward pass in milliseconds, after a warm-up.

    `torch.utils.benchmark` repeats the pass for at least `seconds` and waits for a GPU to finish.

    Args:
        network: on the device of `x`; measured in evaluation mode, its mode is left as it was.
        x: the input.
        seconds: time to spend on repetitions.
    """
    training = network.training
    network.eval()
    try:
        for _ in range(3):
            network(x)
        timer = benchmark.Timer("network(x)", globals={"network": network, "x": x}, num_threads=torch.get_num_threads())
        return float(timer.blocked_autorange(min_run_time=seconds).median) * 1e3
    finally:
        network.train(training)


def measure_network(
    network: nn.Module, shape: Shape, batches: Sequence[int] = (1, 64), seconds: float = 0.2
) -> dict[int, float]:
    """Return the latency in milliseconds for each batch size."""
    device = next(network.parameters()).device
    return {batch: measure(network, example(shape, batch, device), seconds) for batch in batches}


@dataclass(frozen=True)
class Fit:
    """How predicted latencies compare with measured ones.

    Attributes:
        mean_error: mean absolute error in milliseconds.
        relative_error: mean absolute error over the measured latency.
        kendall_tau: of the two rankings.
        n: architectures compared.
    """

    mean_error: float
    relative_error: float
    kendall_tau: float
    n: int


@dataclass
class LatencyTable:
    """Predicts a network's latency as a base plus the latencies of its operations, each measured once by itself.

    The base (stem, reductions, head, and what a sum of parts leaves out) is calibrated as the median, over a few
    measured networks, of what the parts do not explain.

    Attributes:
        plan, shape, channels, cells: the networks.
        batch: examples a pass.
        device: where it is measured.
        seconds: time to spend on each measurement.
        base: milliseconds, from `calibrate`.
        table: milliseconds of every operation met so far.
    """

    plan: Blueprint
    shape: Shape
    channels: int
    cells: int
    batch: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seconds: float = 0.05
    base: float = 0.0
    table: dict[Key, float] = field(default_factory=dict)

    def network(self, architecture: Architecture) -> nn.Module:
        """Return the stand-alone network of an architecture on the device."""
        return self.plan.alone(architecture, self.shape, self.channels, self.cells).to(self.device)

    def calibrate(self, architectures: Architecture) -> None:
        """Measure a few networks `(n, d)` and set the base."""
        rest = [self._measured(a) - self.operations(a) for a in architectures]
        self.base = float(np.median(rest))

    def predict(self, architecture: Architecture) -> float:
        """Return the predicted latency in milliseconds."""
        return self.base + self.operations(architecture)

    def operations(self, architecture: Architecture) -> float:
        """Return the sum of the latencies of the operations of an architecture, measuring those not met before."""
        return sum(self._latency(key) for key in self.keys(architecture))

    def check(self, architectures: Architecture) -> Fit:
        """Measure networks that the calibration has not seen and compare."""
        from scipy.stats import kendalltau

        measured = np.array([self._measured(a) for a in architectures])
        predicted = np.array([self.predict(a) for a in architectures])
        error = np.abs(predicted - measured)
        tau = float(kendalltau(predicted, measured).statistic)
        return Fit(float(error.mean()), float((error / measured).mean()), tau, len(measured))

    @torch.no_grad()
    def keys(self, architecture: Architecture) -> list[Key]:
        """Return every operation of the network in its place, found by one pass of one example."""
        found: list[Key] = []

        def record(edge: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | None) -> None:
            assert isinstance(edge, Edge)
            if edge.only is not None and output is not None and edge.only in edge.operations:
                size = inputs[0].shape[-1]
                found.append((edge.only, inputs[0].shape[1], size, size // output.shape[-1], self.batch))

        network = self.plan.alone(architecture, self.shape, self.channels, self.cells).eval()
        hooks = [m.register_forward_hook(record) for m in network.modules() if isinstance(m, Edge)]
        network(example(self.shape))
        for hook in hooks:
            hook.remove()
        return found

    def _latency(self, key: Key) -> float:
        if key not in self.table:
            name, channels, size, stride, batch = key
            build = self.plan.table[name]
            assert build is not None
            x = torch.zeros(batch, channels, *(size,) * self.shape.dims, device=self.device)
            operation = build(Style(dims=self.shape.dims), channels, stride).to(self.device)
            self.table[key] = 0.0 if isinstance(operation, nn.Identity) else measure(operation, x, self.seconds)
        return self.table[key]

    def _measured(self, architecture: Architecture) -> float:
        return measure(self.network(architecture), example(self.shape, self.batch, self.device), self.seconds)
