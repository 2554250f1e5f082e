"""Enumeration of small spaces: one architecture of each isomorphism class, or all; shared by all runs of a process."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nasbench.spaces.space import Architectures, Ints, Space

EXHAUSTIVE = 2**17
"""Largest number of combinations that are enumerated, and then all scored at every query."""


class EnumeratedSpace:
    """The first architecture of every isomorphism class of a space, or every architecture.

    Args:
        space: a space of at most `EXHAUSTIVE` combinations.
        merge_isomorphic: whether architectures of equal canonical form are one class; else each is its own.

    Attributes:
        architectures: `(n, d)`.
        representative_of: for each combination, by its index, the position of its class in `architectures`; -1 if infeasible.
        is_complete: whether every combination is feasible.
    """

    def __init__(self, space: Space, merge_isomorphic: bool) -> None:
        everything = space.all
        index = space.index(everything)
        classes = space.index(space.canonical(everything)) if merge_isomorphic else index
        _, first, inverse = np.unique(classes, return_index=True, return_inverse=True)
        self.architectures: Architectures = everything[first]
        self.representative_of: Ints = np.full(space.product_size, -1, dtype=np.int64)
        self.representative_of[index] = inverse
        self.is_complete = bool((self.representative_of >= 0).all())

    def __len__(self) -> int:
        return len(self.architectures)


@lru_cache(maxsize=8)
def enumerate_space(space: Space, merge_isomorphic: bool) -> EnumeratedSpace | None:
    """Return the enumeration of a space, or None if it has too many combinations."""
    return EnumeratedSpace(space, merge_isomorphic) if space.product_size <= EXHAUSTIVE else None
