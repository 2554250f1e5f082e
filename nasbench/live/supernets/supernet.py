"""Supernet: all architectures of a space with shared weights."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.operations import shared
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.arithmetic import EXACT, Arithmetic


class Supernet(nn.Module):
    """A supernet with all operations on all edges.

    With `theta` at a vertex the output equals that of the stand-alone network with the same weights, bit for bit: a
    mixture multiplies one operation by one and adds the others times zero, in the order in which the stand-alone
    network adds.

    Args:
        networks: the space.
        shape: input and output.
        channels, cells: width and depth; see `SpaceNetworks.build_standalone`.
        partial: operations process `1 / partial` of the channels (PC-DARTS).
    """

    def __init__(self, networks: SpaceNetworks, shape: TaskShape, channels: int, cells: int, partial: int = 1):
        super().__init__()
        self.networks = networks
        self.shape = shape
        self.channels, self.cells, self.partial = channels, cells, partial
        self.network = networks.build(shape, shared(shape.dims), channels, cells, None, partial, False)
        self.arithmetic = EXACT

    def compute_in(self, arithmetic: Arithmetic) -> None:
        """Switch to another arithmetic; weights stay in float32, and outputs are converted to it."""
        self.arithmetic = arithmetic
        if arithmetic.channels_last:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, mixture: OperationWeights) -> Tensor:
        """Map an input to `(N, outputs)` with a mixture of operations."""
        if self.arithmetic == EXACT:
            outputs: Tensor = self.network(x, mixture)
            return outputs
        with self.arithmetic.autocast(x.device):
            outputs = self.network(self.arithmetic.laid_out(x), mixture)
        return outputs.float()

    def at(self, x: Tensor, theta: Tensor) -> Tensor:
        """Map an input to `(N, outputs)` at `theta (d, k)` on the product of simplices of the space."""
        return self(x, OperationWeights(weights=self.networks.edge_weights(theta)))  # type: ignore[no-any-return]

    def path(self, x: Tensor, architecture: Architecture) -> Tensor:
        """Map an input to `(N, outputs)` through one architecture; only its operations are computed."""
        return self(x, self.networks.single_path(architecture))  # type: ignore[no-any-return]

    def extract(self, architecture: Architecture) -> nn.Module:
        """Return the stand-alone network of one architecture with a copy of its shared weights."""
        alone = self.networks.build_standalone(
            architecture, self.shape, self.channels, self.cells, shared(self.shape.dims), partial=self.partial
        )
        alone = alone.to(next(self.parameters()).device)
        state = self.network.state_dict()
        alone.load_state_dict({name: state[name] for name in alone.state_dict()})
        return alone


def vertex(architecture: Architecture, width: int) -> Tensor:
    """Return `theta (d, width)` with all its mass on one architecture."""
    return torch.nn.functional.one_hot(torch.as_tensor(np.asarray(architecture, dtype=np.int64)), width).float()


def simplex_mask(cardinalities: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return `(n, k)`: which entries of a padded array of simplices exist."""
    return np.arange(max(cardinalities)) < np.array(cardinalities)[:, None]
