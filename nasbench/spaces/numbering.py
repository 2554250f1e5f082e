"""Consecutive numbers for architectures of a space of any size, in order of first appearance; identity is by bytes.

An index in the space, as `Space.index` gives it, exists only where the space has fewer than 2^63 combinations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.spaces.space import Architectures, Ints, Space


class Numbering:
    """The distinct architectures of a space seen so far.

    Args:
        space: their space.

    Example:
        >>> from nasbench.testing import toy_space
        >>> Numbering(toy_space()).numbers(np.array([[3, 1, 2], [0, 0, 0], [3, 1, 2]], dtype=np.int8)).tolist()
        [0, 1, 0]
    """

    def __init__(self, space: Space) -> None:
        self._d = space.d
        self._known: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def numbers(self, architectures: Architectures) -> Ints:
        """Return the number of each architecture, `(..., d)` to `(...)`; one that is new gets the next."""
        flat = np.ascontiguousarray(architectures, dtype=np.int8).reshape(-1, self._d)
        known = self._known
        keys: list[Any] = flat.view(np.dtype((np.void, self._d))).ravel().tolist()
        found = [known.setdefault(key, len(known)) for key in keys]
        return np.array(found, dtype=np.int64).reshape(architectures.shape[:-1])

    def architectures(self, first: int = 0) -> Architectures:
        """Return the architectures seen so far, from a number on, `(n, d)`."""
        keys = list(self._known)[first:]
        return np.frombuffer(b"".join(keys), dtype=np.int8).reshape(-1, self._d)
