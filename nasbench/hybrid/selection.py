"""From what a proposer brings to the one architecture that is measured next."""

from __future__ import annotations

import numpy as np

from nasbench.hybrid.listing import Listing, listing_of
from nasbench.hybrid.model import Model
from nasbench.hybrid.progressive import Ladder, Support
from nasbench.spaces.space import Architectures, Ints, Space

TRIES = 64
CLIMBERS = 2


class Selection:
    """Chooses among candidates, and never what has been measured before.

    Args:
        space: the space.
        canonical: whether architectures of equal function are measured once.
        model: judges candidates; None takes the first.
        support: choices that candidates may use.
        rungs: fidelities of the ladder; 1 is no ladder.
        climb: steps of ascent on the acquisition value where the space cannot be listed.
    """

    def __init__(
        self, space: Space, *, canonical: bool, model: Model | None, support: Support, rungs: int, climb: int
    ) -> None:
        self._space = space
        self._canonical = canonical
        self._model = model
        self._support = support
        self._ladder = Ladder(rungs)
        self._climb = climb
        self._number: dict[bytes, int] = {}

    @property
    def listing(self) -> Listing | None:
        """One architecture of each function, where the space is small enough to list them."""
        return listing_of(self._space, self._canonical)

    def best(self, candidates: Architectures) -> Architectures | None:
        """The candidate `(n, d)` of the highest acquisition value that is open; without a model the first one."""
        candidates = candidates[self._space.is_feasible(candidates) & self._support.holds(candidates)]
        if self._model is None or not len(candidates):
            return self._first_open(candidates, np.arange(len(candidates)))
        return self._first_open(candidates, np.argsort(-self._model.acquisition(candidates), kind="stable"))

    def best_listed(self) -> Architectures | None:
        """The same among all that are listed."""
        assert self._model is not None and self.listing is not None
        candidates, worth = self.listing.architectures, self._model.acquisition()
        if not self._support.is_full:
            held = self._support.holds(candidates)
            candidates, worth = candidates[held], worth[held]
        if len(worth) > TRIES:
            # Nearly always one of the first few is open, and sorting a whole listing is slow.
            few = np.argpartition(-worth, TRIES)[:TRIES]
            found = self._first_open(candidates, few[np.argsort(-worth[few], kind="stable")])
            if found is not None:
                return found
        return self._first_open(candidates, np.argsort(-worth, kind="stable"))

    def climbed(self, pool: Architectures) -> Architectures:
        """A pool `(n, d)`, and what steepest ascent over one-decision neighbours reaches from its best, appended."""
        assert self._model is not None
        pool = pool[self._space.is_feasible(pool)]
        here = pool[np.argsort(-self._model.acquisition(pool), kind="stable")[:CLIMBERS]]
        found = [pool]
        for _ in range(self._climb if len(pool) else 0):
            around = self._space.neighbours(here)
            feasible = self._space.is_feasible(around)
            worth = np.full(around.shape[:2], -np.inf)
            worth[feasible] = self._model.acquisition(around[feasible])
            here = around[np.arange(len(here)), worth.argmax(axis=1)]
            found.append(here)
        return np.concatenate(found)

    def uniform(self, rng: np.random.Generator) -> Architectures | None:
        """Uniform over the functions that are open where they are listed; else over architectures, by rejection."""
        if self.listing is not None:
            return self._first_open(self.listing.architectures, rng.permutation(len(self.listing)))
        return self._first_open(self._space.sample(rng.random((TRIES, self._space.d))), np.arange(TRIES))

    def rung(self, architecture: Architectures) -> int:
        """Where on the ladder an architecture `(d,)` is measured next."""
        return self._ladder.next_rung(self._functions(architecture[None])[0])

    def measured(self, architecture: Architectures, rung: int) -> int:
        """Remember a measurement; return the number of the function, in order of appearance."""
        function = self._functions(architecture[None])[0]
        self._ladder.climbed(function, rung)
        return self._number.setdefault(function, len(self._number))

    def _functions(self, architectures: Architectures) -> list[bytes]:
        forms = self._space.canonical(architectures) if self._canonical else architectures
        return [row.tobytes() for row in np.ascontiguousarray(forms)]

    def _first_open(self, candidates: Architectures, order: Ints) -> Architectures | None:
        for start in range(0, len(order), TRIES):
            some = candidates[order[start : start + TRIES]]
            for architecture, function in zip(some, self._functions(some), strict=True):
                if self._ladder.next_rung(function) <= self._ladder.top:
                    return architecture
        return None
