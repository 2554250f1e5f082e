"""A space of convolutional networks for texts and series: width, depth, kernels, dilations, pooling, dropout, linear shortcut.

It contains the usual models of both kinds of data: sentences read by filters of a few words and the maximum over them (Kim,
EMNLP 2014), bags of embedded words (Joulin et al., EACL 2017), dilated convolutions (Bai, Kolter and Koltun, 2018) and, by its
shortcut, linear forecasts of the window (Zeng et al., AAAI 2023). 8 decisions, 5,184 combinations.
"""

from __future__ import annotations

from dataclasses import dataclass

from nasbench.spaces.space import Architectures, Space

WIDTHS = (16, 32, 64, 128)
DEPTHS = (1, 2, 3)
KERNELS = (3, 5, 7)
DILATIONS = ("no-dilation", "dilation-doubles")
NORMALISATIONS = ("no-norm", "batch-norm")
POOLS = ("max", "mean", "max-and-mean")
DROPOUTS = (0.0, 0.2, 0.5)
SHORTCUTS = ("no-shortcut", "linear-shortcut")
WIDTH, DEPTH, KERNEL, DILATION, NORMALISATION, POOL, DROPOUT, SHORTCUT = range(8)
"""Positions of the decisions."""


@dataclass(frozen=True)
class SequenceDesign:
    """A decoded architecture.

    Attributes:
        width: numbers per position: of the embedding of a word, and of every layer.
        kernels, dilations: of each layer; a kernel of 0 is a user's operation.
        normalises: whether a layer has batch normalisation.
        pool: how positions are summarised, one of `POOLS`.
        dropout: probability with which a feature is dropped.
        shortcut: whether outputs also depend on the input linearly.
        operation: which of a user's operations the layers are instead of convolutions; None for none.
    """

    width: int
    kernels: tuple[int, ...]
    dilations: tuple[int, ...]
    normalises: bool
    pool: str
    dropout: float
    shortcut: bool
    operation: int | None = None


class SequenceSpace(Space):
    """The space `sequence`.

    Args:
        name: name of the space.
        operations: names of further operations that a layer may be instead of a convolution.
    """

    def __init__(self, name: str = "sequence", operations: tuple[str, ...] = ()) -> None:
        super().__init__(
            name,
            ("width", "depth", "kernel", "dilation", "normalisation", "pool", "dropout", "shortcut"),
            (
                tuple(f"width-{width}" for width in WIDTHS),
                tuple(f"{depth}-layer{'s' if depth > 1 else ''}" for depth in DEPTHS),
                (*(f"kernel-{kernel}" for kernel in KERNELS), *operations),
                DILATIONS,
                NORMALISATIONS,
                POOLS,
                tuple(f"dropout-{rate:g}" for rate in DROPOUTS),
                SHORTCUTS,
            ),
        )

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return no dilation where there is a single layer, whose dilation is one, or where layers are a user's operation, which
        has neither that nor the normalisation.
        """
        canonical = architectures.copy()
        convolves = (architectures[..., KERNEL] < len(KERNELS)).astype(canonical.dtype)
        canonical[..., DILATION] *= convolves * (architectures[..., DEPTH] > 0).astype(canonical.dtype)
        canonical[..., NORMALISATION] *= convolves
        return canonical


def sequence_design(architecture: Architectures) -> SequenceDesign:
    """Return the decoded architecture `(8,)`."""
    at = architecture.tolist()
    depth, doubles = DEPTHS[at[DEPTH]], DILATIONS[at[DILATION]] == "dilation-doubles"
    own = at[KERNEL] - len(KERNELS)
    return SequenceDesign(
        width=WIDTHS[at[WIDTH]],
        kernels=(KERNELS[at[KERNEL]] if own < 0 else 0,) * depth,
        dilations=tuple(2**layer if doubles else 1 for layer in range(depth)),
        normalises=NORMALISATIONS[at[NORMALISATION]] == "batch-norm",
        pool=POOLS[at[POOL]],
        dropout=DROPOUTS[at[DROPOUT]],
        shortcut=SHORTCUTS[at[SHORTCUT]] == "linear-shortcut",
        operation=own if own >= 0 else None,
    )
