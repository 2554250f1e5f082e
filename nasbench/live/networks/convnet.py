"""Networks of the space `convnet`, and how airbench96 starts them.

Facts of airbench96 (KellerJordan/cifar10-airbench, `airbench96_faster.py`): a stem without padding whose frozen weights whiten
patches of the training images, three groups of convolution, max-pool, batch normalisation without a learnt scale, GELU; two more
convolutions in a group with a residual over both; max over all positions, a linear layer without bias, outputs times 1/9;
convolutions start as the identity of their first inputs. `AIRBENCH96` of the space under `AIRBENCH_START` is that network but for
two things: the epsilon of normalisation is torch's 1e-5, not 1e-12, and the bias of the stem is trained to the end, not for three
epochs alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.convnet import ACTIVATIONS, STAGES, Design, pooled, stem_channels

PATCH_IMAGES = 5000
"""Number of training images for whitening; more have no visible effect."""
EPSILON = 5e-4
"""Added to the variance of each patch direction, as in airbench, so that noise is not amplified."""
_AT_ONCE = 500
_ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU}


@dataclass(frozen=True)
class Start:
    """Initialisation of a network; every option is off by default.

    Attributes:
        whitening: whether the stem is frozen and whitens patches, as initialised by `prepare`.
        dirac: whether the first `c_in` outputs of a convolution begin as its inputs.
        free_scale: whether normalisations learn a scale in addition to their shift.
        head_scale: factor on the outputs.
    """

    whitening: bool = False
    dirac: bool = False
    free_scale: bool = True
    head_scale: float = 1.0


AIRBENCH_START = Start(whitening=True, dirac=True, free_scale=False, head_scale=1 / 9)


class Block(nn.Module):
    """Convolutions, each but the last with an activation; then the sum with the input, if residual, and an activation."""

    def __init__(self, layers: list[nn.Module], residual: bool, activation: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.residual = residual
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, c, h, w)` to the same shape."""
        y = self.layers(x)
        return self.activation(x + y if self.residual else y)  # type: ignore[no-any-return]


class ConvNet(nn.Module):
    """The network of one architecture.

    Args:
        design: of one architecture.
        shape: images and classes; images have one more position a side than the stem's kernel at least.
        start: initialisation.

    Raises:
        NasbenchError: if the shape is not that of images to classify.
    """

    def __init__(self, design: Design, shape: TaskShape, start: Start = AIRBENCH_START):
        super().__init__()
        kernel = int(design.stem)
        if shape.dims != 2 or shape.vocabulary or shape.kind != "classification" or shape.size < kernel:
            raise NasbenchError(
                f"Space 'convnet' classifies images of {kernel} x {kernel} pixels or more, and nothing else."
            )
        self.shape, self.start = shape, start
        self._activation = _ACTIVATIONS[ACTIVATIONS[int(design.activation)]]
        c_in, side = int(stem_channels(shape.channels, design.stem)), shape.size - kernel + 1
        self.stem = nn.Conv2d(shape.channels, c_in, kernel)
        if start.whitening:
            self.stem.weight.requires_grad_(False)
            nn.init.zeros_(self.stem.bias)  # type: ignore[arg-type]
        layers: list[nn.Module] = [self._activation()]
        for stage in range(STAGES):
            width, half = int(design.widths[stage]), int(pooled(np.asarray(side)))
            pool = [nn.MaxPool2d(2)] if half < side else []
            first = [self._convolution(c_in, width, 3)]
            layers += [*pool, *first] if design.pools_first else [*first, *pool]
            layers += [self._norm(width), self._activation()]
            layers += [self._block(design, stage) for _ in range(int(design.blocks[stage]))]
            c_in, side = width, half
        self.layers = nn.Sequential(*layers, nn.MaxPool2d(side))
        self.linear = nn.Linear(c_in, shape.outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map images `(N, c, h, w)` to `(N, classes)`."""
        self.shape.check(x)
        outputs: Tensor = self.linear(torch.flatten(self.layers(self.stem(x)), 1))
        return outputs * self.start.head_scale

    def _block(self, design: Design, stage: int) -> Block:
        width, n = int(design.widths[stage]), int(design.convolutions[stage])
        layers: list[nn.Module] = []
        for i in range(n):
            kernel = int(design.last) if i == n - 1 else 3
            layers += [self._activation()] if i else []
            layers += [self._convolution(width, width, kernel), self._norm(width)]
        return Block(layers, bool(design.residual), self._activation())

    def _convolution(self, c_in: int, c_out: int, kernel: int) -> nn.Conv2d:
        layer = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False)
        if self.start.dirac:
            nn.init.dirac_(layer.weight[:c_in])
        return layer

    def _norm(self, channels: int) -> nn.BatchNorm2d:
        layer = nn.BatchNorm2d(channels)
        layer.weight.requires_grad_(self.start.free_scale)
        return layer


def whitens(network: nn.Module) -> bool:
    """Return whether `prepare` must be called on a network before it is trained."""
    return isinstance(network, ConvNet) and network.start.whitening


@torch.no_grad()
def prepare(network: nn.Module, images: Tensor) -> None:
    """Initialise a whitening stem from normalised training images `(n, c, h, w)`; other networks are unchanged."""
    if isinstance(network, ConvNet) and network.start.whitening:
        network.stem.weight.copy_(whitening_weights(images[:PATCH_IMAGES], network.stem.kernel_size[0]))


@torch.no_grad()
def whitening_weights(images: Tensor, kernel: int) -> Tensor:
    """Return weights `(2 c k^2, c, k, k)` of a convolution that whitens patches of images `(n, c, h, w)`, on their device.

    The principal directions of all patches, strongest first, each over its standard deviation, and then all of them again with
    the other sign. Of the two signs of a direction the one whose largest entry is positive comes first, so that the weights
    are a function of the images alone.
    """
    width = images.shape[1] * kernel**2
    second = torch.zeros(width, width, dtype=torch.float64, device=images.device)
    patches = 0
    for part in images.split(_AT_ONCE):
        flat = nn.functional.unfold(part.float(), kernel).transpose(0, 1).reshape(width, -1)
        second += (flat @ flat.T).double()
        patches += flat.shape[1]
    # On the CPU, so that the result does not depend on a driver's version.
    variances, directions = torch.linalg.eigh((second / patches).cpu())
    directions = directions.T.flip(0)
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    scaled = directions * largest.sign() / (variances.flip(0)[:, None].clamp_min(0) + EPSILON).sqrt()
    return torch.cat([scaled, -scaled]).view(2 * width, images.shape[1], kernel, kernel).float().to(images.device)
