"""Spaces whose networks are built from a few decisions and trained from scratch, without edges to share weights on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from nasbench.live.networks.operations import Style
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Space


@dataclass(frozen=True)
class TrainedAlone:
    """A live space of such networks; their sizes follow from the decisions, not from a recipe's channels and cells.

    Attributes:
        space: its name.
        network: the network of an architecture `(d,)` for a shape.
    """

    space: str
    network: Callable[[Architecture, TaskShape], nn.Module]

    def make_space(self) -> Space:
        """Return the space, one object per process."""
        return get_space(self.space)

    def build_standalone(
        self,
        architecture: Architecture,
        shape: TaskShape,
        channels: int,
        cells: int,
        style: Style | None = None,
        auxiliary: bool = False,
        partial: int = 1,
    ) -> nn.Module:
        """Return the network of one architecture; all but the first two arguments are those of other spaces.

        Raises:
            NasbenchError: if the space has no networks for the shape.
        """
        return self.network(architecture, shape)
