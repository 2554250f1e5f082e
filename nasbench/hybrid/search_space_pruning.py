"""Pruning of the search space: choices that the search has given up, with an undo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats


class ActiveChoices:
    """The choices that are still considered; the one dropped last comes back when the search stalls.

    Args:
        allowed: choices that exist, `(d, k)`.
        patience: queries without improvement after which the last drop is undone.
        threshold: theta below which a choice may be dropped.
        min_probability: probability of holding the best architecture below which it may be dropped.

    Attributes:
        allowed: choices considered now, `(d, k)`.
    """

    def __init__(self, allowed: NDArray[np.bool_], *, patience: int, threshold: float, min_probability: float) -> None:
        self.allowed = allowed.copy()
        self._dropped: list[tuple[int, int]] = []
        self._patience = patience
        self._threshold = threshold
        self._min_probability = min_probability
        self._stalled = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing is dropped."""
        return not self._dropped

    def contains(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which architectures `(n, d)` consist of considered choices only."""
        used = self.allowed[np.arange(architectures.shape[-1]), architectures]
        return np.asarray(used.all(axis=-1))

    def drop(self, decision: int, choice: int) -> None:
        """Consider a choice no more, until it is restored."""
        self.allowed[decision, choice] = False
        self._dropped.append((decision, choice))

    def shrink(self, theta: Floats, mean: Floats, deviation: Floats, architectures: Architectures) -> bool:
        """Drop the least likely choice that both theta and the surrogate have given up; return whether one was dropped.

        The probability of a choice is that of its most promising candidate to beat the best candidate, under independent normals. A
        choice that no candidate has stays.

        Args:
            theta: `(d, k)`.
            mean: posterior mean of candidates, smaller is better, `(n,)`.
            deviation: their standard deviations, `(n,)`.
            architectures: the candidates, `(n, d)`.
        """
        from scipy.special import ndtr

        best = int(mean.argmin())
        difference = np.sqrt(deviation**2 + deviation[best] ** 2)
        probability = ndtr((mean[best] - mean) / np.maximum(difference, 1e-12))
        worst: tuple[float, int, int] | None = None
        for decision, choice in zip(*np.nonzero(self.allowed & (theta < self._threshold)), strict=True):
            holders = architectures[:, decision] == choice
            if self.allowed[decision].sum() < 2 or not holders.any():
                continue
            highest = float(probability[holders].max())
            if highest < self._min_probability and (worst is None or highest < worst[0]):
                worst = (highest, int(decision), int(choice))
        if worst is None:
            return False
        self.drop(*worst[1:])
        return True

    def record_outcome(self, improved: bool) -> bool:
        """Count queries without improvement; return whether a dropped choice was restored."""
        self._stalled = 0 if improved else self._stalled + 1
        if self._stalled < self._patience or not self._dropped:
            return False
        self.allowed[self._dropped.pop()] = True
        self._stalled = 0
        return True
