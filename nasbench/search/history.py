"""The archive of one run: every evaluation, in order, and the front among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.search.dominance import nondominated
from nasbench.search.observations import RunObservations
from nasbench.spaces.space import Architectures, Floats, Ints, Space


@dataclass
class _Class:
    """What is known of architectures that count as one: their number, the first of them, the highest rung they reached."""

    number: int
    first: Architectures
    rung: int


class History:
    """The evaluations of a run, unbounded: nothing is ever removed, so the region that its front dominates never shrinks.

    Args:
        space: the search space.
        objectives: number of objectives, `M`.
        merge_isomorphic: whether architectures of equal canonical form count as one; they do where decisions are conditional.

    Attributes:
        architectures: `(t, d)`.
        objectives: `(t, M)`, minimised.
        rungs: fidelity of each evaluation, as its position among the fidelities of the search, `(t,)`.
        classes: number of the architecture, or of its isomorphism class, in order of first appearance, `(t,)`.
    """

    def __init__(self, space: Space, objectives: int = 1, *, merge_isomorphic: bool = False) -> None:
        self.space = space
        self.merge_isomorphic = merge_isomorphic or space.is_conditional
        self.architectures: Architectures = np.empty((0, space.d), dtype=np.int8)
        self.objectives: Floats = np.empty((0, objectives))
        self.rungs: Ints = np.empty(0, dtype=np.int64)
        self.classes: Ints = np.empty(0, dtype=np.int64)
        self._known: dict[bytes, _Class] = {}
        self._front: Ints | None = None

    def __len__(self) -> int:
        return len(self.rungs)

    def add(self, architectures: Architectures, objectives: Floats, rung: int = 0) -> None:
        """Append evaluations of architectures `(B, d)` with objectives `(B, M)`, all at one rung."""
        known = [
            self._known.setdefault(key, _Class(len(self._known), architecture, rung))
            for key, architecture in zip(self.keys(architectures), architectures, strict=True)
        ]
        for one in known:
            one.rung = max(one.rung, rung)
        self._front = None
        self.architectures = np.concatenate([self.architectures, architectures])
        self.objectives = np.concatenate([self.objectives, objectives])
        self.rungs = np.concatenate([self.rungs, np.full(len(known), rung)])
        self.classes = np.concatenate([self.classes, np.array([one.number for one in known], dtype=np.int64)])

    def add_new(self, observations: RunObservations) -> int:
        """Append the first evaluation of each architecture that is not in the history; return how many there were."""
        position: dict[bytes, int] = {}
        for i, key in enumerate(self.keys(observations.architectures)):
            if key not in self._known:
                position.setdefault(key, i)
        new = list(position.values())
        self.add(observations.architectures[new], observations.objectives[new])
        return len(new)

    def front(self) -> Ints:
        """Return the rows of the non-dominated evaluations at the highest rung so far, in order; of equal ones all."""
        if self._front is None:
            comparable = np.flatnonzero(self.rungs == self.rungs.max(initial=0))
            self._front = comparable[nondominated(self.objectives[comparable])]
        return self._front

    def best(self, number: int) -> Ints:
        """Return the rows of the best evaluations by the first objective, best first, `(number,)` or fewer; the older first in ties."""
        return np.argsort(self.objectives[:, 0], kind="stable")[:number]

    def unseen(self, architectures: Architectures) -> Architectures:
        """Return those of `(n, d)` that are feasible and not in the history, each once, in their order, `(m, d)`."""
        feasible = architectures[self.space.is_feasible(architectures)]
        first: dict[bytes, int] = {}
        for i, key in enumerate(self.keys(feasible)):
            first.setdefault(key, i)
        return feasible[[i for key, i in first.items() if key not in self._known]]

    def __contains__(self, key: object) -> bool:
        """Return whether an architecture was evaluated, by its key."""
        return key in self._known

    def rung(self, key: bytes) -> int:
        """Return the highest rung at which an architecture was evaluated, by its key; -1 if it was not."""
        known = self._known.get(key)
        return -1 if known is None else known.rung

    def first(self, key: bytes) -> Architectures | None:
        """Return the first architecture `(d,)` that was evaluated under a key, or None."""
        known = self._known.get(key)
        return None if known is None else known.first

    def keys(self, architectures: Architectures) -> list[bytes]:
        """Return what identifies each of `(n, d)`: its bytes, or those of its canonical form where isomorphic ones are merged."""
        forms = self.space.canonical(architectures) if self.merge_isomorphic else architectures
        if len(forms) == 1:
            return [forms.tobytes()]
        rows: list[Any] = np.ascontiguousarray(forms).view(np.dtype((np.void, self.space.d))).ravel().tolist()
        return rows
