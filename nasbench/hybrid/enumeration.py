"""Small spaces listed: each function once, or each architecture; shared by all runs of a process."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nasbench.spaces.space import Architectures, Ints, Space

EXHAUSTIVE = 2**17
"""Largest number of combinations that are listed, and then all scored at every query."""


class Listing:
    """The first architecture of every function of a space, or every architecture.

    Args:
        space: an enumerable space.
        merged: whether architectures of equal canonical form are one function; else each is its own.

    Attributes:
        architectures: `(n, d)`.
        member: for each combination, by its index, which of the listed computes the same function; -1 if infeasible.
        is_complete: whether every combination is feasible.
    """

    def __init__(self, space: Space, merged: bool) -> None:
        everything = space.all
        index = space.index(everything)
        functions = space.index(space.canonical(everything)) if merged else index
        _, first, inverse = np.unique(functions, return_index=True, return_inverse=True)
        self.architectures: Architectures = everything[first]
        self.member: Ints = np.full(space.product_size, -1, dtype=np.int64)
        self.member[index] = inverse
        self.is_complete = bool((self.member >= 0).all())

    def __len__(self) -> int:
        return len(self.architectures)


@lru_cache(maxsize=8)
def listing_of(space: Space, merged: bool) -> Listing | None:
    """The listing of a space, or None if it has too many combinations."""
    return Listing(space, merged) if space.product_size <= EXHAUSTIVE else None
