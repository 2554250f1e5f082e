"""Progressive search: a shrinking support with an undo, and a ladder of fidelities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.surrogate import normal_scores
from nasbench.spaces.space import Architectures, Floats, Ints


class Support:
    """Which choices are still considered; the one dropped last comes back when the search stalls.

    Args:
        allowed: choices that exist, `(d, k)`.
        patience: queries without improvement after which the last drop is undone.
        least: theta below which a choice may be dropped.
        chance: probability of holding the best architecture below which it may be dropped.

    Attributes:
        allowed: choices considered now, `(d, k)`.
    """

    def __init__(self, allowed: NDArray[np.bool_], *, patience: int, least: float, chance: float) -> None:
        self.allowed = allowed.copy()
        self._dropped: list[tuple[int, int]] = []
        self._patience = patience
        self._least = least
        self._chance = chance
        self._stalled = 0

    def shrink(self, theta: Floats, mean: Floats, deviation: Floats, architectures: Architectures) -> bool:
        """Drop the least likely choice that both theta and the surrogate have given up; return whether one was dropped.

        A choice's chance is that of its most promising candidate to beat the best candidate, under independent normals. A choice
        that no candidate has stays.

        Args:
            theta: `(d, k)`.
            mean: posterior mean of candidates, smaller is better, `(n,)`.
            deviation: their standard deviations, `(n,)`.
            architectures: the candidates, `(n, d)`.
        """
        from scipy.special import ndtr

        best = int(mean.argmin())
        spread = np.sqrt(deviation**2 + deviation[best] ** 2)
        chance = ndtr((mean[best] - mean) / np.maximum(spread, 1e-12))
        worst: tuple[float, int, int] | None = None
        for decision, choice in zip(*np.nonzero(self.allowed & (theta < self._least)), strict=True):
            holders = architectures[:, decision] == choice
            if self.allowed[decision].sum() < 2 or not holders.any():
                continue
            highest = float(chance[holders].max())
            if highest < self._chance and (worst is None or highest < worst[0]):
                worst = (highest, int(decision), int(choice))
        if worst is None:
            return False
        self.allowed[worst[1:]] = False
        self._dropped.append(worst[1:])
        return True

    def told(self, improved: bool) -> bool:
        """Count queries without improvement; return whether a dropped choice came back."""
        self._stalled = 0 if improved else self._stalled + 1
        if self._stalled < self._patience or not self._dropped:
            return False
        self.allowed[self._dropped.pop()] = True
        self._stalled = 0
        return True

    @property
    def is_full(self) -> bool:
        """Whether nothing is dropped."""
        return not self._dropped

    def holds(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Which architectures `(n, d)` use considered choices only."""
        used = self.allowed[np.arange(architectures.shape[-1]), architectures]
        return np.asarray(used.all(axis=-1))


class Ladder:
    """Every architecture is trained at the lowest fidelity first, and one rung higher each time it is proposed again.

    Args:
        rungs: number of fidelities; one is no ladder.
    """

    def __init__(self, rungs: int) -> None:
        self.top = rungs - 1
        self._reached: dict[bytes, int] = {}

    def next_rung(self, function: bytes) -> int:
        """Rung at which an architecture is trained next; above `top` when it is through."""
        return self._reached.get(function, -1) + 1

    def climbed(self, function: bytes, rung: int) -> None:
        """Remember that an architecture was trained at a rung."""
        self._reached[function] = max(rung, self._reached.get(function, -1))


def ladder_scores(values: Floats, rungs: Ints, functions: Ints) -> Floats:
    """Normal scores across fidelities, `(t,)`.

    On the lowest rung they are the normal scores of the ranks. Whoever climbs keeps, as a set, the scores of the rung below,
    handed out anew in the order of the results on the higher rung; so being among a selected few does not look like being average.

    Args:
        values: what was measured, `(t,)`.
        rungs: where, `(t,)`.
        functions: number of the architecture, `(t,)`; each was measured on all rungs below its own.
    """
    scores = np.empty(len(values))
    below: dict[int, float] = {}
    for rung in range(int(rungs.max(initial=0)) + 1):
        here = np.flatnonzero(rungs == rung)
        if rung == 0:
            scores[here] = normal_scores(values[here])
        else:
            order = here[np.argsort(values[here], kind="stable")]
            scores[order] = np.sort([below[int(f)] for f in functions[here]])
        below = {int(functions[i]): float(scores[i]) for i in here}
    return scores
