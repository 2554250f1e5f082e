"""Spaces with infeasible combinations: sampling, mutation and repair that stay feasible.

`NarrowedSpace` is the search space of a table that covers only part of its space, such as a sample or an incomplete
import. The neighbours of an architecture are its `n` nearest architectures in the table, where `n` is the number of its
neighbours in the whole space. A complete table thus has the ordinary neighbourhood, and a table of a few per cent of
the space is still connected. A space that can be listed becomes one under constraints, too (`restrict`); of one that cannot,
`FilteredSpace` rejects what violates them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.spaces.cell_graphs import CellGraphs
from nasbench.spaces.space import Architectures, Floats, Ints, Space

_AT_ONCE = 64
SAMPLED = 2**14
"""Random architectures by which a space that cannot be listed is judged under constraints."""
_ROUNDS, _DRAWS = 64, 64
"""Rejection sampling: number of rounds, and draws in each."""

Condition = Callable[[Architectures], NDArray[np.bool_]]
"""Of architectures `(..., d)` to `(...)`."""


class ConstrainedSpace(Space):
    """A product space with infeasible combinations, feasible ones listed in `all`; subclasses define `is_feasible`."""

    @property
    def size(self) -> int:
        """Number of feasible architectures."""
        return len(self.all)

    def sample(self, uniform: Floats) -> Architectures:
        """Return uniform feasible architectures from uniform numbers `(..., d)`, of which the first is used."""
        return self.all[(uniform[..., 0] * self.size).astype(np.int64)]

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Change one decision, with the probabilities of the full product given that the result is feasible.

        Uses the first of the uniform numbers `(..., 2)`. Every architecture of the space must have a feasible neighbour.
        """
        if kind not in self.mutations:
            raise NasbenchError(f"Space {self.name!r} has no mutation {kind!r}; it has {', '.join(self.mutations)}.")
        children = self.neighbours(architectures)
        decision, _ = self._flips
        weights = self.mutations[kind][decision] / (self.cardinalities[decision] - 1) * self.is_feasible(children)
        chosen = draw(weights, uniform[..., 0])
        return np.take_along_axis(children, chosen[..., None, None], axis=-2)[..., 0, :]

    def repair(self, architectures: Architectures) -> Architectures:
        """Replace infeasible combinations by their canonical form if that is feasible, else by the nearest feasible
        architecture: `(..., d)` to `(..., d)`.

        The distance is the number of differing decisions; ties are resolved by the index.
        """
        if self.is_feasible(architectures).all():
            return architectures
        result = self._inside(architectures)
        outside = ~self.is_feasible(result)
        result[outside] = self._nearest_feasible(result[outside])
        return result

    def _nearest_feasible(self, architectures: Architectures) -> Architectures:
        """Return the nearest feasible architecture of each of infeasible ones, `(n, d)`, the one of smallest index in ties."""
        near = Space.neighbours(
            self, architectures
        )  # most lie one decision outside, for which the list need not be scanned
        feasible = self.is_feasible(near)
        first = np.where(feasible, self.index(near), np.iinfo(np.int64).max).argmin(axis=1)
        result = near[np.arange(len(near)), first]
        for at in np.flatnonzero(~feasible.any(axis=1)):
            result[at] = self._nearest_beyond(architectures[at])
        return result

    def _nearest_beyond(self, architecture: Architectures) -> Architectures:
        """Return the nearest feasible architecture `(d,)` of one without a feasible neighbour, the one of smallest index in ties."""
        equal = np.bitwise_count(self._packed & self._pack(architecture)).sum(axis=1)
        nearest: Architectures = self.all[equal.argmax()]
        return nearest

    @cached_property
    def _packed(self) -> NDArray[np.uint64]:
        """One bit for each choice of each decision of `all`, `(size, words)`: decisions that agree are counted in a word at a time."""
        return self._pack(self.all)

    def _pack(self, architectures: Architectures) -> NDArray[np.uint64]:
        bits = np.concatenate(
            [architectures[..., i, None] == np.arange(k) for i, k in enumerate(self.cardinalities)], -1
        )
        missing = -bits.shape[-1] % 64
        padded = np.concatenate([bits, np.zeros((*bits.shape[:-1], missing), dtype=bool)], axis=-1)
        return np.packbits(padded, axis=-1).view(np.uint64)

    def _inside(self, architectures: Architectures) -> Architectures:
        """Replace an infeasible architecture by its canonical form where that is feasible."""
        infeasible = ~self.is_feasible(architectures)
        equal = self.canonical(architectures[infeasible])
        result = architectures.copy()
        result[infeasible] = np.where(self.is_feasible(equal)[..., None], equal, architectures[infeasible])
        return result


