"""Adaptive operator selection by adaptive pursuit with a probability floor (Thierens 2005)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class AdaptivePursuit:
    """Selects the operator of each query by what operators have earned.

    The quality of an operator is the running mean of its rewards; after every reward the probability of the best one moves towards
    all that the floors leave, the others' towards the floor. No probability falls below the floor, so every operator is selected
    infinitely often.

    Args:
        probabilities: names, and selection probabilities at the start, up to a factor.
        rng: random numbers of the scheduler alone.
        min_probability: smallest probability; at most one divided by the number of operators.
        learning_rate: of qualities and probabilities, in [0, 1]; 0 keeps the initial probabilities.

    Attributes:
        probabilities: selection probability of each operator now.
    """

    def __init__(
        self,
        probabilities: Mapping[str, float],
        rng: np.random.Generator,
        *,
        min_probability: float,
        learning_rate: float,
    ) -> None:
        total = sum(probabilities.values())
        self._floor = min(min_probability, 1 / len(probabilities))
        room = 1 - self._floor * len(probabilities)
        self.probabilities = {name: self._floor + room * share / total for name, share in probabilities.items()}
        self._quality = dict(self.probabilities)
        self._rng = rng
        self._learning_rate = learning_rate

    def select(self) -> str:
        """Draw the operator of the next query."""
        names = list(self.probabilities)
        if len(names) == 1:
            return names[0]
        edges = np.cumsum([self.probabilities[name] for name in names])
        return names[min(int(np.searchsorted(edges, self._rng.random() * edges[-1], side="right")), len(names) - 1)]

    def reward(self, name: str, reward: float) -> None:
        """Credit an operator with a reward in [0, 1]; a name that is no operator here is ignored."""
        if name not in self.probabilities:
            return
        self._quality[name] += self._learning_rate * (reward - self._quality[name])
        best = max(self._quality, key=lambda n: self._quality[n])
        top = 1 - self._floor * (len(self.probabilities) - 1)
        for other in self.probabilities:
            target = top if other == best else self._floor
            self.probabilities[other] += self._learning_rate * (target - self.probabilities[other])
