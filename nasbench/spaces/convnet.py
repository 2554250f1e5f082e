"""A hierarchical space of convolutional networks: a stem and three stages of blocks, of which airbench96 is a member.

The macro level determines the size of the network: the kernel of the stem and, for each stage, its width and its number
of blocks. The cell level determines the content of a stage: a first convolution that sets the width, a pool of two by
two before or after it, then blocks of one or two convolutions (so a stage of one block has two or three), residual or
not, the last kernel of a block, the activation. 14 decisions, 774,144 combinations. Widths are multiples of a base `C`,
so that one space serves every size: airbench96 (KellerJordan/cifar10-airbench) is `AIRBENCH96` at `C = 128`.

Sizes have closed forms, and a cap on multiply-accumulates is a constraint of the space, so that a search cannot succeed
by size alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.constrained import ConstrainedSpace
from nasbench.spaces.space import Architectures, Ints

STEMS = (2, 3)
ACTIVATIONS = ("gelu", "silu", "relu")
POOLS = ("pool-after", "pool-before")
JOINS = ("plain", "residual")
LAST_KERNELS = (3, 1)
WIDTHS = ((0.5, 0.75, 1.0, 1.25, 1.5, 2.0), (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0), (2.0, 3.0, 4.0, 5.0, 6.0, 8.0))
"""Multiples of `C` that each stage can have; a quarter of `C` is a whole number of channels."""
BLOCKS = CONVOLUTIONS = (1, 2)
STAGES = len(WIDTHS)
STEM, ACTIVATION, POOL, JOIN, LAST, FIRST_STAGE = range(6)
"""Positions of the decisions; a stage has its width, its blocks and the convolutions of a block from `FIRST_STAGE` on."""
WIDTH_DECISIONS = [FIRST_STAGE + 3 * stage for stage in range(STAGES)]

AIRBENCH96 = "stem-2,gelu,pool-after,residual,last-3x3,1C,1-block,2-convs,3C,1-block,2-convs,4C,1-block,2-convs"
"""128/384/512 channels at `C = 128`; 16/48/64 at `C = 16`, which a CPU trains in a minute."""
WIDE = "stem-2,gelu,pool-after,residual,last-3x3,1.5C,1-block,2-convs,4C,1-block,2-convs,6C,1-block,2-convs"
"""192/512/768 channels at `C = 128`."""


@dataclass(frozen=True)
class Image:
    """Input and output of a network: channels, side length in pixels, classes."""

    channels: int = 3
    side: int = 32
    classes: int = 10


CIFAR = Image()
"""The image for which a cap is counted."""


@dataclass(frozen=True)
class Design:
    """Decoded architectures `(..., 14)`: arrays `(...)`, and `(..., 3)` for values per stage.

    Attributes:
        stem: kernel of the stem.
        activation: position in `ACTIVATIONS`.
        pools_first: whether a stage pools before its first convolution.
        residual: whether a block adds its input to its output.
        last: kernel of the last convolution of a block; all others are 3 x 3.
        widths, blocks, convolutions: of the stages: channels, blocks, convolutions of a block.
    """

    stem: Ints
    activation: Ints
    pools_first: NDArray[np.bool_]
    residual: NDArray[np.bool_]
    last: Ints
    widths: Ints
    blocks: Ints
    convolutions: Ints


def check_base(base: int) -> None:
    """Raise NasbenchError unless the widths at `C = base` are whole numbers."""
    if base < 4 or base % 4:
        raise NasbenchError(f"Widths of convnet are quarters of C, which is {base}; it should be a multiple of 4.")


def design_of(architectures: Architectures, base: int) -> Design:
    """Decode architectures `(..., 14)` at `C = base`; raises NasbenchError unless 4 divides it."""
    check_base(base)
    stages = architectures[..., FIRST_STAGE:].reshape(*architectures.shape[:-1], STAGES, 3)
    widths = [np.asarray(WIDTHS[s])[stages[..., s, 0]] * base for s in range(STAGES)]
    return Design(
        stem=np.asarray(STEMS)[architectures[..., STEM]],
        activation=architectures[..., ACTIVATION].astype(np.int64),
        pools_first=architectures[..., POOL] == POOLS.index("pool-before"),
        residual=architectures[..., JOIN] == JOINS.index("residual"),
        last=np.asarray(LAST_KERNELS)[architectures[..., LAST]],
        widths=np.stack(widths, axis=-1).astype(np.int64),
        blocks=np.asarray(BLOCKS)[stages[..., 1]],
        convolutions=np.asarray(CONVOLUTIONS)[stages[..., 2]],
    )


def stem_channels(image_channels: int, kernel: Ints) -> Ints:
    """Return the channels of the stem: a patch has `c k^2` principal directions, each with both signs."""
    return 2 * image_channels * kernel**2


def pooled(side: Ints) -> Ints:
    """Return the side of a map after a pool of two by two; a map of one position is not pooled."""
    return np.maximum(side // 2, 1)


@dataclass(frozen=True)
class Counts:
    """Sizes of networks, each `(...)`.

    Attributes:
        parameters: trainable parameters: weights of convolutions except the (frozen) stem, its bias, shifts of the
            normalisations (their scales are frozen), weights of the classifier.
        macs: multiply-accumulates of convolutions and classifier for one image.
        stored: bytes of all weights, frozen ones and statistics of the normalisations included.
        activations: bytes of the largest input and output of a layer together, for one image.
    """

    parameters: Ints
    macs: Ints
    stored: Ints
    activations: Ints


def counts(design: Design, image: Image) -> Counts:
    """Return the sizes of networks in closed form, as `nasbench.live.hardware.counting` counts them."""
    c_in = stem_channels(image.channels, design.stem)
    side = image.side - design.stem + 1
    frozen = image.channels * design.stem**2 * c_in
    trained, macs = c_in, frozen * side**2
    peak = np.maximum(image.channels * image.side**2 + c_in * side**2, 2 * c_in * side**2)
    shifts = norms = np.zeros_like(side)
    for stage in range(STAGES):
        width, blocks, n = (x[..., stage] for x in (design.widths, design.blocks, design.convolutions))
        half = pooled(side)
        at = np.where(design.pools_first, half, side)
        first, rest = 9 * c_in * width, blocks * (9 * (n - 1) + design.last**2) * width**2
        trained, macs = trained + first + rest, macs + first * at**2 + rest * half**2
        shifts, norms = shifts + width * (1 + blocks * n), norms + 1 + blocks * n
        pool = np.where(design.pools_first, c_in, width) * (side**2 + half**2)
        peak = np.maximum.reduce([peak, (c_in + width) * at**2, pool, 2 * width * half**2])
        c_in, side = width, half
    head = c_in * image.classes
    # A normalisation stores a shift, a scale, a mean and a variance of each channel, and how many batches it has seen.
    stored = 4 * (trained + frozen + head + 4 * shifts) + 8 * norms
    return Counts(trained + shifts + head, macs + head, stored, 4 * peak)


class ConvNetSpace(ConstrainedSpace):
    """The space, restricted by a cap on multiply-accumulates, which is part of its name: `convnet:BASE:MMAC`.

    Args:
        base: `C`, for which the cap is computed; None (like the cap) for the whole space at any base.
        mmacs: maximum multiply-accumulates for a 32 x 32 image of three channels, in millions.

    Raises:
        NasbenchError: if one is given without the other, 4 does not divide the base, or no network is small enough.
    """

    def __init__(self, base: int | None = None, mmacs: float | None = None) -> None:
        if (base is None) != (mmacs is None):
            raise NasbenchError("A cap of convnet is counted for a base; give both or neither.")
        stages = range(1, STAGES + 1)
        names = [f"stage {s}: {what}" for s in stages for what in ("width", "blocks", "convolutions of a block")]
        choices = [
            entry
            for widths in WIDTHS
            for entry in (tuple(f"{w:g}C" for w in widths), ("1-block", "2-blocks"), ("1-conv", "2-convs"))
        ]
        super().__init__(
            "convnet" if base is None else f"convnet:{base}:{mmacs:g}",
            ("stem", "activation", "pool", "join", "last kernel of a block", *names),
            (
                tuple(f"stem-{k}" for k in STEMS),
                ACTIVATIONS,
                POOLS,
                JOINS,
                tuple(f"last-{k}x{k}" for k in LAST_KERNELS),
                *choices,
            ),
        )
        self.base, self.mmacs = base, mmacs
        if base is not None and mmacs is not None:
            smallest = np.zeros((1, self.d), np.int8)
            smallest[0, [POOL, LAST]] = POOLS.index("pool-before"), LAST_KERNELS.index(1)
            least = float(counts(design_of(smallest, base), CIFAR).macs[0]) / 1e6
            if not least <= mmacs:
                raise NasbenchError(
                    f"The smallest network of convnet has {least:.3g} million multiply-accumulates at C = {base}; "
                    f"a cap should be at least that, not {mmacs:g}."
                )

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """Widths are steps of one quantity."""
        return np.isin(np.arange(self.d), WIDTH_DECISIONS)

    @cached_property
    def all(self) -> Architectures:
        """Every feasible architecture in the order of its index, `(size, 14)`; enumerated in parts to save memory."""
        parts = np.array_split(np.arange(self.product_size), 16)
        listed = [self.from_index(part) for part in parts]
        return np.concatenate([part[self.is_feasible(part)] for part in listed])

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether each architecture keeps the cap: `(..., 14)` to `(...)`."""
        inside = super().is_feasible(architectures)
        if self.base is None or self.mmacs is None:
            return inside
        design = design_of(np.where(inside[..., None], architectures, 0), self.base)
        return inside & (counts(design, CIFAR).macs <= self.mmacs * 1e6)

    def canonical(self, architectures: Architectures) -> Architectures:
        """Merge two plain blocks of one 3 x 3 convolution into one block of two, which computes the same function."""
        result = architectures.copy()
        same = (architectures[..., JOIN] == JOINS.index("plain")) & (architectures[..., LAST] == LAST_KERNELS.index(3))
        for blocks in range(FIRST_STAGE + 1, self.d, 3):
            two = same & (architectures[..., blocks] == 1) & (architectures[..., blocks + 1] == 0)
            result[..., blocks] = np.where(two, 0, result[..., blocks])
            result[..., blocks + 1] = np.where(two, 1, result[..., blocks + 1])
        return result

    def repair(self, architectures: Architectures) -> Architectures:
        """Narrow the widest stage, choice by choice, until the cap is kept; where that is not enough, the nearest that keeps it."""
        result = architectures.copy()
        flat = result.reshape(-1, self.d)
        columns = np.array(WIDTH_DECISIONS)
        for _ in range(sum(len(widths) for widths in WIDTHS)):
            over = np.flatnonzero(~self.is_feasible(flat))
            if not len(over):
                break
            widths = np.stack([np.asarray(WIDTHS[s])[flat[over, columns[s]]] for s in range(STAGES)], axis=1)
            widest = np.where(flat[np.ix_(over, columns)] > 0, widths, 0.0).argmax(axis=1)
            flat[over, columns[widest]] = np.maximum(flat[over, columns[widest]] - 1, 0)
        return super().repair(result)

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; raises NasbenchError where it is not one, or where the cap is not kept."""
        architecture = super().from_string(text)
        if self.base is not None and not self.is_feasible(architecture):
            macs = float(counts(design_of(architecture, self.base), CIFAR).macs) / 1e6
            raise NasbenchError(
                f"Architecture {text!r} has {macs:.4g} million multiply-accumulates at C = {self.base}; "
                f"{self.name} allows {self.mmacs:g}."
            )
        return architecture


def convnet(settings: str = "") -> ConvNetSpace:
    """Return the space of a name: that of `convnet`, or of `convnet:BASE:MMAC` for the settings `BASE:MMAC`.

    Raises:
        NasbenchError: if the settings are not a base and a cap.
    """
    if not settings:
        return ConvNetSpace()
    base, _, cap = settings.partition(":")
    try:
        return ConvNetSpace(int(base), float(cap))
    except ValueError:
        raise NasbenchError(
            f"Space 'convnet:{settings}' should be convnet:BASE:MMAC, a base and a cap in millions of multiply-accumulates, "
            "such as convnet:16:12."
        ) from None
