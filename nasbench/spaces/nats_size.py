"""The size space of NATS-Bench (Dong et al., TPAMI 2021, section 3.2): the channels of five layers, eight choices each.

The cell is fixed (`GENOTYPE`). Layers 1, 3 and 5 are one such cell each, layers 2 and 4 residual blocks of stride two; a 3x3 stem goes to
the channels of the first layer. 8^5 = 32,768 networks. Strings are the official ones, `8:16:64:8:24`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import CLASSES, RESOLUTION
from nasbench.spaces.space import Architectures, Floats, Ints, Space

CHANNELS = tuple(range(8, 65, 8))
LAYERS = 5
GENOTYPE = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
REDUCTIONS = (1, 3)
"""Layers that are residual blocks of stride two."""


class NatsSizeSpace(Space):
    """Channels of five layers, with parameters and FLOPs in closed form on `datasets`."""

    datasets = tuple(CLASSES)

    def __init__(self) -> None:
        names = tuple(map(str, CHANNELS))
        super().__init__("nats-bench-size", tuple(f"layer {i}" for i in range(1, LAYERS + 1)), (names,) * LAYERS)

    def parameters(self, architectures: Architectures, dataset: str) -> Floats:
        """Return trainable parameters in millions, counted layer by layer: `(..., 5)` to `(...)`."""
        width = np.asarray(CHANNELS)[architectures]
        first, last = width[..., 0], width[..., -1]
        total = 9 * 3 * first + 2 * first + 2 * last + (last + 1) * _known(CLASSES, dataset)
        for layer in range(LAYERS):
            weights, normalised = _layer(width, layer)
            total = total + weights + 2 * normalised
        return np.asarray(total / 1e6)

    def flops(self, architectures: Architectures, dataset: str) -> Floats:
        """Return the multiply-accumulates of convolutions and classifier in millions (the benchmark's "FLOP"):
        `(..., 5)` to `(...)`.
        """
        width = np.asarray(CHANNELS)[architectures]
        side = _known(RESOLUTION, dataset)
        total = 9 * 3 * width[..., 0] * side**2 + (width[..., -1] + 1) * _known(CLASSES, dataset)
        for layer in range(LAYERS):
            side = side // 2 if layer in REDUCTIONS else side
            total = total + _layer(width, layer)[0] * side**2
        return np.asarray(total / 1e6)

    def to_string(self, architecture: Architectures) -> str:
        """Return the official string, channels joined by colons."""
        return ":".join(str(CHANNELS[int(choice)]) for choice in architecture)

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; raises `NasbenchError` where it is not one."""
        return super().from_string(text.replace(":", ","))


def _layer(width: Ints, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the weights of the convolutions of a layer, and channels that are batch-normalised."""
    entering, own = width[..., max(layer - 1, 0)], width[..., layer]
    if layer in REDUCTIONS:
        # Two 3x3 convolutions with normalisation and a 1x1 shortcut without it.
        return 9 * entering * own + 9 * own * own + entering * own, 2 * own
    # Five 3x3 convolutions, two of them from the input; a skip from the input needs a 1x1 convolution if widths differ.
    adapts = entering != own
    return 9 * (2 * entering + 3 * own) * own + adapts * entering * own, (5 + adapts) * own


def _known(facts: Mapping[str, int], dataset: str) -> int:
    if dataset not in facts:
        raise NasbenchError(f"Closed forms of the size space are for {', '.join(facts)}, not for {dataset!r}.")
    return facts[dataset]
