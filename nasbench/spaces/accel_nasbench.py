"""The MnasNet search space of Accel-NASBench (Ahmad, Du, Xie and Zhang, DAC 2024): seven blocks of inverted residual layers.

Each block chooses the expansion of its layers (1, 4, 6), their kernel (3, 5), their number (1 to 3; the sixth block also 4) and whether they
squeeze and excite: 28 decisions, 104 billion architectures (36^6 x 48), all feasible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Space

BLOCKS = 7
EXPANSIONS, KERNELS = (1, 4, 6), (3, 5)
LAYERS = ((1, 2, 3),) * 5 + ((1, 2, 3, 4), (1, 2, 3))
"""Numbers of layers that each block can have."""
PARTS = 4
"""Decisions of a block: expansion, kernel, layers, squeeze-and-excitation."""


class AccelNasBenchSpace(Space):
    """The space; strings name the choices block by block."""

    def __init__(self) -> None:
        names = ("expansion", "kernel", "layers", "squeeze-excite")
        choices: list[tuple[str, ...]] = []
        for layers in LAYERS:
            choices += [
                tuple(f"e{ratio}" for ratio in EXPANSIONS),
                tuple(f"k{size}" for size in KERNELS),
                tuple(f"l{count}" for count in layers),
                ("no-se", "se"),
            ]
        decisions = tuple(f"block {block}: {name}" for block in range(1, BLOCKS + 1) for name in names)
        super().__init__("accel-nasbench", decisions, tuple(choices))

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """All decisions but squeeze-and-excitation."""
        return np.arange(self.d) % PARTS < PARTS - 1
