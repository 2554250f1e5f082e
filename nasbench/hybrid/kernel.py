"""The kernel over architectures: a function of how far apart they are in their decisions, and in what the space knows of paths.

The squared distance is `sum_g w_g D_g(x, x')` over groups of features: `decisions`, the choices, one-hot, or steps where they are
ordered; `paths`, how often each operation sequence occurs on a live input-to-output path; `bigrams`, how often one operation follows
another there; `counts`, how often each choice occurs. Architectures of equal function have equal paths and bigrams. Two kernels of
that distance are offered, both positive definite whatever the features: the Gaussian one, which is a product over groups, and over
unordered decisions a product of 1 where they agree and `exp(-w)` where they differ; and a rougher Matérn kernel, which trusts what is
near less and what is far more.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import listing_of
from nasbench.spaces.space import Architectures, Floats, Ints, Space

DECISIONS, PATHS, BIGRAMS, COUNTS, RUNG = "decisions", "paths", "bigrams", "counts", "rung"

Reals = NDArray[np.floating[Any]]
"""Features in single or double precision."""


def gaussian(exponent: Reals) -> NDArray[Any]:
    """`exp(exponent)`, where the exponent is minus half a squared distance; it is overwritten."""
    return np.exp(exponent, out=exponent)


def matern(exponent: Reals) -> NDArray[Any]:
    """Matérn kernel of smoothness 5/2 (Rasmussen and Williams 2006, equation 4.17) of the distance `r` with exponent `-r^2 / 2`.

    `(1 + s + s^2 / 3) exp(-s)` with `s = sqrt(5) r`. The exponent is overwritten.
    """
    # Rounding may leave the exponent of equal features a little above 0.
    squared = np.maximum(np.multiply(exponent, -10.0, out=exponent), 0.0, out=exponent)
    root = np.sqrt(squared)
    squared /= 3.0
    squared += root
    squared += 1.0
    squared *= np.exp(np.negative(root, out=root), out=root)
    return squared


@dataclass(frozen=True)
class Embedding:
    """Features of architectures, in groups, and the kernel of their distance.

    Attributes:
        space: the space.
        paths: whether to use paths, bigrams and counts of choices, where the space has paths.
        bigrams: whether bigrams are among them.
        rough: whether the kernel beside paths is the Matérn one; without paths it is Gaussian, and so a product over decisions.
        canonical: whether architectures of equal function have equal features.
        rungs: number of fidelities; with more than one the rung of a query is a feature of its own.
    """

    space: Space
    _: KW_ONLY
    paths: bool = True
    bigrams: bool = True
    rough: bool = True
    canonical: bool = True
    rungs: int = 1

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups."""
        of_paths = (PATHS, BIGRAMS, COUNTS) if self.bigrams else (PATHS, COUNTS)
        return (
            DECISIONS,
            *(of_paths if self.paths and self.space.has_paths else ()),
            *((RUNG,) if self.rungs > 1 else ()),
        )

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Columns of each group."""
        example = self.space.sample(np.zeros((1, self.space.d)))
        ends = np.cumsum([self._group(group, example, self.rungs - 1).shape[1] for group in self.groups])
        return tuple(slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True))

    def __call__(self, architectures: Architectures, rung: int | None = None) -> Floats:
        """Features `(n, F)` of architectures `(n, d)`, at one rung (the highest unless told)."""
        rung = self.rungs - 1 if rung is None else rung
        if self.canonical:
            architectures = self.space.canonical(architectures)
        return np.concatenate([self._group(group, architectures, rung) for group in self.groups], axis=1)

    def _group(self, group: str, architectures: Architectures, rung: int) -> Floats:
        if group == DECISIONS:
            return self.space.decision_features(architectures)
        if group == PATHS:
            return self.space.paths(architectures)
        if group == BIGRAMS:
            return self.space.bigrams(architectures)
        if group == RUNG:
            return np.full((len(architectures), 1), float(rung))
        return self.space.choice_counts(architectures)

    @cached_property
    def group_of(self) -> Ints:
        """Number of the group of each feature, `(F,)`."""
        return np.repeat(np.arange(len(self.groups)), [columns.stop - columns.start for columns in self.slices])

    def squares(self, features: Reals) -> Reals:
        """Squared norm in each group, `(n, F)` to `(n, G)`."""
        return np.add.reduceat(features**2, [columns.start for columns in self.slices], axis=1)

    def distances(self, left: Floats, right: Floats) -> Floats:
        """Half the squared distance in each group, `(G, n, m)`, of features `(n, F)` and `(m, F)`."""
        inner = np.stack([left[:, columns] @ right[:, columns].T for columns in self.slices])
        return 0.5 * (self.squares(left).T[:, :, None] + self.squares(right).T[:, None]) - inner

    def kernel(self, left: Floats, right: Reals, weights: Floats, squares: Reals | None = None) -> Floats:
        """Kernel of features `(n, F)` and `(m, F)` under group weights `(G,)`, `(n, m)`, in the precision of `right`.

        Args:
            left: features.
            right: features.
            weights: of the groups.
            squares: `self.squares(right)`, where they are at hand.
        """
        exponent: Reals = (left * weights[self.group_of]).astype(right.dtype) @ right.T
        exponent -= (0.5 * self.squares(left) @ weights).astype(right.dtype)[:, None]
        exponent -= (0.5 * (self.squares(right) if squares is None else squares) @ weights).astype(right.dtype)
        return self._of_exponent(exponent)

    def kernel_of_distances(self, distances: Floats, weights: Floats) -> Floats:
        """The same of half squared distances by group, `(G, n, m)` to `(n, m)`."""
        exponent = distances[0] * -weights[0]
        for distance, weight in zip(distances[1:], weights[1:], strict=True):
            exponent -= weight * distance
        return self._of_exponent(exponent)

    def _of_exponent(self, exponent: Reals) -> NDArray[Any]:
        return matern(exponent) if self.rough and PATHS in self.groups else gaussian(exponent)


class ListedFeatures:
    """Features of every listed architecture.

    Attributes:
        features: `(n, F)`, in single precision (small integers, so exact).
        squares: squared norms by group, `(n, G)`.
    """

    def __init__(self, embedding: Embedding, architectures: Architectures) -> None:
        self.features = embedding(architectures).astype(np.float32)
        self.squares = embedding.squares(self.features)

    def __len__(self) -> int:
        return len(self.features)


@lru_cache(maxsize=16)
def listed_features(embedding: Embedding, merged: bool) -> ListedFeatures | None:
    """Features of the listing of a space, shared by all runs of a process; None if it is too large to list.

    Args:
        embedding: of architectures of the space.
        merged: whether the listing has one architecture of each function.
    """
    listing = listing_of(embedding.space, merged)
    return None if listing is None else ListedFeatures(embedding, listing.architectures)
