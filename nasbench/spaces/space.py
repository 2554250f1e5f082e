"""The contract of a search space: a product of categorical decisions with a feasible set.

An architecture is an `int8` array whose last axis has length `d`, one small integer per decision. Strings appear only
where something is printed or parsed. Random operations take uniform numbers in [0, 1) instead of a generator, so that
one call can serve many runs, each with a stream of its own (see `nasbench.search.random_streams`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError

if TYPE_CHECKING:
    from nasbench.spaces.cell_graphs import CellGraphs

Architectures = NDArray[np.int8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENUMERABLE = 2**22
"""Largest number of architectures that `Space.all` lists."""


class Space:
    """A product space of `d` categorical decisions, every combination feasible; subclasses narrow and enrich it.

    Args:
        name: name in tables, studies and reports.
        decisions: the name of each decision.
        choices: for each decision the names of its choices, encoded by their positions.

    Raises:
        NasbenchError: if a decision has fewer than two choices or more than 127, or names repeat.
    """

    def __init__(self, name: str, decisions: tuple[str, ...], choices: tuple[tuple[str, ...], ...]) -> None:
        if len(decisions) != len(choices) or not decisions:
            raise NasbenchError(
                f"Space {name!r} names {len(decisions)} decisions and {len(choices)} lists of choices; they pair up."
            )
        if len(set(decisions)) != len(decisions):
            raise NasbenchError(f"Space {name!r} has two decisions of one name; each needs its own.")
        for decision, names in zip(decisions, choices, strict=True):
            if not 2 <= len(names) <= 127 or len(set(names)) != len(names):
                raise NasbenchError(
                    f"Decision {decision!r} of space {name!r} needs 2 to 127 different choices, not {list(names)}."
                )
        self.name = name
        self.decisions = decisions
        self.choices = choices

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, d={self.d}, size={self.size})"

    # ---- shape ---------------------------------------------------------------------------------------------------

    @property
    def d(self) -> int:
        """Number of decisions."""
        return len(self.decisions)

    @cached_property
    def cardinalities(self) -> Ints:
        """Choices of each decision, `(d,)`."""
        return np.array([len(names) for names in self.choices], dtype=np.int64)

    @cached_property
    def product_size(self) -> int:
        """Number of combinations, feasible or not (exact, of any length)."""
        return math.prod(len(names) for names in self.choices)

    @property
    def size(self) -> int:
        """Number of feasible architectures."""
        return self.product_size

    @cached_property
    def _radix(self) -> Ints:
        if self.product_size >= 2**63:
            raise NasbenchError(
                f"Space {self.name!r} has {self.product_size:.1e} combinations, too many for an integer index."
            )
        return np.concatenate([np.cumprod(self.cardinalities[:0:-1])[::-1], [1]]).astype(np.int64)

    @cached_property
    def _radix_as_doubles(self) -> Floats:
        return self._radix.astype(np.float64)

    # ---- integers ------------------------------------------------------------------------------------------------

    def index(self, architectures: Architectures) -> Ints:
        """Return the mixed-radix index, first decision most significant: `(..., d)` to `(...)`.

        Architectures are identified by their bytes (see `nasbench.spaces.numbering`); an index exists in smaller spaces only.

        Raises:
            NasbenchError: if the product has 2^63 combinations or more.
        """
        if self.product_size < 2**53:
            # Exact in doubles, and several times faster there than in integers.
            lead, rows = architectures.shape[:-1], architectures.reshape(-1, architectures.shape[-1])
            index = np.dot(rows.astype(np.float64), self._radix_as_doubles).astype(np.int64)
            return index.reshape(lead) if lead else index[0]
        return np.dot(architectures.astype(np.int64), self._radix)

    def from_index(self, index: Ints | int) -> Architectures:
        """Return the inverse of `index`: `(...)` to `(..., d)`."""
        return (np.asarray(index, dtype=np.int64)[..., None] // self._radix % self.cardinalities).astype(np.int8)

    @cached_property
    def all(self) -> Architectures:
        """Every feasible architecture in the order of its index, `(size, d)`.

        Raises:
            NasbenchError: if the product has more than `ENUMERABLE` combinations.
        """
        if not self.is_enumerable:
            raise NasbenchError(
                f"Space {self.name!r} has {self.product_size:.1e} combinations; at most {ENUMERABLE} can be listed."
            )
        everything = self.from_index(np.arange(self.product_size))
        return everything[self.is_feasible(everything)]

    @property
    def is_enumerable(self) -> bool:
        """Whether `all` is available."""
        return self.product_size <= ENUMERABLE

    # ---- feasibility and canonical form ----------------------------------------------------------------------------

    def is_feasible(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return whether each architecture belongs to the space: `(..., d)` to `(...)`."""
        return np.all((architectures >= 0) & (architectures < self.cardinalities), axis=-1)

    @property
    def is_conditional(self) -> bool:
        """Whether decisions are active under conditions, as some of a `MixedSpace` may be."""
        return False

    @property
    def parents_first(self) -> tuple[int, ...]:
        """Positions of the decisions such that each follows those on which it depends."""
        return tuple(range(self.d))

    def active(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which decisions matter given the others, `(..., d)` to `(..., d)`; all unless a space has conditional decisions."""
        return np.ones(architectures.shape, dtype=np.bool_)

    def canonical(self, architectures: Architectures) -> Architectures:
        """Return one representative for all architectures that compute the same function; the identity unless a space
        knows better.
        """
        return architectures

    def repair(self, architectures: Architectures) -> Architectures:
        """Return the feasible architecture nearest to each combination `(..., d)`; the identity where every combination
        is feasible.
        """
        return architectures

    # ---- random operations -------------------------------------------------------------------------------------------

    def sample(self, uniform: Floats) -> Architectures:
        """Return uniform feasible architectures from uniform numbers `(..., d)`."""
        return (uniform * self.cardinalities).astype(np.int8)

    @cached_property
    def mutations(self) -> Mapping[str, Floats]:
        """Named distributions over the decision that a mutation changes, each `(d,)`."""
        return {"uniform": np.full(self.d, 1.0 / self.d)}

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """Change one decision to another choice, uniform over the others: `(..., d)` and `(..., 2)` to `(..., d)`.

        The first uniform number picks the decision by the distribution `mutations[kind]`, the second the new choice.
        """
        if kind not in self.mutations:
            raise NasbenchError(f"Space {self.name!r} has no mutation {kind!r}; it has {', '.join(self.mutations)}.")
        weights = self.mutations[kind]
        if (weights == weights[0]).all():
            decision = (uniform[..., 0] * self.d).astype(np.int64)
        else:
            decision = np.searchsorted(np.cumsum(weights)[:-1], uniform[..., 0], side="right")
        child = np.ascontiguousarray(architectures).copy()
        flat = child.reshape(-1)
        at = np.arange(decision.size) * self.d + decision.ravel()
        old = flat[at]
        new = (uniform[..., 1].ravel() * (self.cardinalities[decision.ravel()] - 1)).astype(np.int8)
        flat[at] = new + (new >= old)
        return child

    # ---- neighbourhood ---------------------------------------------------------------------------------------------

    @cached_property
    def _flips(self) -> tuple[Ints, Ints]:
        decision = np.repeat(np.arange(self.d), self.cardinalities - 1)
        offset = np.concatenate([np.arange(1, k) for k in self.cardinalities])
        return decision, offset

    @property
    def n_neighbours(self) -> int:
        """Number of architectures that differ in one decision: `k - 1` a decision."""
        return int((self.cardinalities - 1).sum())

    def neighbours(self, architectures: Architectures) -> Architectures:
        """Return all architectures that differ in one decision: `(..., d)` to `(..., n, d)`, `n = sum(k_i - 1)`.

        In a space with infeasible combinations some of them may be infeasible; see `is_feasible`.
        """
        decision, offset = self._flips
        flipped = np.repeat(architectures[..., None, :], len(decision), axis=-2)
        at = np.arange(len(decision))
        flipped[..., at, decision] = (flipped[..., at, decision] + offset) % self.cardinalities[decision]
        return flipped

    # ---- encodings ---------------------------------------------------------------------------------------------------

    def one_hot(self, architectures: Architectures) -> Floats:
        """Return the one-hot encoding of every decision, concatenated: `(..., d)` to `(..., sum k_i)`."""
        decision, choice = self._columns
        return (architectures.take(decision, axis=-1) == choice).astype(np.float64)

    @cached_property
    def _columns(self) -> tuple[Ints, Architectures]:
        """Return the decision and the choice that each column of the one-hot encoding is about, `(sum k_i,)` each."""
        choice = np.concatenate([np.arange(k, dtype=np.int8) for k in self.cardinalities])
        return np.repeat(np.arange(self.d), self.cardinalities), choice

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """For each decision whether its choices are steps of one quantity, in order, `(d,)`; none unless a space says so."""
        return np.zeros(self.d, dtype=np.bool_)

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """For each decision whether its choices are the levels of a number, `(d,)`; none but in a `MixedSpace`."""
        return np.zeros(self.d, dtype=np.bool_)

    def unit(self, architectures: Architectures) -> Floats:
        """Return the choices as numbers in [0, 1], evenly spaced, first and last choice at the ends: `(..., d)` to `(..., d)`.

        Differences have a meaning in ordered decisions only; there they are differences on the scale of the decision.
        """
        return architectures / (self.cardinalities - 1.0)

    def encoding(self, architectures: Architectures) -> Floats:
        """Return the encoding of the decisions for models, `(..., d)` to `(..., F)`: one-hot, but in a `MixedSpace`, which has numbers
        in order and inactive decisions alike.
        """
        return self.one_hot(architectures)

    def decision_features(self, architectures: Architectures) -> Floats:
        """Return features of the decisions for a distance-based model: `(..., d)` to `(..., F)`; one-hot where no
        decision is ordered.

        Half the squared distance of two architectures is 1 for each decision in which they differ, and for an ordered one of `k`
        choices `3 / (k + 1)` a step between them, so that uniform draws are as far apart in either kind of decision on average.
        """
        decision, low, high, length = self._steps
        chosen = architectures.take(decision, axis=-1)
        return ((chosen >= low) & (chosen <= high)) * length

    @cached_property
    def _steps(self) -> tuple[Ints, Architectures, Architectures, Floats]:
        """Return for each column of the decision features its decision, the first and the last choice where it is not 0, and its value."""
        decision, choice = self._columns
        steps, k = self.ordered[decision], self.cardinalities[decision]
        # An ordered decision of k choices has a column for each of its k - 1 steps, which is on from the choice after it.
        kept = ~steps | (choice < k - 1)
        low = (choice + steps).astype(np.int8)
        high = np.where(steps, k - 1, choice).astype(np.int8)
        length = np.where(steps, np.sqrt(6.0 / (k + 1)), 1.0)
        return decision[kept], low[kept], high[kept], length[kept]

    def choice_counts(self, architectures: Architectures) -> Floats:
        """Return how often each choice occurs, by its name, whatever the decision: `(n, d)` to `(n, names)`."""
        return self.one_hot(architectures) @ self._names_of_columns

    @cached_property
    def _names_of_columns(self) -> Floats:
        """Return which of the distinct names of choices each column of the one-hot encoding has, `(sum k_i, names)`."""
        columns = [name for choices in self.choices for name in choices]
        names = list(dict.fromkeys(columns))
        return np.array([[name == one for one in names] for name in columns], dtype=np.float64)

    @property
    def has_paths(self) -> bool:
        """Whether `paths`, `path_encoding`, `bigrams` and `path_features` are defined."""
        return False

    def paths(self, architectures: Architectures) -> Floats:
        """Return the path encoding (White et al. 2021, "BANANAS", section 3): which input-to-output paths occur."""
        raise NasbenchError(f"Space {self.name!r} does not define a path encoding; only cell-based spaces do.")

    def path_encoding(self, architectures: Architectures) -> Floats:
        """Return the path encoding as naszilla has it: for each sequence of operations, `none` and skips among them, whether some
        input-to-output path is that sequence; short sequences first, so that a prefix is the truncated encoding.
        """
        raise NasbenchError(f"Space {self.name!r} does not define a path encoding; only cell-based spaces do.")

    def bigrams(self, architectures: Architectures) -> Floats:
        """Return how often one operation follows another on an input-to-output path, for each ordered pair: `(..., d)`
        to `(..., pairs)`.
        """
        raise NasbenchError(f"Space {self.name!r} does not define a path encoding; only cell-based spaces do.")

    def path_features(self, architectures: Architectures) -> NDArray[np.int16]:
        """Return for each input-to-output path a label of what it computes: `(..., d)` to `(..., paths)`; equal
        function, equal label.
        """
        raise NasbenchError(f"Space {self.name!r} does not define a path encoding; only cell-based spaces do.")

    @property
    def has_graphs(self) -> bool:
        """Whether `graphs` is defined."""
        return False

    def graphs(self, architectures: Architectures) -> CellGraphs:
        """Return the cells as directed graphs with labelled vertices: `(n, d)` to graphs of `n` cells."""
        raise NasbenchError(f"Space {self.name!r} does not define a graph; only cell-based spaces do.")

    # ---- values and strings ------------------------------------------------------------------------------------------

    def values(self, architecture: Architectures) -> dict[str, Any]:
        """Return the choice of each decision of one architecture `(d,)`, by its name; numbers in a `MixedSpace`."""
        return {
            decision: names[int(choice)]
            for decision, names, choice in zip(self.decisions, self.choices, architecture, strict=True)
        }

    def to_string(self, architecture: Architectures) -> str:
        """Return a readable form of one architecture `(d,)`: its choices, joined by commas."""
        return ",".join(names[int(choice)] for names, choice in zip(self.choices, architecture, strict=True))

    def from_string(self, text: str) -> Architectures:
        """Return the inverse of `to_string`.

        Raises:
            NasbenchError: with the position of the fault, if the text is not an architecture of this space.
        """
        words = text.split(",")
        if len(words) != self.d:
            raise NasbenchError(
                f"Architecture {text!r} has {len(words)} choices; space {self.name!r} has {self.d} decisions."
            )
        architecture = np.zeros(self.d, dtype=np.int8)
        position = 0
        for i, word in enumerate(words):
            if word not in self.choices[i]:
                raise NasbenchError(
                    f"Architecture {text!r}, position {position}: {word!r} is no choice of {self.decisions[i]!r}, which has {', '.join(self.choices[i])}."
                )
            architecture[i] = self.choices[i].index(word)
            position += len(word) + 1
        return architecture
