"""Builders of stand-alone networks for all live spaces.

Cell-based spaces have a `SpaceNetworks`, which also builds supernets. The others have no edges: their networks are
trained from scratch, and the costs of those of `convnet` have closed forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from torch import nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.convnet import AIRBENCH_START, ConvNet
from nasbench.live.networks.mlp import Mlp
from nasbench.live.networks.operations import Style
from nasbench.live.networks.own_operations import find_operation
from nasbench.live.networks.sequence import SequenceNetwork
from nasbench.live.networks.space_networks import (
    STANDALONE_SPACES,
    Architecture,
    SpaceNetworks,
    get_cell_networks,
)
from nasbench.live.networks.trained_alone import TrainedAlone
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces import convnet
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.mlp import mlp_design
from nasbench.spaces.own_operations import split_name
from nasbench.spaces.sequence import sequence_design
from nasbench.spaces.space import Architectures, Floats


@dataclass(frozen=True)
class ConvNetworks:
    """The space `convnet`, or one with a cap.

    Attributes:
        space: its name, including base and cap if it has a cap.
    """

    space: str

    def make_space(self) -> convnet.ConvNetSpace:
        """Return the space, one object per process."""
        space = get_space(self.space)
        assert isinstance(space, convnet.ConvNetSpace)
        return space

    @property
    def base(self) -> int | None:
        """The base for which its cap is computed; None without a cap."""
        return self.make_space().base

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
        """Return the network of one architecture at the base `channels`; its depth is given by the architecture, not by
        `cells`.

        Raises:
            NasbenchError: if the cap of the space is computed for another base.
        """
        self.check(channels)
        return ConvNet(convnet.design_of(architecture, channels), shape, AIRBENCH_START)

    def counts(self, architectures: Architectures, shape: TaskShape, channels: int) -> Floats:
        """Return parameters, multiply-accumulates, stored bytes and bytes of the largest activations: `(n, d)` to
        `(n, 4)`.
        """
        image = convnet.Image(shape.channels, shape.size, shape.outputs)
        self.check(channels)
        found = convnet.counts(convnet.design_of(architectures, channels), image)
        return np.stack([found.parameters, found.macs, found.stored, found.activations], axis=-1).astype(float)

    def check(self, channels: int) -> None:
        """Raise NasbenchError unless the cap is computed for this number of channels."""
        convnet.check_base(channels)
        if self.base not in (None, channels):
            raise NasbenchError(
                f"The cap of {self.space} is counted for {self.base} channels, and a recipe has {channels}; make them agree."
            )


Networks = SpaceNetworks | ConvNetworks | TrainedAlone

TRAINED_ALONE = {
    "mlp": TrainedAlone("mlp", lambda architecture, shape: Mlp(mlp_design(architecture), shape)),
    "sequence": TrainedAlone(
        "sequence", lambda architecture, shape: SequenceNetwork(sequence_design(architecture), shape)
    ),
}
"""Spaces whose decisions alone determine a network."""


def get_networks(space: str) -> Networks:
    """Return the network builder of a live space; raises NasbenchError, with the nearest name, if there is none."""
    if space in TRAINED_ALONE:
        return TRAINED_ALONE[space]
    family, operations = split_name(space)
    if operations and family == "sequence":
        return _extended_sequence(space)
    if family.partition(":")[0] in STANDALONE_SPACES:
        get_space(space)
        return ConvNetworks(space)
    return get_cell_networks(space)


@lru_cache
def _extended_sequence(space: str) -> TrainedAlone:
    """Return the networks of the space `sequence` with a user's operations."""
    get_space(space)
    own = tuple(map(find_operation, split_name(space)[1]))
    return TrainedAlone(space, lambda architecture, shape: SequenceNetwork(sequence_design(architecture), shape, own))


def network_size(space: str, channels: int | None, cells: int | None, usual: tuple[int, int]) -> tuple[int, int]:
    """Return channels and cells of a network as requested, else as required by the space, else the defaults.

    Raises:
        NasbenchError: if the space does not allow the requested values.
    """
    own = get_networks(space)
    if isinstance(own, SpaceNetworks):
        deep = max(usual[1], 3) if space == "darts" else usual[1]
        return usual[0] if channels is None else channels, deep if cells is None else cells
    if isinstance(own, TrainedAlone):
        if channels is not None or cells is not None:
            raise NasbenchError(
                f"An architecture of {space} says itself how large it is; leave out --channels and --cells."
            )
        return usual
    if cells is not None:
        raise NasbenchError(f"An architecture of {space} says itself how many blocks a stage has; leave out --cells.")
    if channels is not None and own.base not in (None, channels):
        raise NasbenchError(f"The cap of {space} is counted for {own.base} channels; leave out --channels.")
    return own.base or channels or usual[0], 1
