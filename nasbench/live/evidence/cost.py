"""Cost estimate of a plan: operations from multiply-accumulates, seconds from a rate."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from nasbench.live.evidence.plans import EvidenceConfig
from nasbench.live.hardware.throughput import TRAINING
from nasbench.live.networks.builders import ConvNetworks
from nasbench.live.networks.convnet import ConvNet
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.arithmetic import choose_arithmetic
from nasbench.spaces.convnet import AIRBENCH96, CIFAR, counts, design_of

H200_RATE, H200_SHARE = 780e12, 0.25
"""Measured dense bfloat16 operations per second of an H200, and the expected utilisation by training."""
PETA = 1e15


@dataclass(frozen=True)
class EvidenceCost:
    """Operations of a plan, an upper bound: every network has the maximum multiply-accumulates.

    Attributes:
        search: all trainings of the search.
        seed: one training of the found network.
        seeds: number of trainings that decide.
        rate: expected operations per second; None if unknown.
    """

    search: float
    seed: float
    seeds: int
    rate: float | None = None

    @property
    def total(self) -> float:
        """Search and deciding trainings."""
        return self.search + self.seeds * self.seed

    def as_dict(self) -> dict[str, float | None]:
        """Return the cost by name: PFLOP, the rate in TFLOP/s, and seconds at that rate."""
        return {
            "search_pflop": self.search / PETA,
            "seed_pflop": self.seed / PETA,
            "deciding_seeds": self.seeds,
            "total_pflop": self.total / PETA,
            "rate_tflop_per_second": None if self.rate is None else self.rate / 1e12,
            "search_seconds": None if self.rate is None else self.search / self.rate,
            "total_seconds": None if self.rate is None else self.total / self.rate,
        }

    def __str__(self) -> str:
        """Return the cost as a line of text."""
        text = (
            f"at most {self.search / PETA:.3g} PFLOP of search and {self.seeds} x {self.seed / PETA:.3g} PFLOP of training, "
            f"{self.total / PETA:.3g} in all"
        )
        if self.rate is None:
            return text
        search, seed = (duration(work / self.rate) for work in (self.search, self.seed))
        return f"{text}: {search} and {self.seeds} x {seed} at {self.rate / 1e12:.3g} TFLOP/s, {duration(self.total / self.rate)} in all"


def cost(
    config: EvidenceConfig, train: int, search: int, macs: float | None = None, rate: float | None = None
) -> EvidenceCost:
    """Return the cost of a plan for the given numbers of training and search examples.

    Args:
        config: the plan.
        train: number of training examples in the search.
        search: number of search examples; final trainings use both.
        macs: multiply-accumulates of the network found; None for the cap of the space.
        rate: operations per second.
    """
    space = ConvNetworks(config.space).make_space()
    cap = 1e6 * float(space.mmacs or np.inf)
    used = train if config.examples[0] is None else min(config.examples[0], train)
    return EvidenceCost(
        search=TRAINING * cap * used * config.search_epochs * config.queries,
        seed=TRAINING * (cap if macs is None else macs) * (train + search) * config.recipe.epochs,
        seeds=len(config.seeds),
        rate=rate,
    )


def extrapolated_accuracy(operations: float) -> float:
    """Return the test accuracy in % extrapolated from the published runs of airbench to a number of training
    operations.

    Their errors, 5.99, 4.99 and 3.97% for 0.36, 1.4 and 4.9 PFLOP, follow a power law with exponent -0.158; with three
    points, this is only an indication.
    """
    return 100.0 - 3.97 * (operations / (4.9 * PETA)) ** -0.158


def expected_rate(config: EvidenceConfig, device: torch.device, batch: int = 64) -> float:
    """Return operations per second: the expected rate of an H200 on a GPU, measured by three training steps on a CPU."""
    if device.type == "cuda":
        return H200_SHARE * H200_RATE
    recipe, shape = config.recipe, TaskShape(dims=2, channels=3, size=32, outputs=10)
    with torch.random.fork_rng(devices=[]):
        design = design_of(ConvNetworks("convnet").make_space().from_string(AIRBENCH96), recipe.channels)
        network = ConvNet(design, shape)
        arithmetic = choose_arithmetic(recipe, network, shape.dims, device)
        x = arithmetic.laid_out(torch.randn(batch, 3, 32, 32))
    seconds = min(_step(network, x, arithmetic.autocast(device)) for _ in range(3))
    return TRAINING * float(counts(design, CIFAR).macs) * batch / seconds


def _step(network: nn.Module, x: torch.Tensor, autocast: torch.autocast) -> float:
    start = time.perf_counter()
    with autocast:
        outputs = network(x)
    outputs.float().square().mean().backward()
    return time.perf_counter() - start


def duration(seconds: float) -> str:
    """Return a duration as readable text."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
