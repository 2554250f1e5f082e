"""The kernel over architectures: a function of how far apart they are in their decisions, and in the path features of the space.

The squared distance is `sum_g w_g D_g(x, x')` over groups of features: `decisions`, the choices, one-hot, or steps where they are
ordered; `paths`, how often each operation sequence occurs on a live input-to-output path; `bigrams`, how often one operation follows
another there; `counts`, how often each choice occurs. Paths and bigrams are those of the space, or are
counted in its graphs (see `nasbench.hybrid.graph_features`). Isomorphic architectures have equal paths and bigrams. Two kernels of
that distance are offered, both positive definite whatever the features: the Gaussian (RBF) one, which is a product over groups, and over
unordered decisions a product of 1 where they agree and `exp(-w)` where they differ; and the rougher Matérn kernel of
smoothness 5/2, which correlates near architectures less and far ones more.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nasbench.hybrid.enumeration import enumerate_space
from nasbench.hybrid.graph_features import structural_encoding
from nasbench.search.operation_counter import record
from nasbench.spaces.space import Architectures, Floats, Ints, Space

DECISIONS, PATHS, BIGRAMS, COUNTS, RUNG, KNOWN = "decisions", "paths", "bigrams", "counts", "rung", "known"

Kernel = Literal["matern52", "rbf"]

Reals = NDArray[np.floating[Any]]
"""Features in single or double precision."""


def rbf(exponent: Reals) -> NDArray[Any]:
    """Return `exp(exponent)`, where the exponent is minus half a squared distance; it is overwritten."""
    return np.exp(exponent, out=exponent)


def matern52(exponent: Reals) -> NDArray[Any]:
    """Return the Matérn kernel of smoothness 5/2 (Rasmussen and Williams 2006, equation 4.17) of the distance `r` with exponent `-r^2 / 2`.

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
class FeatureKernel:
    """Features of architectures, in groups, and the kernel of their distance.

    Attributes:
        space: the space.
        path_features: whether to use paths, bigrams and counts of choices, where the space has paths or graphs (see `structural_encoding`).
        bigrams: whether bigrams are among them.
        kernel: "matern52" or "rbf", with path features; without them it is "rbf", and so a product over decisions.
        canonical: whether isomorphic architectures have equal features.
        rungs: number of fidelities; with more than one the rung of a query is a feature of its own.
    """

    space: Space
    _: KW_ONLY
    path_features: bool = True
    bigrams: bool = True
    kernel: Kernel = "matern52"
    canonical: bool = True
    rungs: int = 1

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups."""
        path_groups = (PATHS, BIGRAMS, COUNTS) if self.bigrams else (PATHS, COUNTS)
        return (
            DECISIONS,
            *(path_groups if self.path_features and structural_encoding(self.space) is not None else ()),
            *((RUNG,) if self.rungs > 1 else ()),
        )

    @property
    def is_matern52(self) -> bool:
        """Whether the kernel is Matérn 5/2, as asked for and with path features; else it is Gaussian."""
        return self.kernel == "matern52" and PATHS in self.groups

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Return the columns of each group."""
        example = self.space.sample(np.zeros((1, self.space.d)))
        ends = np.cumsum([self._group(group, example, self.rungs - 1).shape[1] for group in self.groups])
        return tuple(slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True))

    def features(self, architectures: Architectures, rung: int | None = None) -> Floats:
        """Return features `(n, F)` of architectures `(n, d)`, at one rung (the highest if None)."""
        rung = self.rungs - 1 if rung is None else rung
        if self.canonical:
            architectures = self.space.canonical(architectures)
        return np.concatenate([self._group(group, architectures, rung) for group in self.groups], axis=1)

    def _group(self, group: str, architectures: Architectures, rung: int) -> Floats:
        if group == DECISIONS:
            return self.space.decision_features(architectures)
        structure = structural_encoding(self.space)
        if structure is not None and group in (PATHS, BIGRAMS):
            return structure.paths(architectures) if group == PATHS else structure.bigrams(architectures)
        if group == RUNG:
            return np.full((len(architectures), 1), float(rung))
        return self.space.choice_counts(architectures)

    @cached_property
    def column_groups(self) -> Ints:
        """Return the number of the group of each feature, `(F,)`."""
        return np.repeat(np.arange(len(self.groups)), [columns.stop - columns.start for columns in self.slices])

    def squares(self, features: Reals) -> Reals:
        """Return the squared norm in each group, `(n, F)` to `(n, G)`."""
        return np.add.reduceat(features**2, [columns.start for columns in self.slices], axis=1)

    def distances(self, left: Floats, right: Floats) -> Floats:
        """Return half the squared distance in each group, `(G, n, m)`, of features `(n, F)` and `(m, F)`."""
        record("distances", len(left) * len(right))
        inner = np.stack([left[:, columns] @ right[:, columns].T for columns in self.slices])
        return 0.5 * (self.squares(left).T[:, :, None] + self.squares(right).T[:, None]) - inner

    def half_norms(self, features: Reals, weights: Floats) -> Reals:
        """Return half the squared norms of features `(n, F)` under group weights `(G,)`, in their precision, `(n,)`."""
        return (0.5 * self.squares(features) @ weights).astype(features.dtype)

    def __call__(self, left: Floats, right: Reals, weights: Floats, half_norms: Reals | None = None) -> Floats:
        """Return the kernel of features `(n, F)` and `(m, F)` under group weights `(G,)`, `(n, m)`, in the precision of `right`.

        Args:
            left: features.
            right: features.
            weights: of the groups.
            half_norms: `self.half_norms(right, weights)`, where they are at hand.
        """
        record("kernel", len(left) * len(right))
        exponent: Reals = (left * weights[self.column_groups]).astype(right.dtype) @ right.T
        exponent -= (0.5 * self.squares(left) @ weights).astype(right.dtype)[:, None]
        exponent -= self.half_norms(right, weights) if half_norms is None else half_norms
        return self._apply_exponent(exponent)

    def variance(self, features: Reals, weights: Floats) -> Floats:
        """Return the prior variance at features `(n, F)`, that is, their kernel with themselves, `(n,)`: 1 in a stationary kernel."""
        return np.ones(len(features))

    def from_distances(self, distances: Floats, weights: Floats) -> Floats:
        """Return the same of half squared distances by group, `(G, n, m)` to `(n, m)`."""
        exponent = distances[0] * -weights[0]
        for distance, weight in zip(distances[1:], weights[1:], strict=True):
            exponent -= weight * distance
        return self._apply_exponent(exponent)

    def _apply_exponent(self, exponent: Reals) -> NDArray[Any]:
        return matern52(exponent) if self.is_matern52 else rbf(exponent)


class EnumeratedFeatures:
    """Features of every enumerated architecture.

    Attributes:
        features: `(n, F)`, in single precision (small integers, so exact).
    """

    def __init__(self, kernel: FeatureKernel, architectures: Architectures) -> None:
        self.features = kernel.features(architectures).astype(np.float32)

    def __len__(self) -> int:
        return len(self.features)


@lru_cache(maxsize=16)
def enumerated_features(kernel: FeatureKernel, merge_isomorphic: bool) -> EnumeratedFeatures | None:
    """Return features of the enumeration of a space, shared by all runs of a process; None if it is too large.

    Args:
        kernel: of architectures of the space.
        merge_isomorphic: whether the enumeration has one architecture of each isomorphism class.
    """
    enumeration = enumerate_space(kernel.space, merge_isomorphic)
    return None if enumeration is None else EnumeratedFeatures(kernel, enumeration.architectures)
