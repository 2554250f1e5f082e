"""Counted objectives of many architectures at once, from counts per edge.

The space `convnet` has closed forms; of other spaces without edges every network is counted. In cell-based spaces an
edge depends only on its own choice and has the same input and output shapes whatever the other edges carry. Parameters,
multiply-accumulates and stored bytes are therefore sums over edges, and the largest pair of activations is a maximum over
edges. Each (edge, choice) is counted once, on a network without other operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.networks.builders import Networks
from nasbench.live.networks.mixed_operation import NONE
from nasbench.live.networks.operations import Style
from nasbench.live.networks.space_networks import SpaceNetworks
from nasbench.live.networks.trained_alone import TrainedAlone
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.space import Architectures, Floats

COUNTED = ("parameters", "flops", "memory")
"""Parameters in millions; multiply-accumulates in millions; memory in MB of inference with batch size one (weights and
largest activations).
"""

Counts = NDArray[np.float64]
"""Parameters, multiply-accumulates, stored bytes, bytes of the largest activations: `(4,)`."""


@dataclass
class CostCounters:
    """The counted objectives of a live space for one task and size of network.

    Attributes:
        networks, shape, channels, cells: the networks; see `build_standalone` of the builder.
        auxiliary: whether they have an auxiliary head.
        table: cached counts by edge and choice, or by the bytes of an architecture; (-1, 0) is the network without any
            operation.
    """

    networks: Networks
    shape: TaskShape
    channels: int
    cells: int
    auxiliary: bool = False
    table: dict[tuple[int, int] | bytes, Counts] = field(default_factory=dict)

    def __call__(self, names: list[str], architectures: Architectures) -> Floats:
        """Return the objectives `names` of architectures `(n, d)`, each one of `COUNTED`: `(n, len(names))`."""
        counts = self._table(self.networks, architectures)
        values = {
            "parameters": counts[:, 0] / 1e6,
            "flops": counts[:, 1] / 1e6,
            "memory": (counts[:, 2] + counts[:, 3]) / 1e6,
        }
        return np.stack([values[name] for name in names], axis=1) if names else np.empty((len(counts), 0))

    def _table(self, networks: Networks, architectures: Architectures) -> Floats:
        if isinstance(networks, SpaceNetworks):
            return np.array([self._counts(networks, networks.choices(a)) for a in architectures]).reshape(-1, 4)
        if isinstance(networks, TrainedAlone):
            return np.array([self._alone(networks, a) for a in architectures]).reshape(-1, 4)
        return networks.counts(architectures, self.shape, self.channels)

    def _counts(self, networks: SpaceNetworks, choices: list[int]) -> Counts:
        base = self._of(networks, -1, NONE)
        edges = [self._of(networks, edge, choice) for edge, choice in enumerate(choices) if choice != NONE]
        return np.append(
            base[:3] + sum((e[:3] - base[:3] for e in edges), np.zeros(3)), max([base[3], *(e[3] for e in edges)])
        )

    def _of(self, networks: SpaceNetworks, edge: int, choice: int) -> Counts:
        """Return the counts of the network whose only operation is `choice` on `edge`."""
        choices = [NONE] * networks.edges
        if choice != NONE:
            choices[edge] = choice
        size = (self.channels, self.cells, choices, 1, self.auxiliary)
        return self._once((edge, choice), lambda: networks.build(self.shape, Style(dims=self.shape.dims), *size))

    def _alone(self, networks: TrainedAlone, architecture: Architectures) -> Counts:
        make = partial(networks.build_standalone, architecture, self.shape, self.channels, self.cells)
        return self._once(np.ascontiguousarray(architecture).tobytes(), make)

    def _once(self, key: tuple[int, int] | bytes, make: Callable[[], nn.Module]) -> Counts:
        if key not in self.table:
            with torch.random.fork_rng(devices=[]):  # initial weights do not matter here
                network = make().eval()
            held = memory(network, self.shape)
            self.table[key] = np.array(
                [parameters(network), macs(network, self.shape), held["parameters"], held["activations"]], dtype=float
            )
        return self.table[key]
