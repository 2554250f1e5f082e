"""Construction of networks from architectures, and of supernet mixtures from relaxations, for cell-based spaces.

An *architecture* is the int8 vector of the space; its *choices* are one operation per edge of the network, `none` being
0. A point `theta (d, k)` of the product of simplices (padded with zeros) relaxes the first; edge weights `(E, K)` relax
the second. `edge_weights` is the expected one-hot choice under `theta`, so a vertex gives exactly the choices of its
architecture. Weight-sharing searchers follow a `relaxation` of their own: the edge weights in cell spaces (as DARTS
defines them), `theta` in the hierarchical space, where motifs tie edges together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.networks import darts, hierarchical, stacked
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.operations import DARTS, HIERARCHICAL, NAS_BENCH_201, Build, Style
from nasbench.live.networks.own_operations import find_operation
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces import darts as darts_space
from nasbench.spaces import hierarchical as hierarchical_space
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.own_operations import choice_name, split_name
from nasbench.spaces.space import Space

Architecture = NDArray[np.int8]


@dataclass(frozen=True)
class SpaceNetworks:
    """One live space.

    Attributes:
        space: its name.
        table: the choices of an edge, in order.
        edges: E, the rows of a mixture.
        targets: the rows of a mixture that enter each node, one group per node (edge normalisation of PC-DARTS).
        cardinalities: choices in each simplex of the relaxation, `(n,)`.
        relaxation: a point of the relaxation `(n, k)` to edge weights `(E, K)`, differentiable.
        discretize: a point of the relaxation to the architecture selected by weight-sharing methods.
        edge_weights: `theta (d, k)` to edge weights `(E, K)`, differentiable.
        choices: architecture `(d,)` to choices `(E,)`.
        make_space: the space itself.
        build: `(shape, style, channels, cells, choices or None, partial, auxiliary)` to a module.
    """

    space: str
    table: dict[str, Build | None]
    edges: int
    targets: tuple[tuple[int, ...], ...]
    cardinalities: tuple[int, ...]
    relaxation: Callable[[Tensor], Tensor]
    discretize: Callable[[NDArray[np.float64]], Architecture]
    edge_weights: Callable[[Tensor], Tensor]
    choices: Callable[[Architecture], list[int]]
    make_space: Callable[[], Space]
    build: Callable[[TaskShape, Style, int, int, list[int] | None, int, bool], nn.Module]

    @property
    def names(self) -> list[str]:
        """Names of the choices of an edge."""
        return list(self.table)

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
        """Return the network of one architecture;

        `cells` is N of a stage, or the number of layers in the DARTS space.
        """
        style = style or Style(dims=shape.dims)
        return self.build(shape, style, channels, cells, self.choices(architecture), partial, auxiliary)

    def single_path(self, architecture: Architecture) -> OperationWeights:
        """Return the mixture under which a supernet computes one architecture and nothing else."""
        return OperationWeights(active=self.choices(architecture))


def _edges_by_target(graph: tuple[tuple[int, int], ...]) -> tuple[tuple[int, ...], ...]:
    nodes = sorted({target for _, target in graph})
    return tuple(tuple(e for e, (_, target) in enumerate(graph) if target == node) for node in nodes)


def _nas_bench_201(
    table: dict[str, Build | None],
    shape: TaskShape,
    style: Style,
    channels: int,
    cells: int,
    choices: list[int] | None,
    partial: int,
    auxiliary: bool,
) -> nn.Module:
    return stacked.StackedNetwork(
        lambda c: stacked.nas_bench_201_cell(table, style, c, choices, partial), shape, style, channels, cells
    )


def _hierarchical(
    shape: TaskShape, style: Style, channels: int, cells: int, choices: list[int] | None, partial: int, auxiliary: bool
) -> nn.Module:
    return stacked.StackedNetwork(
        lambda c: hierarchical.hierarchical_cell(style, c, choices, partial), shape, style, channels, cells
    )


def _darts(
    shape: TaskShape, style: Style, channels: int, layers: int, choices: list[int] | None, partial: int, auxiliary: bool
) -> nn.Module:
    return darts.DartsNetwork(shape, style, channels, layers, choices, auxiliary, partial)


def darts_edge_weights(theta: Tensor) -> Tensor:
    """Return `(28, 8)`: the probability under `theta (22, 10)` that an edge is present and carries an operation."""
    rows: list[Tensor] = []
    decision = 0
    for _ in ("normal", "reduction"):
        for node in range(2, 2 + darts.NODES):
            pairs = darts_space.PAIRS[node]
            present = theta.new_ones(1)
            if len(pairs) > 1:
                present = theta[decision, : len(pairs)]
                decision += 1
            slots = theta[decision : decision + 2, : len(DARTS) - 1]
            decision += 2
            for source in range(node):
                row = theta.new_zeros(len(DARTS) - 1)
                for p, pair in enumerate(pairs):
                    if source in pair:
                        row = row + present[p] * slots[pair.index(source)]
                rows.append(torch.cat([theta.new_zeros(1), row]))
    return torch.stack(rows)


def hierarchical_edge_weights(theta: Tensor) -> Tensor:
    """Return `(18, 7)`: the expected operation on every expanded edge under `theta (15, 7)`."""
    motifs, edges = hierarchical_space.MOTIFS, hierarchical_space.MOTIF_EDGES
    inside = theta[: motifs * edges, : len(HIERARCHICAL)].reshape(motifs, edges * len(HIERARCHICAL))
    outside = theta[motifs * edges :, 1 : motifs + 1]
    return (outside @ inside).reshape(-1, len(HIERARCHICAL))


def _argmax(weights: NDArray[np.float64]) -> Architecture:
    return weights.argmax(axis=1).astype(np.int8)


def _same(weights: Tensor) -> Tensor:
    return weights


def _groups(graph: tuple[tuple[int, int], ...], copies: int) -> tuple[tuple[int, ...], ...]:
    groups = _edges_by_target(graph)
    return tuple(tuple(e + copy * len(graph) for e in group) for copy in range(copies) for group in groups)


CELL_NETWORKS: dict[str, SpaceNetworks] = {
    "nas-bench-201": SpaceNetworks(
        space="nas-bench-201",
        table=NAS_BENCH_201,
        edges=len(stacked.EDGES),
        targets=_groups(stacked.EDGES, 1),
        cardinalities=(len(NAS_BENCH_201),) * len(stacked.EDGES),
        relaxation=_same,
        discretize=_argmax,
        edge_weights=_same,
        choices=lambda architecture: [int(choice) for choice in architecture],
        make_space=NasBench201Space,
        build=partial(_nas_bench_201, NAS_BENCH_201),
    ),
    "darts": SpaceNetworks(
        space="darts",
        table=DARTS,
        edges=2 * len(darts.EDGES),
        targets=_groups(darts.EDGES, 2),
        cardinalities=(len(DARTS),) * 2 * len(darts.EDGES),
        relaxation=_same,
        discretize=darts_space.derive,
        edge_weights=darts_edge_weights,
        choices=lambda architecture: darts_space.choices(architecture).tolist(),
        make_space=darts_space.DartsSpace,
        build=_darts,
    ),
    "hierarchical": SpaceNetworks(
        space="hierarchical",
        table=HIERARCHICAL,
        edges=hierarchical_space.CELL_EDGES * hierarchical_space.MOTIF_EDGES,
        targets=_groups(hierarchical.MOTIF_EDGES, hierarchical_space.CELL_EDGES),
        cardinalities=tuple(hierarchical_space.HierarchicalSpace().cardinalities.tolist()),
        relaxation=hierarchical_edge_weights,
        discretize=hierarchical_space.derive,
        edge_weights=hierarchical_edge_weights,
        choices=lambda architecture: hierarchical_space.choices(architecture).tolist(),
        make_space=hierarchical_space.HierarchicalSpace,
        build=_hierarchical,
    ),
}


STANDALONE_SPACES = ("convnet", "mlp", "sequence")
"""Live spaces without edges, whose networks are trained from scratch; see `nasbench.live.networks.builders`."""


def get_cell_networks(space: str) -> SpaceNetworks:
    """Return the network construction of a cell-based live space.

    Raises:
        NasbenchError: with the nearest name, if there is none, or if the space has no edges to mix.
    """
    family, operations = split_name(space)
    if family.partition(":")[0] in STANDALONE_SPACES:
        raise NasbenchError(
            f"Space {space!r} has no edges to share weights on or to measure one by one: its networks are trained alone; "
            "use an optimizer such as hybrid."
        )
    if space not in CELL_NETWORKS:
        if operations and family in CELL_NETWORKS:
            return _extended(space)
        raise live_space_error(space)
    return CELL_NETWORKS[space]


@lru_cache
def _extended(space: str) -> SpaceNetworks:
    """Return the networks of a cell space with a user's operations."""
    members = get_space(space)
    addresses = split_name(space)[1]
    own = {choice_name(address): find_operation(address) for address in addresses}
    table: dict[str, Build | None] = {**NAS_BENCH_201, **own}
    return replace(
        CELL_NETWORKS["nas-bench-201"],
        space=space,
        table=table,
        cardinalities=tuple(members.cardinalities.tolist()),
        make_space=partial(get_space, space),
        build=partial(_nas_bench_201, table),
    )


def live_space_error(space: str) -> NasbenchError:
    """Return the error for an unknown live space."""
    return unknown_name("live space", space, (*CELL_NETWORKS, *STANDALONE_SPACES))
