"""Who proposes the next query: adaptive pursuit with a floor for everyone (Thierens 2005)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Scheduler:
    """Shares queries among proposers by what each has earned.

    Adaptive pursuit: a proposer's quality is the running mean of its rewards; after every reward the best one's share moves
    towards all that the floors leave, the others' towards the floor. No share falls below the floor, so every proposer is asked
    infinitely often.

    Args:
        shares: names, and shares at the start.
        rng: random numbers of the scheduler alone.
        floor: smallest share; at most one divided by the number of proposers.
        rate: how fast qualities and shares follow, in [0, 1]; 0 keeps the shares of the start.

    Attributes:
        shares: probability of each proposer now.
    """

    def __init__(self, shares: Mapping[str, float], rng: np.random.Generator, *, floor: float, rate: float) -> None:
        total = sum(shares.values())
        self._floor = min(floor, 1 / len(shares))
        room = 1 - self._floor * len(shares)
        self.shares = {name: self._floor + room * share / total for name, share in shares.items()}
        self._quality = dict(self.shares)
        self._rng = rng
        self._rate = rate

    def pick(self) -> str:
        """Draw who proposes next."""
        names = list(self.shares)
        edges = np.cumsum([self.shares[name] for name in names])
        return names[min(int(np.searchsorted(edges, self._rng.random() * edges[-1], side="right")), len(names) - 1)]

    def reward(self, name: str, reward: float) -> None:
        """Tell what the query of a proposer was worth, in [0, 1]; who is not a proposer here earns nothing."""
        if name not in self.shares:
            return
        self._quality[name] += self._rate * (reward - self._quality[name])
        best = max(self._quality, key=lambda n: self._quality[n])
        top = 1 - self._floor * (len(self.shares) - 1)
        for other in self.shares:
            aim = top if other == best else self._floor
            self.shares[other] += self._rate * (aim - self.shares[other])
