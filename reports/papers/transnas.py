"""Parameters and FLOPs of the cells of TransNAS-Bench-101, counted layer by layer.

Read in github.com/yawen-d/TransNASBench at commit 6d4231b (`lib/models/net_infer`): five modules of two cells each; modules 1, 3 and 5 double the
channels (64 to 512) and halve the resolution in their first cell, where a skip from the input is a factorised reduction with weights.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nasbench.spaces.nas_bench_201_cell import EDGES
from nasbench.spaces.space import Architectures, Floats, Space
from nasbench.spaces.transnas_bench_101 import OPERATIONS

SKIP, ONE, THREE = (OPERATIONS.index(name) for name in ("skip_connect", "nor_conv_1x1", "nor_conv_3x3"))
CHANNELS = (64, 128, 256, 512)
SIDE = 64
"""Resolution after the stem, of an image of 256 x 256."""

CELLS = (
    *((entering, leaving, 2) for entering, leaving in pairwise(CHANNELS)),
    *((128, 128, 1),) * 3,
    *((256, 256, 1),) * 3,
    (512, 512, 1),
)
"""Channels that enter and leave each cell, and its stride."""


def count_parameters(space: Space) -> Floats:
    """Return the weights of the cells of every architecture, without stem and head, `(N,)`."""
    return sum((_count(space.all, *cell, normalised=True) for cell in CELLS), np.zeros(space.size))


def count_flops(space: Space) -> Floats:
    """Return the multiply-accumulates of the cells of every architecture, without stem and head, `(N,)`."""
    total = np.zeros(space.size)
    for entering, leaving, stride in CELLS:
        side = SIDE * CHANNELS[0] // leaving
        total += side**2 * _count(space.all, entering, leaving, stride, normalised=False)
    return total


def _count(cells: Architectures, entering: int, leaving: int, stride: int, *, normalised: bool) -> Floats:
    """Weights of one cell, `(N,)`, with those of batch normalisation or without."""
    norm = 2 * leaving if normalised else 0
    total = np.zeros(len(cells))
    for (source, _), operation in zip(EDGES, cells.T, strict=True):
        channels = entering if source == 0 else leaving
        total += np.where(operation == THREE, 9 * channels * leaving + norm, 0)
        total += np.where(operation == ONE, channels * leaving + norm, 0)
        if source == 0 and stride > 1:
            total += np.where(operation == SKIP, channels * leaving + norm, 0)
    return total
