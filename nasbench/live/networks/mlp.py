"""Networks of the space `mlp`: multilayer perceptrons for rows of a table; images and series are flattened."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.networks.drop_path import DropPath
from nasbench.live.tasks.shape import TaskShape
from nasbench.spaces.mlp import MlpDesign

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
NORMALISATIONS: dict[str, type[nn.Module]] = {
    "no-norm": nn.Identity,
    "batch-norm": nn.BatchNorm1d,
    "layer-norm": nn.LayerNorm,
}


class Dropout(DropPath):
    """Zero values with a fixed probability, drawn from the generator of the training as those of drop path are.

    torch's own dropout draws from a global stream, so that a resumed training would not repeat an uninterrupted one.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with some values zero and the others scaled, of the same shape; `x` itself in evaluation."""
        if not self.training:
            return x
        keep = 1.0 - self.probability
        draw = torch.rand(x.shape, generator=self.generator, device=x.device)
        return x * (draw < keep).to(x.dtype) / keep


class HiddenLayer(nn.Module):
    """Linear layer, normalisation, activation, dropout, and possibly the sum with the input."""

    def __init__(self, design: MlpDesign, inputs: int, units: int, residual: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, units),
            NORMALISATIONS[design.normalisation](*(() if design.normalisation == "no-norm" else (units,))),
            ACTIVATIONS[design.activation](),
            *([Dropout(design.dropout)] if design.dropout else []),
        )
        self.shortcut: nn.Module | None = None
        if residual:
            self.shortcut = nn.Identity() if inputs == units else nn.Linear(inputs, units, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, inputs)` to `(N, units)`."""
        y: Tensor = self.layers(x)
        return y if self.shortcut is None else y + self.shortcut(x)


class Mlp(nn.Module):
    """The network of one architecture.

    Raises:
        NasbenchError: if inputs are tokens.
    """

    def __init__(self, design: MlpDesign, shape: TaskShape) -> None:
        super().__init__()
        if shape.vocabulary:
            raise NasbenchError("Space 'mlp' reads numbers, not the words of a text; choose another space.")
        widths = (shape.channels * shape.size**shape.dims, *design.widths)
        hidden = [
            HiddenLayer(design, inputs, units, design.residual and layer > 0)
            for layer, (inputs, units) in enumerate(pairwise(widths))
        ]
        self.layers = nn.Sequential(*hidden)
        self.linear = nn.Linear(widths[-1], shape.outputs)
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map rows `(N, columns)` to `(N, outputs)`."""
        self.shape.check(x)
        outputs: Tensor = self.linear(self.layers(torch.flatten(x, 1)))
        return outputs
