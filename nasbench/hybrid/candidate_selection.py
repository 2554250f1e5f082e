"""From what a proposer brings to the one architecture that is measured next."""

from __future__ import annotations

import numpy as np

from nasbench.hybrid.enumeration import Listing, listing_of
from nasbench.hybrid.multi_objective_surrogate import Model
from nasbench.hybrid.progressive import Ladder, Support
from nasbench.spaces.space import Architectures, Space

TRIES = 64
CLIMBERS = 2


class Selection:
    """Chooses among candidates, and never what has been measured before.

    Args:
        space: the space.
        merged: whether architectures of equal function count as one.
        model: judges candidates; None takes the first.
        support: choices that candidates may use.
        rungs: fidelities of the ladder; 1 is no ladder.
        climb: steps of ascent on the acquisition value where the space cannot be listed.
    """

    def __init__(
        self, space: Space, *, merged: bool, model: Model | None, support: Support, rungs: int, climb: int
    ) -> None:
        self._space = space
        self._merged = merged
        self._model = model
        self._support = support
        self._ladder = Ladder(rungs)
        self._climb = climb
        self._known: dict[bytes, tuple[int, Architectures]] = {}
        self._open = np.ones(0 if self.listing is None else len(self.listing), dtype=bool)

    @property
    def listing(self) -> Listing | None:
        """What there is to choose from, where the space is small enough to list it."""
        return listing_of(self._space, self._merged)

    def best(self, candidates: Architectures) -> Architectures | None:
        """The candidate `(n, d)` of the highest acquisition value that is open; without a model the first one."""
        candidates = self._eligible(candidates)
        if not len(candidates):
            return None
        if self._model is None:
            return candidates[0]
        return candidates[int(self._model.acquisition(self._model.believed(candidates)).argmax())]

    def best_listed(self) -> Architectures | None:
        """The same among all that are listed."""
        assert self._model is not None and self.listing is not None
        architectures = self.listing.architectures
        held = self._open if self._support.is_full else self._open & self._support.holds(architectures)
        if not held.any():
            return None
        best = int(self._model.acquisition(self._model.believed_listed(held)).argmax())
        return self._as_before(architectures[np.flatnonzero(held)[best]])

    def climbed(self, pool: Architectures) -> Architectures:
        """A pool `(n, d)`, and what steepest ascent over one-decision neighbours reaches from its best, appended."""
        assert self._model is not None
        pool = self._eligible(pool)
        found = [pool]
        for step in range(self._climb + 1):
            if not len(found[-1]):
                break
            worth = self._model.acquisition(self._model.believed(found[-1]))
            here = found[-1][np.argsort(-worth, kind="stable")[:CLIMBERS]]
            if step < self._climb:
                found.append(self._eligible(self._space.neighbours(here).reshape(-1, self._space.d)))
        return np.concatenate(found)

    def uniform(self, rng: np.random.Generator) -> Architectures | None:
        """Uniform over what is open where it is listed; else over architectures, by rejection."""
        if self.listing is not None:
            places = np.flatnonzero(self._open)
            if not len(places):
                return None
            return self._as_before(self.listing.architectures[places[rng.integers(len(places))]])
        candidates = self._space.sample(rng.random((TRIES, self._space.d)))
        return next((a for a in candidates if self.rung(a) <= self._ladder.top), None)

    def rung(self, architecture: Architectures) -> int:
        """Where on the ladder an architecture `(d,)` is measured next; above its top when it is through."""
        return self._ladder.next_rung(self._functions(architecture[None])[0])

    def measured(self, architecture: Architectures, rung: int) -> int:
        """Remember a measurement; return the number of the function, in order of appearance."""
        function = self._functions(architecture[None])[0]
        self._ladder.climbed(function, rung)
        if self.listing is not None and self._ladder.next_rung(function) > self._ladder.top:
            self._open[self.listing.member[self._space.index(architecture)]] = False
        return self._known.setdefault(function, (len(self._known), architecture))[0]

    def _functions(self, architectures: Architectures) -> list[bytes]:
        forms = self._space.canonical(architectures) if self._merged else architectures
        return [row.tobytes() for row in np.ascontiguousarray(forms)]

    def _as_before(self, architecture: Architectures) -> Architectures:
        """The architecture that stood for the same function when it was measured before, at a lower fidelity."""
        known = self._known.get(self._functions(architecture[None])[0])
        return architecture if known is None else known[1]

    def _eligible(self, candidates: Architectures) -> Architectures:
        """Candidates that are feasible, within the support and open, each once, in their order."""
        candidates = candidates[self._space.is_feasible(candidates)]
        if not self._support.is_full:
            candidates = candidates[self._support.holds(candidates)]
        kept: dict[bytes, Architectures] = {}
        for architecture, function in zip(candidates, self._functions(candidates), strict=True):
            if function not in kept and self._ladder.next_rung(function) <= self._ladder.top:
                kept[function] = self._known[function][1] if function in self._known else architecture
        return np.array(list(kept.values()), dtype=np.int8).reshape(-1, self._space.d)
