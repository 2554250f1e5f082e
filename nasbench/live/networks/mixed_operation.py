"""An edge of a cell: one operation in a stand-alone network, a mixture of all operations in a supernet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench.live.networks.operations import MAX_POOL, Build, Style

NONE = 0
"""The choice that leaves an edge out. It is choice 0 in every live space and is never built."""


@dataclass(frozen=True)
class OperationWeights:
    """Mixture of a supernet: weights, one active choice per edge, or both.

    Attributes:
        weights: `(E, k)`, the weight of every choice of every edge, or None.
        active: the one choice of each edge that is computed, or None for all of them. With `weights` besides, the
            active operation is scaled by its weight and the other weights enter as a constant of value zero that
            carries their gradient (the straight-through estimator of GDAS, Dong and Yang, CVPR 2019).
        scale: `(E,)`, a factor on the output of each edge (edge normalisation of PC-DARTS), or None.
    """

    weights: Tensor | None = None
    active: Sequence[int] | None = None
    scale: Tensor | None = None


class Edge(nn.Module):
    """The operations of one edge.

    Args:
        table: every choice of the space, in order; None for `none`.
        style: how operations are built.
        channels: channels in and out.
        stride: 1, or 2 in a reduction cell.
        choice: the one choice to build, or None to build all of them.
        partial: only `channels / partial` go through the operations, the rest pass by and all are shuffled
            (partial channel connections of PC-DARTS, Xu et al., ICLR 2020).
    """

    def __init__(
        self,
        table: dict[str, Build | None],
        style: Style,
        channels: int,
        stride: int = 1,
        choice: int | None = None,
        partial: int = 1,
    ):
        super().__init__()
        self.names = list(table)
        self.partial = partial
        self.selected = channels // partial
        kept = self.names if choice is None else [self.names[choice]]
        self.operations = nn.ModuleDict(
            {name: build(style, self.selected, stride) for name in kept if (build := table[name]) is not None}
        )
        self.bypass = nn.Identity() if stride == 1 else MAX_POOL[style.dims](stride, stride)
        self.only = self.names[choice] if choice is not None else None

    def forward(self, x: Tensor, index: int = 0, mixture: OperationWeights | None = None) -> Tensor | None:
        """Return the output of this edge, which is row `index` of the mixture; None where nothing flows."""
        part = x if self.partial == 1 else x[:, : self.selected].clone(memory_format=torch.contiguous_format)
        y = self._mix(part, index, mixture)
        if self.partial > 1:
            rest = self.bypass(x[:, self.selected :])
            y = self.bypass(part) * 0 if y is None else y
            y = shuffle(torch.cat([y, rest], dim=1), self.partial)
        if y is None or mixture is None or mixture.scale is None:
            return y
        return mixture.scale[index] * y

    def _mix(self, x: Tensor, index: int, mixture: OperationWeights | None) -> Tensor | None:
        if mixture is None or self.only is not None:
            return None if self.only == self.names[NONE] else self.operations[self.only or ""](x)
        if mixture.active is not None:
            active = mixture.active[index]
            y = None if active == NONE else self.operations[self.names[active]](x)
            if mixture.weights is None:
                return y
            row = mixture.weights[index]
            others = torch.cat([row[:active], row[active + 1 :]]).sum()
            return others.expand_as(self.bypass(x)) if y is None else row[active] * y + others
        assert mixture.weights is not None
        total: Tensor | None = None
        for choice, name in enumerate(self.names):
            if name in self.operations:
                y = mixture.weights[index, choice] * self.operations[name](x)
                total = y if total is None else total + y
        return total


def shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave `groups` blocks of channels, so that other channels are selected on the next edge (ShuffleNet)."""
    n, c = x.shape[:2]
    return x.view(n, groups, c // groups, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


def node_sum(terms: list[Tensor | None], like: Tensor) -> Tensor:
    """Sum the inputs of a node in the order of its edges; zeros of the shape of `like` if there are none."""
    total: Tensor | None = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return torch.zeros_like(like) if total is None else total
