"""A space of multilayer perceptrons for tables: depth, widths, activation, normalisation, dropout, residual connections.

The choices are those that tabular studies tune (Gorishniy et al., NeurIPS 2021, appendix on the search spaces of MLP and ResNet):
1 to 4 hidden layers of 32 to 512 units. 7 decisions, 2,880 combinations, of which a single layer makes some equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.spaces.space import Architectures, Space

DEPTHS = (1, 2, 3, 4)
WIDTHS = (32, 64, 128, 256, 512)
SHAPES = ("equal", "halving")
ACTIVATIONS = ("relu", "gelu", "silu")
NORMALISATIONS = ("no-norm", "batch-norm", "layer-norm")
DROPOUTS = (0.0, 0.1, 0.25, 0.5)
JOINS = ("plain", "residual")
DEPTH, WIDTH, SHAPE, ACTIVATION, NORMALISATION, DROPOUT, JOIN = range(7)
"""Positions of the decisions."""
NARROWEST = 16
"""Units of the last of layers that are halved, at least."""


@dataclass(frozen=True)
class MlpDesign:
    """A decoded architecture.

    Attributes:
        widths: units of the hidden layers.
        activation, normalisation: names of `ACTIVATIONS` and `NORMALISATIONS`.
        dropout: probability with which a hidden unit is dropped.
        residual: whether each hidden layer but the first adds its input, projected where widths differ.
    """

    widths: tuple[int, ...]
    activation: str
    normalisation: str
    dropout: float
    residual: bool


class MlpSpace(Space):
    """The space `mlp`."""

    def __init__(self) -> None:
        super().__init__(
            "mlp",
            ("depth", "width", "widths", "activation", "normalisation", "dropout", "join"),
            (
                tuple(f"{depth}-layer{'s' if depth > 1 else ''}" for depth in DEPTHS),
                tuple(f"{width}-units" for width in WIDTHS),
                SHAPES,
                ACTIVATIONS,
                NORMALISATIONS,
                tuple(f"dropout-{rate:g}" for rate in DROPOUTS),
                JOINS,
            ),
        )

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return equal widths and plain layers where there is a single one."""
        single = architectures[..., DEPTH] == 0
        canonical = architectures.copy()
        for decision in (SHAPE, JOIN):
            canonical[..., decision] = np.where(single, 0, architectures[..., decision])
        return canonical


def mlp_design(architecture: Architectures) -> MlpDesign:
    """Return the decoded architecture `(7,)`."""
    at = architecture.tolist()
    factors = [2**layer if SHAPES[at[SHAPE]] == "halving" else 1 for layer in range(DEPTHS[at[DEPTH]])]
    return MlpDesign(
        widths=tuple(max(WIDTHS[at[WIDTH]] // factor, NARROWEST) for factor in factors),
        activation=ACTIVATIONS[at[ACTIVATION]],
        normalisation=NORMALISATIONS[at[NORMALISATION]],
        dropout=DROPOUTS[at[DROPOUT]],
        residual=JOINS[at[JOIN]] == "residual",
    )
