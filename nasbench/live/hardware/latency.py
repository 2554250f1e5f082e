"""Latency, measured on the device and predicted from a table of measured operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils import benchmark

from nasbench.live.hardware.counting import example
from nasbench.live.networks.mixed_operation import NONE, Edge
from nasbench.live.networks.operations import Style
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.tasks.shape import TaskShape

Key = tuple[str, int, int, int, int]
"""Key of an operation: name, channels, input size, stride, batch size."""
Clock = Callable[[], float]
LEAST_PASSES = 15


@torch.no_grad()
def measure(network: nn.Module, x: Tensor, seconds: float = 0.2, clock: Clock = benchmark.timer) -> float:
    """Return the median latency of a forward pass in milliseconds, after a warm-up.

    `torch.utils.benchmark` times single passes for at least `seconds`, synchronising with a GPU. Passes are timed
    individually, since a median of single passes is robust to other load, unlike a median of blocks of passes.

    Args:
        network: network on the device of `x`; measured in evaluation mode, its mode is restored.
        x: the input.
        seconds: time spent on repetitions.
        clock: timer; `time.thread_time` on a CPU with one thread ignores other load on the machine.
    """
    training = network.training
    network.eval()
    try:
        for _ in range(3):
            network(x)
        names = {"network": network, "x": x}
        timer = benchmark.Timer("network(x)", timer=clock, globals=names, num_threads=torch.get_num_threads())
        passes: list[float] = []
        until = time.perf_counter() + seconds
        while len(passes) < LEAST_PASSES or time.perf_counter() < until:
            passes += timer.timeit(1).raw_times
        return float(np.median(passes)) * 1e3
    finally:
        network.train(training)


def measure_network(
    network: nn.Module, shape: TaskShape, batches: Sequence[int] = (1, 64), seconds: float = 0.2
) -> dict[int, float]:
    """Return the latency in milliseconds for each batch size."""
    device = next(network.parameters()).device
    return {batch: measure(network, example(shape, batch, device), seconds) for batch in batches}


@dataclass(frozen=True)
class Fit:
    """Agreement of predicted with measured latencies.

    Attributes:
        mean_error: mean absolute error in milliseconds.
        relative_error: mean absolute error over the measured latency.
        kendall_tau: rank correlation.
        n: number of architectures.
    """

    mean_error: float
    relative_error: float
    kendall_tau: float
    n: int


@dataclass
class LatencyTable:
    """Latency predictor: a base plus the latencies of a network's operations, each measured once in isolation.

    The base (stem, reductions, head, and non-additive effects) is calibrated as the median residual over a few measured
    networks.

    Attributes:
        networks, shape, channels, cells: the networks.
        batch: batch size.
        device: device for measurements.
        seconds: time spent on each measurement.
        clock: see `measure`.
        base: milliseconds, from `calibrate`.
        calibrated: whether the base has been set.
        table: milliseconds of every operation measured so far.
        places: operations that the network computes, by edge and choice.
    """

    networks: SpaceNetworks
    shape: TaskShape
    channels: int
    cells: int
    batch: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seconds: float = 0.05
    clock: Clock = benchmark.timer
    base: float = 0.0
    calibrated: bool = False
    table: dict[Key, float] = field(default_factory=dict)
    places: dict[tuple[int, int], list[Key]] = field(default_factory=dict)

    def network(self, architecture: Architecture) -> nn.Module:
        """Return the stand-alone network of an architecture on the device."""
        return self.networks.build_standalone(architecture, self.shape, self.channels, self.cells).to(self.device)

    def calibrate(self, architectures: Architecture) -> None:
        """Measure a few networks `(n, d)` and set the base."""
        rest = [self._measured(a) - self.operations(a) for a in architectures]
        self.base, self.calibrated = float(np.median(rest)), True

    def predict(self, architecture: Architecture) -> float:
        """Return the predicted latency in milliseconds."""
        return self.base + self.operations(architecture)

    def operations(self, architecture: Architecture) -> float:
        """Return the summed latencies of an architecture's operations, measuring new ones."""
        return sum(self._latency(key) for key in self.keys(architecture))

    def check(self, architectures: Architecture) -> Fit:
        """Compare predictions with measurements of networks not used in calibration."""
        measured = np.array([self._measured(a) for a in architectures])
        predicted = np.array([self.predict(a) for a in architectures])
        return _fit(predicted, measured)

    def repeat(self, architectures: Architecture) -> Fit:
        """Measure networks twice and compare: an upper limit for the agreement of any predictor."""
        first, second = (np.array([self._measured(a) for a in architectures]) for _ in range(2))
        return _fit(first, second)

    def keys(self, architecture: Architecture) -> list[Key]:
        """Return the key of every operation of the network."""
        choices = enumerate(self.networks.choices(architecture))
        return [key for edge, choice in choices if choice != NONE for key in self._places(edge, choice)]

    @torch.no_grad()
    def _places(self, edge: int, choice: int) -> list[Key]:
        """Return where a choice of an edge is computed, from one pass of a network whose only operation it is."""
        if (edge, choice) in self.places:
            return self.places[edge, choice]
        found: list[Key] = []

        def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | None) -> None:
            assert isinstance(module, Edge)
            if module.only is not None and output is not None and module.only in module.operations:
                size = inputs[0].shape[-1]
                found.append((module.only, inputs[0].shape[1], size, size // output.shape[-1], self.batch))

        choices = [NONE] * self.networks.edges
        choices[edge] = choice
        with torch.random.fork_rng(devices=[]):  # initial weights do not matter here
            style = Style(dims=self.shape.dims)
            network = self.networks.build(self.shape, style, self.channels, self.cells, choices, 1, False).eval()
        for module in network.modules():
            if isinstance(module, Edge):
                module.register_forward_hook(record)
        network(example(self.shape))
        self.places[edge, choice] = found
        return found

    def _latency(self, key: Key) -> float:
        if key not in self.table:
            name, channels, size, stride, batch = key
            build = self.networks.table[name]
            assert build is not None
            x = torch.zeros(batch, channels, *(size,) * self.shape.dims, device=self.device)
            operation = build(Style(dims=self.shape.dims), channels, stride).to(self.device)
            self.table[key] = (
                0.0 if isinstance(operation, nn.Identity) else measure(operation, x, self.seconds, self.clock)
            )
        return self.table[key]

    def _measured(self, architecture: Architecture) -> float:
        return measure(
            self.network(architecture), example(self.shape, self.batch, self.device), self.seconds, self.clock
        )


def _fit(predicted: NDArray[np.float64], measured: NDArray[np.float64]) -> Fit:
    from scipy.stats import kendalltau

    error = np.abs(predicted - measured)
    tau = float(kendalltau(predicted, measured).statistic)
    return Fit(float(error.mean()), float((error / measured).mean()), tau, len(measured))