class SubsetSpace(ConstrainedSpace):
    """A part of another space, from which names, canonical form, encodings and closed forms are inherited.

    Args:
        base: the other space.
    """

    def __init__(self, base: Space) -> None:
        super().__init__(base.name, base.decisions, base.choices)
        self.base = base

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """As the base."""
        return self.base.ordered

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """As the base."""
        return self.base.numeric

    @property
    def n_neighbours(self) -> int:
        """As the base."""
        return self.base.n_neighbours

    @property
    def is_conditional(self) -> bool:
        """As the base."""
        return self.base.is_conditional

    @property
    def parents_first(self) -> tuple[int, ...]:
        """As the base."""
        return self.base.parents_first

    def active(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return the result of the base."""
        return self.base.active(architectures)

    def values(self, architecture: Architectures) -> dict[str, Any]:
        """Return those of the base."""
        return self.base.values(architecture)

    def encoding(self, architectures: Architectures) -> Floats:
        """Return that of the base."""
        return self.base.encoding(architectures)

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return that of the base."""
        return self.base.canonical(architectures)

    @property
    def has_paths(self) -> bool:
        """As the base."""
        return self.base.has_paths

    def paths(self, architectures: Architectures) -> Floats:
        """Return those of the base."""
        return self.base.paths(architectures)

    def path_encoding(self, architectures: Architectures) -> Floats:
        """Return that of the base."""
        return self.base.path_encoding(architectures)

    def bigrams(self, architectures: Architectures) -> Floats:
        """Return those of the base."""
        return self.base.bigrams(architectures)

    def path_features(self, architectures: Architectures) -> NDArray[np.int16]:
        """Return those of the base."""
        return self.base.path_features(architectures)

    @property
    def has_graphs(self) -> bool:
        """As the base."""
        return self.base.has_graphs

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return those of the base."""
        return self.base.graphs(architectures)

    def to_string(self, architecture: Architectures) -> str:
        """Return the result of the base."""
        return self.base.to_string(architecture)

    def from_string(self, text: str) -> Architectures:
        """Return the result of the base."""
        return self.base.from_string(text)

    def __getattr__(self, name: str) -> Any:
        if name in ("parameters", "flops", "datasets"):
            return getattr(self.base, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


class NarrowedSpace(SubsetSpace):
    """A space restricted to listed architectures.

    Args:
        base: the space; names, canonical form, mutations and closed forms are inherited.
        index: ascending indices of the architectures, `(N,)`, at least two.

    Raises:
        NasbenchError: if there are fewer than two.
    """

    def __init__(self, base: Space, index: Ints) -> None:
        super().__init__(base)
        self._listed = np.asarray(index)
        if len(self._listed) < 2:
            raise NasbenchError(f"A search in {base.name!r} needs two architectures at least, not {len(self._listed)}.")
        self.__dict__["all"] = base.from_index(self._listed)

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether each architecture is listed."""
        inside = super().is_feasible(architectures)
        index = self.index(np.where(inside[..., None], architectures, 0))
        position = np.minimum(np.searchsorted(self._listed, index), len(self._listed) - 1)
        return inside & (self._listed[position] == index)

    def neighbours(self, architectures: Architectures) -> Architectures:
        """Return the nearest other architectures of the list, all feasible: `(..., d)` to `(..., n, d)`; ties go by the
        index.
        """
        rows = np.searchsorted(self._listed, self.index(self.repair(architectures)))
        unknown = np.unique(rows[self._near[rows, 0] < 0])
        for first in range(0, len(unknown), _AT_ONCE):
            part = unknown[first : first + _AT_ONCE]
            self._near[part] = self._nearest(part)
        return self.all[self._near[rows]]

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Return one of the neighbours, each with the same probability; uses the first of the uniform numbers
        `(..., 2)`.
        """
        if kind != "uniform":
            raise NasbenchError(
                f"The mutation {kind!r} of {self.name!r} needs the whole space; this table holds a part of it, so use 'uniform'."
            )
        near = self.neighbours(architectures)
        chosen = (uniform[..., 0] * near.shape[-2]).astype(np.int64)
        return np.take_along_axis(near, chosen[..., None, None], axis=-2)[..., 0, :]

    @cached_property
    def _near(self) -> NDArray[np.int32]:
        """Rows of the neighbours of each row, computed on demand."""
        count = min(self.n_neighbours, len(self._listed) - 1)
        return np.full((len(self._listed), count), -1, dtype=np.int32)

    @cached_property
    def _coded(self) -> NDArray[np.float32]:
        """Features, `(N, F)`, the products of which fall by 1 for a decision that differs, and for a number by its levels between."""
        if not self.numeric.any():
            return self.one_hot(self.all).astype(np.float32)
        parts = []
        for i, k in enumerate(self.cardinalities):
            column = self.all[:, i, None]
            above = column > np.arange(k - 1)
            parts += [above, ~above] if self.numeric[i] else [column == np.arange(k)]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _nearest(self, rows: Ints) -> Ints:
        """Return the `_near` rows of some rows: fewest differing decisions, or levels of numbers, first, then by index."""
        n, count = len(self._listed), self._near.shape[1]
        most = int(np.where(self.numeric, self.cardinalities - 1, 1).sum())
        distance = most - (self._coded[rows] @ self._coded.T).astype(np.int64)
        distance[np.arange(len(rows)), rows] = most + 1
        key = distance * n + np.arange(n)
        return np.sort(np.partition(key, count - 1, axis=1)[:, :count], axis=1) % n


class FilteredSpace(SubsetSpace):
    """A space that cannot be listed, restricted to the architectures that satisfy a condition.

    Args:
        base: the space.
        condition: of feasible architectures of the base.
        words: the condition in words, for errors.

    Raises:
        NasbenchError: if none of `SAMPLED` random architectures satisfies the condition.
    """

    def __init__(self, base: Space, condition: Condition, words: str) -> None:
        super().__init__(base)
        self._condition = condition
        drawn = base.sample(np.random.default_rng(0).random((SAMPLED, base.d)))
        satisfied = condition(drawn)
        if not satisfied.any():
            raise _unsatisfied(f"none of {SAMPLED:,} random architectures", base, words)
        self._found = drawn[satisfied]

    @property
    def size(self) -> int:
        """Number of feasible architectures, estimated from the share among random ones."""
        return max(1, min(self.base.size * len(self._found) // SAMPLED, self.product_size - 1))

    @property
    def is_enumerable(self) -> bool:
        """No: only spaces that cannot be listed are filtered."""
        return False

    @property
    def mutations(self) -> Mapping[str, Floats]:  # type: ignore[override]  # the base computes them once
        """Those of the base."""
        return self.base.mutations

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether each architecture belongs to the base and satisfies the condition."""
        result = self.base.is_feasible(architectures)
        result[result] = self._condition(architectures[result])
        return result

    def sample(self, uniform: Floats) -> Architectures:
        """Return uniform feasible architectures from uniform numbers `(..., d)`, by rejection."""
        return self._rejected(self.base.sample(uniform), uniform, lambda _, more: self.base.sample(more))

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Mutate as the base does until the result is feasible; where it never is, return any feasible architecture."""
        child = self.base.mutate(architectures, uniform, kind)

        def again(at: tuple[int, ...], more: Floats) -> Architectures:
            return self.base.mutate(np.broadcast_to(architectures[at], (len(more), self.d)), more, kind)

        return self._rejected(child, uniform, again)

    def _rejected(
        self, first: Architectures, uniform: Floats, draw: Callable[[tuple[int, ...], Floats], Architectures]
    ) -> Architectures:
        """Replace each infeasible one of the first draws by the first feasible one of further draws.

        The further uniform numbers are those of a generator that is seeded by the bits of the given ones.
        """
        result = first.copy()
        for where in np.argwhere(~self.is_feasible(first)):
            at = tuple(int(i) for i in where)
            rng = np.random.default_rng(np.ascontiguousarray(uniform[at]).view(np.uint64))
            result[at] = self._found[int(rng.integers(len(self._found)))]
            for _ in range(_ROUNDS):
                further = draw(at, rng.random((_DRAWS, uniform.shape[-1])))
                feasible = self.is_feasible(further)
                if feasible.any():
                    result[at] = further[int(feasible.argmax())]
                    break
        return result

    def neighbours(self, architectures: Architectures) -> Architectures:
        """Return those of the base, of which some may be infeasible."""
        return self.base.neighbours(architectures)

    def repair(self, architectures: Architectures) -> Architectures:
        """Replace each infeasible combination by its canonical form or a neighbour if that is feasible, else by the first feasible one on
        the way to the nearest known one: `(..., d)` to `(..., d)`.
        """
        if self.is_feasible(architectures).all():
            return architectures
        result = self._inside(architectures)
        for where in np.argwhere(~self.is_feasible(result)):
            at = tuple(int(i) for i in where)
            result[at] = self._nearby(result[at])
        return result

    def _nearby(self, architecture: Architectures) -> Architectures:
        aim = self._found[int((self._found != architecture).sum(axis=1).argmin())]
        # Changing one decision more at a time, from the left, leads to the aim, which is feasible.
        way = np.where(np.arange(self.d) <= np.arange(self.d)[:, None], aim, architecture).astype(np.int8)
        candidates = np.concatenate([self.neighbours(architecture), way])
        return np.asarray(candidates[int(self.is_feasible(candidates).argmax())])


def restrict(space: Space, condition: Condition, words: str) -> Space:
    """Return the part of a space that satisfies a condition; the space itself where every architecture does.

    Args:
        space: the space.
        condition: of its architectures.
        words: the condition in words, for errors.

    Raises:
        NasbenchError: if fewer than two architectures satisfy it.
    """
    if not space.is_enumerable and not isinstance(space, NarrowedSpace):
        return FilteredSpace(space, condition, words)
    satisfied = condition(space.all)
    if satisfied.all():
        return space
    if np.count_nonzero(satisfied) < 2:
        raise _unsatisfied(f"{'one' if satisfied.any() else 'none'} of the {space.size:,} architectures", space, words)
    base = space.base if isinstance(space, NarrowedSpace) else space
    return NarrowedSpace(base, base.index(space.all[satisfied]))


def _unsatisfied(which: str, space: Space, words: str) -> NasbenchError:
    return NasbenchError(
        f"{which[0].upper()}{which[1:]} of {space.name} satisfies {words}; a search needs two at least, so loosen that."
    )


def draw(weights: Floats, uniform: Floats) -> Ints:
    """Return the position drawn in proportion to weights `(..., n)`; 0 where all are zero."""
    cumulative = np.cumsum(weights, axis=-1)
    chosen = (cumulative <= uniform[..., None] * cumulative[..., -1:]).sum(axis=-1)
    return np.where(cumulative[..., -1] > 0, np.minimum(chosen, weights.shape[-1] - 1), 0)
