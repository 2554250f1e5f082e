"""Zero-cost proxies by name, and their scores of the networks that a recipe would train."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.errors import unknown_name
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Split, Task
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import loss
from nasbench.live.zero_cost.kernels import jacov, naswot, ntk_condition
from nasbench.live.zero_cost.saliency import Loss, gradient_norm, grasp, snip, synflow
from nasbench.live.zero_cost.zen import zen

Measure = Callable[[nn.Module, Tensor, Loss, torch.Generator], float]
EXAMPLES = 64
"""Examples of the batch, as in Abdelfattah et al. (ICLR 2021)."""


@dataclass(frozen=True)
class Proxy:
    """A zero-cost proxy.

    Attributes:
        measure: the score of a newly initialised network on a batch with a loss and a random stream.
        is_logarithmic: whether scores are compared by their logarithm, since they span orders of magnitude; ranks are the same.
        sign: 1 where a large score is good, -1 where a small one is.
    """

    measure: Measure
    is_logarithmic: bool = False
    sign: int = 1

    def score(self, network: nn.Module, x: Tensor, loss: Loss, generator: torch.Generator) -> float:
        """Return the score, larger is better; NaN where it is not defined."""
        value = self.measure(network, x, loss, generator)
        if not self.is_logarithmic:
            return self.sign * value
        return self.sign * math.log(value) if value > 0 else math.nan


PROXIES: dict[str, Proxy] = {
    "gradient_norm": Proxy(lambda network, x, loss, _: gradient_norm(network, x, loss), is_logarithmic=True),
    "grasp": Proxy(lambda network, x, loss, _: grasp(network, x, loss)),
    "jacov": Proxy(lambda network, x, loss, _: jacov(network, x)),
    "naswot": Proxy(lambda network, x, loss, _: naswot(network, x)),
    "ntk_condition": Proxy(lambda network, x, loss, _: ntk_condition(network, x), is_logarithmic=True, sign=-1),
    "snip": Proxy(lambda network, x, loss, _: snip(network, x, loss), is_logarithmic=True),
    "synflow": Proxy(lambda network, x, loss, _: synflow(network, x), is_logarithmic=True),
    "zen": Proxy(lambda network, x, loss, generator: zen(network, x, generator)),
}


def get_proxy(name: str) -> Proxy:
    """Return a proxy by its name.

    Raises:
        NasbenchError: if there is none, with the nearest name.
    """
    if name not in PROXIES:
        raise unknown_name("zero-cost proxy", name, PROXIES)
    return PROXIES[name]


@dataclass(frozen=True)
class ProxyScorer:
    """Scores of architectures by one proxy, on the networks that a recipe would train.

    Attributes:
        name: the proxy.
        task, train: the task, and the split of which a batch is drawn.
        space: name of the live space.
        channels, cells: size of the networks.
        device: where they are computed.
        seed: of the weights, the batch and the draws of a proxy.
        examples: size of the batch.
    """

    name: str
    task: Task
    train: Split
    space: str
    channels: int
    cells: int
    device: torch.device
    seed: int = 0
    examples: int = EXAMPLES

    def __call__(self, architectures: Architecture) -> tuple[NDArray[np.float64], float]:
        """Return the scores of architectures `(n, d)`, `(n,)`, larger is better, and the measured seconds.

        NaN where a score is not defined, as for a network in which nothing flows.

        Raises:
            NasbenchError: if the proxy does not suit the networks of the space.
        """
        proxy, networks = get_proxy(self.name), get_networks(self.space)
        start = time.perf_counter()
        order = torch.Generator().manual_seed(self.seed)
        x, y = next(DeviceSplit(self.train, self.task, self.device).epoch(self.examples, order))
        scores = []
        for architecture in architectures:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                network = networks.build_standalone(architecture, self.task.shape, self.channels, self.cells)
            network.to(self.device).train()
            generator = torch.Generator().manual_seed(self.seed)
            scores.append(proxy.score(network, x, partial(loss, self.task.shape, targets=y), generator))
        return np.array(scores), time.perf_counter() - start
