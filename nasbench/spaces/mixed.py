"""Mixed spaces: categorical and numeric decisions, some of them active only where others have certain choices.

Architectures remain vectors of small integers, the choices; a numeric decision is an ordered grid (see `nasbench.spaces.decisions`).

*Order.* The neighbours of an architecture differ in one active decision: any other choice of a categorical one, one level up or down in a
numeric one. `ordered` marks numeric decisions; `unit` maps their levels to [0, 1], evenly on the scale of the grid, `decision_features`
to distances that grow with the number of levels between. `one_hot` stays valid for what treats numbers as categories.

*Conditions.* A decision with `when` is active where each decision named there is active and has one of the choices named. Every
combination is feasible; an inactive decision does not matter, and the canonical form sets it to its first choice. Architectures that
differ in inactive decisions only are thus isomorphic: a study with `repeat_policy = "cache_isomorphic"` trains them once, and
`unique_isomorphic_queries` counts them once. Samples are uniform over combinations, so each decision is uniform given that it is
active, however many decisions depend on it; sampling uniformly over classes would prefer the choices with many conditional decisions.
Mutations change an active decision. What is inactive keeps its choice, and has it again once it is active.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, quoted, unknown_name
from nasbench.spaces.constrained import SubsetSpace, draw
from nasbench.spaces.decisions import Decision, from_mapping
from nasbench.spaces.space import Architectures, Floats, Ints, Space

STEP = "step"
"""The mutation that moves numeric decisions by one level."""


class MixedSpace(Space):
    """A space of categorical and numeric decisions with conditions.

    Args:
        name: name of the space.
        definitions: the decisions, each a `Decision` or what `nasbench.spaces.decisions.from_mapping` reads.

    Raises:
        NasbenchError: if a name repeats, or a condition names what is not there or goes in a circle.

    Example:
        >>> space = MixedSpace("training", [
        ...     {"name": "optimizer", "choices": ["adam", "sgd"]},
        ...     {"name": "learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "levels": 4},
        ...     {"name": "momentum", "low": 0.0, "high": 0.9, "levels": 4, "when": {"optimizer": ["sgd"]}},
        ... ])
        >>> space.to_string(np.array([1, 2, 3], dtype=np.int8)), space.to_string(np.array([0, 1, 0], dtype=np.int8))
        ('optimizer=sgd,learning_rate=0.01,momentum=0.9', 'optimizer=adam,learning_rate=0.001')
        >>> space.values(np.array([0, 1, 0], dtype=np.int8))
        {'optimizer': 'adam', 'learning_rate': 0.001, 'momentum': None}
    """

    def __init__(self, name: str, definitions: Sequence[Decision | Mapping[str, Any]]) -> None:
        made = tuple(one if isinstance(one, Decision) else from_mapping(one) for one in definitions)
        super().__init__(name, tuple(one.name for one in made), tuple(one.choices for one in made))
        self.definitions = made
        self._conditions = tuple(self._condition(one) for one in made)
        _ = self.parents_first  # refuses circles

    # ---- conditions --------------------------------------------------------------------------------------------------

    def _condition(self, decision: Decision) -> tuple[tuple[int, NDArray[np.bool_]], ...]:
        """Return the decisions that one depends on, each with the choices that make it active, `(k,)`."""
        found = []
        for parent, allowed in decision.when.items():
            if parent not in self.decisions:
                raise unknown_name(
                    f"decision of space {self.name!r}, in the condition of {decision.name!r}", parent, self.decisions
                )
            position = self.decisions.index(parent)
            at = [self.definitions[position].find(one) for one in allowed]
            if None in at:
                raise NasbenchError(
                    f"Decision {quoted(decision.name)} is active where {quoted(parent)} is {quoted(allowed[at.index(None)])}, "
                    f"which it cannot be; it has {', '.join(self.choices[position])}."
                )
            chosen = np.zeros(len(self.choices[position]), dtype=np.bool_)
            chosen[[one for one in at if one is not None]] = True
            found.append((position, chosen))
        return tuple(found)

    @cached_property
    def parents_first(self) -> tuple[int, ...]:
        """Positions of the decisions such that each follows those on which it depends."""
        done: list[int] = []
        left = list(range(self.d))
        while left:
            ready = [i for i in left if all(parent in done for parent, _ in self._conditions[i])]
            if not ready:
                names = ", ".join(self.decisions[i] for i in left)
                raise NasbenchError(
                    f"The conditions of space {self.name!r} go in a circle among {names}; one of them should be without its condition."
                )
            done += ready
            left = [i for i in left if i not in ready]
        return tuple(done)

    @cached_property
    def is_conditional(self) -> bool:
        """Whether a decision has a condition."""
        return any(self._conditions)

    def active(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which decisions matter, `(..., d)` to `(..., d)`."""
        active = np.ones(architectures.shape, dtype=np.bool_)
        for i in self.parents_first:
            for parent, chosen in self._conditions[i]:
                active[..., i] &= active[..., parent] & chosen[architectures[..., parent]]
        return active

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return the architectures with the first choice in every inactive decision."""
        if not self.is_conditional:
            return architectures
        return np.where(self.active(architectures), architectures, np.int8(0))

    # ---- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """The numeric decisions."""
        return np.array([one.is_numeric for one in self.definitions])

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """The same."""
        return self.ordered

    def values(self, architecture: Architectures) -> dict[str, Any]:
        """Return the value of each decision of one architecture `(d,)`: an int or float, the name of a choice, None where inactive."""
        active = self.active(architecture)
        return {
            one.name: (one.choices if one.values is None else one.values)[int(choice)] if matters else None
            for one, choice, matters in zip(self.definitions, architecture, active, strict=True)
        }

    def numbers(self, architectures: Architectures) -> Floats:
        """Return the values of numeric decisions, `(..., d)` to `(..., d)`, in their units; NaN where categorical or inactive."""
        found = np.full(architectures.shape, np.nan)
        for i, one in enumerate(self.definitions):
            if one.values is not None:
                found[..., i] = np.array(one.values, dtype=np.float64)[architectures[..., i]]
        return np.where(self.active(architectures), found, np.nan)

    def encoding(self, architectures: Architectures) -> Floats:
        """Return `decision_features` of the canonical form: ordered decisions in order, inactive ones without a difference."""
        return self.decision_features(self.canonical(architectures))

    # ---- steps -------------------------------------------------------------------------------------------------------

    @cached_property
    def mutations(self) -> Mapping[str, Floats]:
        """Distributions over the decision that changes: "uniform" to any other choice, "step" by one level where it is numeric."""
        even = np.full(self.d, 1.0 / self.d)
        return {"uniform": even, STEP: even} if self.ordered.any() else {"uniform": even}

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Change one active decision: `(..., d)` and `(..., 2)` to `(..., d)`.

        The first uniform number picks the decision, evenly among the active ones, the second the new choice: uniform over the others, or
        with "step" one level up or down (the one there is at an end of the grid).
        """
        if kind not in self.mutations or (kind == "uniform" and not self.is_conditional):
            return super().mutate(architectures, uniform, kind)
        decision = draw(self.active(architectures) * self.mutations[kind], uniform[..., 0])[..., None]
        k = self.cardinalities[decision]
        old = np.take_along_axis(architectures, decision, axis=-1).astype(np.int64)
        second = uniform[..., 1:2]
        other = (second * (k - 1)).astype(np.int64)
        new = other + (other >= old)
        if kind == STEP:
            upward = ((second < 0.5) | (old == 0)) & (old < k - 1)
            new = np.where(self.ordered[decision], np.where(upward, old + 1, old - 1), new)
        child = architectures.copy()
        np.put_along_axis(child, decision, new.astype(np.int8), axis=-1)
        return child

    @cached_property
    def _slots(self) -> tuple[Ints, Ints]:
        """Decision and offset of each neighbour."""
        offsets = [
            np.arange(1, k) if not numeric else np.array([1, -1] if k > 2 else [1])
            for k, numeric in zip(self.cardinalities.tolist(), self.ordered, strict=True)
        ]
        return np.repeat(np.arange(self.d), [len(one) for one in offsets]), np.concatenate(offsets)

    @property
    def n_neighbours(self) -> int:
        """Largest number of neighbours of an architecture: `k - 1` a categorical decision, 2 a numeric one (1 of 2 levels)."""
        return len(self._slots[0])

    def neighbours(self, architectures: Architectures) -> Architectures:
        """Return what differs in one active decision, by one level where it is numeric: `(..., d)` to `(..., n, d)`.

        `n` is `n_neighbours`; an architecture with fewer, since a level is at an end of its grid or a decision inactive, takes the places
        that are left itself. An architecture is a neighbour of each of its neighbours.
        """
        decision, offset = self._slots
        old = architectures[..., decision].astype(np.int64)
        k = self.cardinalities[decision]
        # Where there are two levels, one step leads from either to the other.
        new = np.where(self.ordered[decision] & (k > 2), old + offset, (old + offset) % k)
        there = (new >= 0) & (new < k) & self.active(architectures)[..., decision]
        around = np.repeat(architectures[..., None, :], len(decision), axis=-2)
        at = np.arange(len(decision))
        around[..., at, decision] = np.where(there, new, old)
        return around

    # ---- strings -----------------------------------------------------------------------------------------------------

    def to_string(self, architecture: Architectures) -> str:
        """Return `decision=value` of each active decision, joined by commas.

        An inactive decision is left out where it has its first choice, as it has in the canonical form, and else in parentheses.
        """
        words = []
        for name, names, choice, active in zip(
            self.decisions, self.choices, architecture.tolist(), self.active(architecture).tolist(), strict=True
        ):
            if active or choice:
                word = f"{name}={names[choice]}"
                words.append(word if active else f"({word})")
        return ",".join(words)

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`; decisions may come in any order, and numbers in any notation.

        Raises:
            NasbenchError: with the position of the fault, if the text is not an architecture of this space.
        """
        architecture = np.zeros(self.d, dtype=np.int8)
        silent: dict[int, bool] = {}
        position = 0
        for word in text.split(","):
            enclosed = word.startswith("(") and word.endswith(")")
            name, equals, value = (word[1:-1] if enclosed else word).partition("=")
            where = f"Architecture {quoted(text)}, position {position}: "
            if not equals or name not in self.decisions:
                raise NasbenchError(
                    f"{where}{quoted(word)} should read decision=value with one of {', '.join(self.decisions)}."
                )
            at = self.decisions.index(name)
            choice = self.definitions[at].find(value)
            if choice is None:
                raise NasbenchError(
                    f"{where}{quoted(value)} is no choice of {name!r}, which has {', '.join(self.choices[at])}."
                )
            if at in silent:
                raise NasbenchError(f"{where}{name!r} is there twice; each decision once.")
            architecture[at], silent[at] = choice, enclosed
            position += len(word) + 1
        active = self.active(architecture)
        for at, name in enumerate(self.decisions):
            if active[at] and silent.get(at, True):
                raise NasbenchError(
                    f"Architecture {quoted(text)} lacks {name!r}, which has {', '.join(self.choices[at])}."
                )
            if not active[at] and not silent.get(at, True):
                raise NasbenchError(
                    f"Architecture {quoted(text)} has {name!r}, which is not active in it; leave it out."
                )
        return architecture


def mixed_part(space: Space) -> MixedSpace | None:
    """Return a space, or that of which it is a part, if it is a `MixedSpace`."""
    while isinstance(space, SubsetSpace):
        space = space.base
    return space if isinstance(space, MixedSpace) else None
