"""Spaces in which some combinations are no architecture: sampling, mutation and repair that stay inside.

`NarrowedSpace` is the search space of a table that holds a part of its space only: a sample, or an import that is not complete.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Architectures, Floats, Ints, Space


class ConstrainedSpace(Space):
    """A product space with infeasible combinations, feasible ones listed in `all`; subclasses define `is_feasible`."""

    @property
    def size(self) -> int:
        """Number of feasible architectures."""
        return len(self.all)

    def sample(self, uniform: Floats) -> Architectures:
        """Uniform feasible architectures from uniform numbers `(..., d)`, of which the first is used."""
        return self.all[(uniform[..., 0] * self.size).astype(np.int64)]

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Change one decision, with the probabilities of the full product given that the result is feasible.

        Uses the first of the uniform numbers `(..., 2)`. An architecture without a feasible neighbour is replaced by one of
        the nearest others.
        """
        if kind not in self.mutations:
            raise NasbenchError(f"Space {self.name!r} has no mutation {kind!r}; it has {', '.join(self.mutations)}.")
        children = self._inside(self.neighbours(architectures))
        allowed = self.is_feasible(children) & (children != architectures[..., None, :]).any(axis=-1)
        decision, _ = self._flips
        weights = self.mutations[kind][decision] / (self.cardinalities[decision] - 1) * allowed
        result = np.take_along_axis(children, _draw(weights, uniform[..., 0])[..., None, None], axis=-2)[..., 0, :]
        for stuck in np.argwhere(~allowed.any(axis=-1)):
            at = tuple(stuck)
            nearest = self._nearest(architectures[at], other=True)
            result[at] = nearest[int(uniform[(*at, 0)] * len(nearest))]
        return result

    def repair(self, architectures: Architectures) -> Architectures:
        """Replace what is infeasible by its canonical form if that is feasible, else by the nearest: `(..., d)` to `(..., d)`.

        Near means few decisions apart; of several the first in the order of the index is taken.
        """
        if self.is_feasible(architectures).all():
            return architectures
        result = self._inside(architectures)
        for at in np.argwhere(~self.is_feasible(result)):
            result[tuple(at)] = self._nearest(result[tuple(at)])[0]
        return result

    def _inside(self, architectures: Architectures) -> Architectures:
        """Replace an infeasible architecture by its canonical form where that is feasible."""
        infeasible = ~self.is_feasible(architectures)
        equal = self.canonical(architectures[infeasible])
        result = architectures.copy()
        result[infeasible] = np.where(self.is_feasible(equal)[..., None], equal, architectures[infeasible])
        return result

    def _nearest(self, architecture: Architectures, other: bool = False) -> Architectures:
        """All feasible architectures at the smallest distance, without the architecture itself if `other`."""
        distance = (self.all != architecture).sum(axis=1)
        if other:
            distance[distance == 0] = self.d + 1
        return self.all[distance == distance.min()]


class NarrowedSpace(ConstrainedSpace):
    """A space cut down to listed architectures.

    Args:
        base: the space; names, canonical form, mutations and closed forms are its own.
        index: ascending index of each architecture that stays, `(N,)`.
    """

    def __init__(self, base: Space, index: Ints) -> None:
        super().__init__(base.name, base.decisions, base.choices)
        self.base = base
        self._listed = np.asarray(index)
        self.__dict__["all"] = base.from_index(self._listed)

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Whether each architecture is one of the list."""
        inside = super().is_feasible(architectures)
        index = self.index(np.where(inside[..., None], architectures, 0))
        position = np.minimum(np.searchsorted(self._listed, index), len(self._listed) - 1)
        return inside & (self._listed[position] == index)

    @property
    def mutations(self) -> Mapping[str, Floats]:  # type: ignore[override]
        """Those of the base."""
        return self.base.mutations

    def canonical(self, architectures: Architectures) -> Architectures:
        """That of the base."""
        return self.base.canonical(architectures)

    @property
    def has_paths(self) -> bool:
        """As the base."""
        return self.base.has_paths

    def paths(self, architectures: Architectures) -> Floats:
        """Those of the base."""
        return self.base.paths(architectures)

    def path_features(self, architectures: Architectures) -> NDArray[np.int16]:
        """Those of the base."""
        return self.base.path_features(architectures)

    def to_string(self, architecture: Architectures) -> str:
        """As the base."""
        return self.base.to_string(architecture)

    def from_string(self, text: str) -> Architectures:
        """As the base."""
        return self.base.from_string(text)

    def __getattr__(self, name: str) -> object:
        if name in ("parameters", "flops", "datasets"):
            return getattr(self.base, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


def _draw(weights: Floats, uniform: Floats) -> Ints:
    """Position drawn in proportion to weights `(..., n)`; 0 where all are zero."""
    cumulative = np.cumsum(weights, axis=-1)
    chosen = (cumulative <= uniform[..., None] * cumulative[..., -1:]).sum(axis=-1)
    return np.where(cumulative[..., -1] > 0, np.minimum(chosen, weights.shape[-1] - 1), 0)
