"""A plain convolutional network, as a reference without architecture search."""

from __future__ import annotations

from torch import Tensor, nn

from nasbench.live.networks.operations import Style
from nasbench.live.networks.stem_and_head import Head, Stem
from nasbench.live.tasks.shape import TaskShape


class PlainNetwork(nn.Module):
    """The stem of the searched networks, then three stages of convolution, normalisation and ReLU; widths double, size halves."""

    def __init__(self, shape: TaskShape, channels: int):
        super().__init__()
        style = Style(dims=shape.dims)
        self.stem = Stem(shape, style, channels)
        layers: list[nn.Module] = [nn.ReLU()]
        width = channels
        for stage in range(3):
            wider = channels * 2**stage
            layers += [style.convolution(width, wider, 3, 1 if stage == 0 else 2), style.norm(wider), nn.ReLU()]
            width = wider
        self.layers = nn.Sequential(*layers)
        self.head = Head(shape, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map an input to `(N, outputs)`."""
        outputs: Tensor = self.head(self.layers(self.stem(x)))
        return outputs
