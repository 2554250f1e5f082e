"""The unbounded Pareto archive of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats


def nondominated(points: Floats) -> NDArray[np.bool_]:
    """Which rows of `(n, M)` no other row dominates (all objectives minimised); of equal rows all are kept."""
    if len(points) == 0:
        return np.zeros(0, dtype=bool)
    if points.shape[1] == 1:
        return np.asarray(points[:, 0] == points.min())
    import moocore  # only here: one objective needs it not

    return np.asarray(moocore.is_nondominated(np.ascontiguousarray(points, dtype=float), keep_weakly=True))


class ParetoArchive:
    """The non-dominated architectures seen so far; elitist and unbounded, so the dominated region never shrinks.

    Attributes:
        architectures: `(n, d)`.
        objectives: `(n, M)`, minimised.
    """

    def __init__(self, d: int, objectives: int) -> None:
        self.architectures: Architectures = np.empty((0, d), dtype=np.int8)
        self.objectives: Floats = np.empty((0, objectives))

    def __len__(self) -> int:
        return len(self.architectures)

    def add(self, architectures: Architectures, objectives: Floats) -> NDArray[np.bool_]:
        """Offer architectures `(B, d)` with objectives `(B, M)`; return which of them are in the archive now, `(B,)`."""
        together = np.concatenate([self.objectives, objectives])
        kept = nondominated(together)
        self.architectures = np.concatenate([self.architectures, architectures])[kept]
        self.objectives = together[kept]
        return kept[len(kept) - len(objectives) :]
