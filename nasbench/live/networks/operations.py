"""Operations that an edge of a cell can carry, in two dimensions (images) and in one (text, time series).

Every operation maps `(N, C_in, *size)` to `(N, C_out, *ceil(size / stride))`; `size` has `dims` axes. The choices are
those of NAS-Bench-201 (Dong and Yang, ICLR 2020, section 3), of DARTS (Liu et al., ICLR 2019, section 3.1) and of
hierarchical representations (Liu et al., ICLR 2018, section 4.1). `none` is never built: an edge that carries it is
absent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

CONVOLUTION: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d}
NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
AVERAGE_POOL: dict[int, type[nn.Module]] = {1: nn.AvgPool1d, 2: nn.AvgPool2d}
MAX_POOL: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}


@dataclass(frozen=True)
class Style:
    """Construction options of operations.

    Attributes:
        dims: 2 for images, 1 for sequences.
        affine: whether normalisation has a scale and a shift. A supernet has none, so that the mixture weights alone
            scale an operation (DARTS, appendix A.1.1).
        running_statistics: whether normalisation keeps running statistics. A supernet keeps none: they would mix the
            statistics of the paths that happened to be sampled.
        normalise_pools: whether a pool of the DARTS space is followed by a normalisation (in its search phase it is).
    """

    dims: int = 2
    affine: bool = True
    running_statistics: bool = True
    normalise_pools: bool = False

    def norm(self, channels: int) -> nn.Module:
        """Return batch normalisation over `channels`."""
        return NORM[self.dims](channels, affine=self.affine, track_running_stats=self.running_statistics)

    def convolution(self, c_in: int, c_out: int, kernel: int, stride: int = 1, **options: int) -> nn.Module:
        """Return a convolution without bias, padded so that stride 1 keeps the size. `options`: groups, dilation."""
        padding = options.get("dilation", 1) * (kernel - 1) // 2
        return CONVOLUTION[self.dims](c_in, c_out, kernel, stride, padding, bias=False, **options)


STANDALONE_STYLE = Style()
"""Style of stand-alone networks."""


def shared(dims: int) -> Style:
    """Return the style of a supernet over `dims` axes."""
    return Style(dims=dims, affine=False, running_statistics=False, normalise_pools=True)


def relu_conv_norm(style: Style, c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, normalisation: the block of NAS-Bench-201."""
    return nn.Sequential(nn.ReLU(), style.convolution(c_in, c_out, kernel, stride), style.norm(c_out))


def dilated_conv(style: Style, c: int, kernel: int, stride: int, dilation: int) -> nn.Sequential:
    """ReLU, depthwise (dilated) convolution, pointwise convolution, normalisation."""
    return nn.Sequential(
        nn.ReLU(),
        style.convolution(c, c, kernel, stride, groups=c, dilation=dilation),
        style.convolution(c, c, 1),
        style.norm(c),
    )


def separable_conv(style: Style, c: int, kernel: int, stride: int) -> nn.Sequential:
    """Return two depthwise separable convolutions, the stride on the first."""
    return nn.Sequential(dilated_conv(style, c, kernel, stride, 1), dilated_conv(style, c, kernel, 1, 1))


class FactorizedReduce(nn.Module):
    """Halve the size with two strided pointwise convolutions, the second shifted by one position (DARTS' code).

    Sizes must be even; `c_out` must be even.
    """

    def __init__(self, style: Style, c_in: int, c_out: int):
        super().__init__()
        self.even = style.convolution(c_in, c_out // 2, 1, 2)
        self.odd = style.convolution(c_in, c_out - c_out // 2, 1, 2)
        self.norm = style.norm(c_out)
        self.dims = style.dims

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, c_in, *size)` to `(N, c_out, *size / 2)`."""
        x = torch.relu(x)
        shifted = x[..., 1:, 1:] if self.dims == 2 else x[..., 1:]
        return self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))


class ResidualReduction(nn.Module):
    """The residual block of stride 2 between the stages of NAS-Bench-201:

    it halves the size and changes the channels.
    """

    def __init__(self, style: Style, c_in: int, c_out: int):
        super().__init__()
        self.first = relu_conv_norm(style, c_in, c_out, 3, 2)
        self.second = relu_conv_norm(style, c_out, c_out, 3)
        self.shortcut = nn.Sequential(AVERAGE_POOL[style.dims](2, 2), style.convolution(c_in, c_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, c_in, *size)` to `(N, c_out, *size / 2)`."""
        return self.shortcut(x) + self.second(self.first(x))


def _pool(style: Style, kind: type[nn.Module], c: int, stride: int, **options: bool) -> nn.Module:
    pool = kind(3, stride, 1, **options)
    return (
        nn.Sequential(pool, NORM[style.dims](c, affine=False, track_running_stats=style.running_statistics))
        if (style.normalise_pools)
        else pool
    )


def _average_pool(style: Style, c: int, stride: int) -> nn.Module:
    return _pool(style, AVERAGE_POOL[style.dims], c, stride, count_include_pad=False)


def _max_pool(style: Style, c: int, stride: int) -> nn.Module:
    return _pool(style, MAX_POOL[style.dims], c, stride)


Build = Callable[[Style, int, int], nn.Module]
"""An operation from (style, channels, stride)."""

NAS_BENCH_201: dict[str, Build | None] = {
    "none": None,
    "skip_connect": lambda style, c, stride: nn.Identity(),
    "nor_conv_1x1": lambda style, c, stride: relu_conv_norm(style, c, c, 1, stride),
    "nor_conv_3x3": lambda style, c, stride: relu_conv_norm(style, c, c, 3, stride),
    "avg_pool_3x3": lambda style, c, stride: AVERAGE_POOL[style.dims](3, stride, 1, count_include_pad=False),
}
"""Choices of an edge in NAS-Bench-201, in the order of the digits of an architecture. The stride is 1."""

DARTS: dict[str, Build | None] = {
    "none": None,
    "max_pool_3x3": _max_pool,
    "avg_pool_3x3": _average_pool,
    "skip_connect": lambda style, c, stride: nn.Identity() if stride == 1 else FactorizedReduce(style, c, c),
    "sep_conv_3x3": lambda style, c, stride: separable_conv(style, c, 3, stride),
    "sep_conv_5x5": lambda style, c, stride: separable_conv(style, c, 5, stride),
    "dil_conv_3x3": lambda style, c, stride: dilated_conv(style, c, 3, stride, 2),
    "dil_conv_5x5": lambda style, c, stride: dilated_conv(style, c, 5, stride, 2),
}
"""Choices of an edge in the DARTS space, in the order of the official code."""

HIERARCHICAL: dict[str, Build | None] = {
    "none": None,
    "identity": lambda style, c, stride: nn.Identity(),
    "conv_1x1": lambda style, c, stride: relu_conv_norm(style, c, c, 1, stride),
    "depthwise_conv_3x3": lambda style, c, stride: nn.Sequential(
        nn.ReLU(), style.convolution(c, c, 3, stride, groups=c), style.norm(c)
    ),
    "separable_conv_3x3": lambda style, c, stride: dilated_conv(style, c, 3, stride, 1),
    "max_pool_3x3": _max_pool,
    "avg_pool_3x3": _average_pool,
}
"""Primitive operations of the hierarchical space."""
