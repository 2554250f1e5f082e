"""ResNet-18 for small images (He et al., CVPR 2016; the 3 x 3 stem of section 4.2 with the widths of table 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench.live.networks.operations import Style
from nasbench.live.networks.stem_and_head import Head
from nasbench.live.tasks.shape import TaskShape


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, style: Style, c_in: int, c_out: int, stride: int):
        super().__init__()
        self.layers = nn.Sequential(
            style.convolution(c_in, c_out, 3, stride),
            style.norm(c_out),
            nn.ReLU(),
            style.convolution(c_out, c_out, 3),
            style.norm(c_out),
        )
        same = stride == 1 and c_in == c_out
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(style.convolution(c_in, c_out, 1, stride), style.norm(c_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, c_in, *size)` to `(N, c_out, *size / stride)`."""
        return torch.relu(self.layers(x) + self.shortcut(x))


class ResNet18(nn.Module):
    """Four stages of two blocks with `channels` (64 in the paper) to `8 channels`.

    The reference under the same recipe.
    """

    def __init__(self, shape: TaskShape, channels: int = 64):
        super().__init__()
        style = Style(dims=shape.dims)
        widths = [channels * 2**stage for stage in range(4)]
        blocks: list[nn.Module] = []
        c_in = channels
        for stage, c_out in enumerate(widths):
            blocks += [BasicBlock(style, c_in, c_out, 1 if stage == 0 else 2), BasicBlock(style, c_out, c_out, 1)]
            c_in = c_out
        self.layers = nn.Sequential(
            style.convolution(shape.channels, channels, 3), style.norm(channels), nn.ReLU(), *blocks
        )
        self.head = Head(shape, c_in)

    def forward(self, x: Tensor) -> Tensor:
        """Map images to `(N, outputs)`."""
        return self.head(self.layers(x))
