"""Blueprints: how the architectures of a space become networks, and how a point of the relaxation becomes a mixture.

A blueprint is a handful of functions over two representations of the same thing. An *architecture* is the int8 vector of
the space; its *choices* are one operation an edge of the network, `none` being 0. A point `theta` of the product of
simplices `(d, k)` (padded with zeros) relaxes the first, edge weights `(E, K)` relax the second; `edge_weights` is the
expected one-hot choice under `theta`, so that a vertex gives exactly the choices of its architecture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench.errors import unknown_name
from nasbench.live.networks import darts, hierarchical, stacked
from nasbench.live.networks.edge import NONE, Mixture
from nasbench.live.networks.parts import Shape
from nasbench.live.operations import DARTS, HIERARCHICAL, NAS_BENCH_201, Build, Style
from nasbench.spaces import darts as darts_space
from nasbench.spaces import hierarchical as hierarchical_space

Architecture = NDArray[np.int8]


@dataclass(frozen=True)
class Blueprint:
    """One live space.

    Attributes:
        space: its name.
        table: the choices of an edge, in order.
        edges: E, the rows of a mixture.
        sources: for each edge, which edges compete with it at its target node (edge normalisation of PC-DARTS).
        choices: architecture `(d,)` to choices `(E,)`.
        edge_weights: `theta (d, k)` to `(E, K)`, differentiable.
        derive: edge weights `(E, K)` to the architecture that weight-sharing methods read off them.
        network: `(shape, style, channels, cells, choices or None, partial, auxiliary)` to a module.
    """

    space: str
    table: dict[str, Build | None]
    edges: int
    targets: tuple[tuple[int, ...], ...]
    choices: Callable[[Architecture], list[int]]
    edge_weights: Callable[[Tensor], Tensor]
    derive: Callable[[NDArray[np.float64]], Architecture]
    network: Callable[[Shape, Style, int, int, list[int] | None, int, bool], nn.Module]

    @property
    def names(self) -> list[str]:
        """Names of the choices of an edge."""
        return list(self.table)

    def alone(
        self,
        architecture: Architecture,
        shape: Shape,
        channels: int,
        cells: int,
        style: Style | None = None,
        auxiliary: bool = False,
        partial: int = 1,
    ) -> nn.Module:
        """Return the network of one architecture; `cells` is N of a stage, or the number of layers in the DARTS space."""
        style = style or Style(dims=shape.dims)
        return self.network(shape, style, channels, cells, self.choices(architecture), partial, auxiliary)

    def single_path(self, architecture: Architecture) -> Mixture:
        """Return the mixture under which a supernet computes one architecture and nothing else."""
        return Mixture(active=self.choices(architecture))


def _edges_by_target(graph: tuple[tuple[int, int], ...]) -> tuple[tuple[int, ...], ...]:
    nodes = sorted({target for _, target in graph})
    return tuple(tuple(e for e, (_, target) in enumerate(graph) if target == node) for node in nodes)


def _nas_bench_201(
    shape: Shape, style: Style, channels: int, cells: int, choices: list[int] | None, partial: int, auxiliary: bool
) -> nn.Module:
    return stacked.StackedNetwork(
        lambda c: stacked.nas_bench_201_cell(NAS_BENCH_201, style, c, choices, partial), shape, style, channels, cells
    )


def _hierarchical(
    shape: Shape, style: Style, channels: int, cells: int, choices: list[int] | None, partial: int, auxiliary: bool
) -> nn.Module:
    return stacked.StackedNetwork(
        lambda c: hierarchical.hierarchical_cell(style, c, choices, partial), shape, style, channels, cells
    )


def _darts(
    shape: Shape, style: Style, channels: int, layers: int, choices: list[int] | None, partial: int, auxiliary: bool
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


_DARTS_TARGETS = _edges_by_target(darts.EDGES)

BLUEPRINTS: dict[str, Blueprint] = {
    "nas-bench-201": Blueprint(
        space="nas-bench-201",
        table=NAS_BENCH_201,
        edges=len(stacked.EDGES),
        targets=_edges_by_target(stacked.EDGES),
        choices=lambda architecture: [int(choice) for choice in architecture],
        edge_weights=lambda theta: theta,
        derive=_argmax,
        network=_nas_bench_201,
    ),
    "darts": Blueprint(
        space="darts",
        table=DARTS,
        edges=2 * len(darts.EDGES),
        targets=_DARTS_TARGETS + tuple(tuple(e + len(darts.EDGES) for e in group) for group in _DARTS_TARGETS),
        choices=lambda architecture: darts_space.choices(architecture).tolist(),
        edge_weights=darts_edge_weights,
        derive=darts_space.derive,
        network=_darts,
    ),
    "hierarchical": Blueprint(
        space="hierarchical",
        table=HIERARCHICAL,
        edges=hierarchical_space.CELL_EDGES * hierarchical_space.MOTIF_EDGES,
        targets=tuple((e,) for e in range(hierarchical_space.CELL_EDGES * hierarchical_space.MOTIF_EDGES)),
        choices=lambda architecture: hierarchical_space.choices(architecture).tolist(),
        edge_weights=hierarchical_edge_weights,
        derive=hierarchical_space.derive,
        network=_hierarchical,
    ),
}


def blueprint(space: str) -> Blueprint:
    """Return the blueprint of a live space, or raise NasbenchError with the nearest name."""
    if space not in BLUEPRINTS:
        raise unknown_name("live space", space, BLUEPRINTS)
    return BLUEPRINTS[space]


__all__ = ["BLUEPRINTS", "NONE", "Architecture", "Blueprint", "blueprint"]
