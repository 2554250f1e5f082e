"""What one run has measured; what algorithms with a surrogate share.

None of them measures an architecture twice, as in their papers (expected improvement there is that of a function without noise, and
naszilla and PNAS leave out what was measured). So a run in a space that is exhausted ends before its budget, also where a repeated
training would be charged and could differ, and the report says that the optimizer proposed nothing more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.search.observations import RunObservations
from nasbench.spaces.space import Architectures, Floats, Space


class Seen:
    """The architectures that a run has measured, each once, with the error of its first answer.

    Attributes:
        architectures: `(t, d)`.
        errors: the first objective, `(t,)`.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._keys: set[bytes] = set()
        self.architectures: Architectures = np.empty((0, space.d), dtype=np.int8)
        self.errors: Floats = np.empty(0)

    def __len__(self) -> int:
        return len(self.errors)

    def add(self, observations: RunObservations) -> int:
        """Take in a batch; return how many architectures were new."""
        new = [i for i, key in enumerate(_keys(observations.architectures)) if self._enter(key)]
        self.architectures = np.concatenate([self.architectures, observations.architectures[new]])
        self.errors = np.concatenate([self.errors, observations.objectives[new, 0]])
        return len(new)

    def _enter(self, key: bytes) -> bool:
        known = key in self._keys
        self._keys.add(key)
        return not known

    def best(self, number: int) -> Architectures:
        """The best architectures, best first, `(number, d)` or fewer."""
        return self.architectures[np.argsort(self.errors, kind="stable")[:number]]

    def unseen(self, architectures: Architectures) -> Architectures:
        """Those of `(n, d)` that are feasible and not measured, each once, in their order, `(m, d)`."""
        feasible = architectures[self._space.is_feasible(architectures)]
        fresh = [key for key in dict.fromkeys(_keys(feasible)) if key not in self._keys]
        return np.frombuffer(b"".join(fresh), dtype=np.int8).reshape(-1, self._space.d)


def _keys(architectures: Architectures) -> list[bytes]:
    """The bytes of each row of `(n, d)`."""
    d = architectures.shape[-1]
    rows: list[Any] = np.ascontiguousarray(architectures).view(np.dtype((np.void, d))).ravel().tolist()
    return rows
