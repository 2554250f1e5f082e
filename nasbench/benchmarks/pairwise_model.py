"""Models of quantities of architectures in which every decision and every pair of decisions has an effect: ridge regressions.

A feature is a choice other than the first of its decision, or two such choices of different decisions together. Coefficients are multiples
of `STEP` and bounded, so sums are exact in double precision and a prediction has the same bits in any batch, on any machine. That effects
end with pairs also makes the smallest prediction of a whole space known: `minimum` finds it by branch and bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Architectures, Floats, Ints, Space

STEP = 2.0**-26
LARGEST_SUM = 2.0**26
AT_ONCE = 8192


def dummies(space: Space, architectures: Architectures) -> Floats:
    """Return the choices of every decision but the first, as zeros and ones, `(..., d)` to `(..., sum(k_i - 1))`."""
    first = np.concatenate([np.arange(k) == 0 for k in space.cardinalities])
    return space.one_hot(architectures)[..., ~first]


def pairs(space: Space) -> tuple[Ints, Ints]:
    """Return the positions of the dummies of each pair, those of one decision never together."""
    owner = np.repeat(np.arange(space.d), space.cardinalities - 1)
    left, right = np.triu_indices(len(owner), 1)
    apart = owner[left] != owner[right]
    return left[apart], right[apart]


def features(space: Space, architectures: Architectures) -> Floats:
    """Return dummies, then their products, `(n, d)` to `(n, F)`."""
    single = dummies(space, architectures)
    left, right = pairs(space)
    return np.concatenate([single, single[:, left] * single[:, right]], axis=1)


def feature_names(space: Space) -> list[str]:
    """Return the name of each coefficient: the intercept, `block 1: kernel=k5`, or two of these joined by ` & `."""
    single = [
        f"{name}={choice}" for name, own in zip(space.decisions, space.choices, strict=True) for choice in own[1:]
    ]
    return ["intercept", *single, *(f"{single[i]} & {single[j]}" for i, j in zip(*pairs(space), strict=True))]


def fit(
    space: Space, architectures: Architectures, values: Floats, weights: Floats, penalties: tuple[float, float]
) -> Floats:
    """Fit by ridge regression: the intercept, then a coefficient a feature, each a multiple of `STEP`.

    Args:
        space: of the architectures.
        architectures: `(n, d)`.
        values: `(n,)`.
        weights: of the squared errors, `(n,)`; only their ratios matter.
        penalties: of the square of a coefficient of a single choice, and of a pair; the intercept has none.
    """
    single = int((space.cardinalities - 1).sum())
    table = features(space, architectures)
    shares = weights / weights.sum()
    centre, mean = shares @ table, shares @ values
    table -= centre
    weighted = (len(values) * shares)[:, None] * table
    ridge = np.where(np.arange(table.shape[1]) < single, *penalties)
    coefficients = np.linalg.solve(weighted.T @ table + np.diag(ridge), weighted.T @ (values - mean))
    return np.rint(np.concatenate([[mean - centre @ coefficients], coefficients]) / STEP) * STEP


@dataclass(frozen=True)
class PairwiseModel:
    """A fitted model.

    Attributes:
        space: of the architectures.
        coefficients: the intercept, then one a feature, `(1 + F,)`, from `fit`.

    Raises:
        NasbenchError: if their number is not that of the features, or sums may be too large to be exact.
    """

    space: Space
    coefficients: Floats

    def __post_init__(self) -> None:
        wanted = len(feature_names(self.space))
        if self.coefficients.shape != (wanted,):
            raise NasbenchError(
                f"A model of pairs of {self.space.name} has {wanted} coefficients, not {len(self.coefficients)}."
            )
        if not np.abs(self.coefficients).sum() < LARGEST_SUM:
            raise NasbenchError(f"The coefficients of a model of {self.space.name} are too large for exact sums.")

    @cached_property
    def _matrix(self) -> Floats:
        """Coefficients of single choices on the diagonal, of pairs above it."""
        size = int((self.space.cardinalities - 1).sum())
        matrix = np.diag(self.coefficients[1 : 1 + size])
        matrix[pairs(self.space)] = self.coefficients[1 + size :]
        return matrix

    def __call__(self, architectures: Architectures) -> Floats:
        """Return predictions, `(..., d)` to `(...)`."""
        flat = architectures.reshape(-1, self.space.d)
        parts = [np.empty(0)]
        for first in range(0, len(flat), AT_ONCE):
            single = dummies(self.space, flat[first : first + AT_ONCE])
            parts.append(self.coefficients[0] + ((single @ self._matrix) * single).sum(axis=1))
        return np.concatenate(parts).reshape(architectures.shape[:-1])

    def minimum(self, groups: Sequence[Sequence[int]]) -> tuple[Architectures, float]:
        """Return the architecture `(d,)` of the smallest prediction in the whole product, and that prediction; exact.

        Args:
            groups: the decisions, in groups that are branched on together.
        """
        found = _Search(self._matrix, [_states(self.space, group) for group in groups])
        found.branch((), 0.0, found.nothing)
        size = self.space.cardinalities
        architecture = np.zeros(self.space.d, dtype=np.int8)
        for group, state in zip(groups, found.best, strict=True):
            architecture[list(group)] = np.unravel_index(state, size[list(group)])
        return architecture, float(self(architecture))


def _states(space: Space, group: Sequence[int]) -> Floats:
    """Dummies of every combination of choices of some decisions, those of all others zero."""
    size = space.cardinalities[list(group)]
    every = np.zeros((int(size.prod()), space.d), dtype=np.int8)
    every[:, list(group)] = np.stack(np.unravel_index(np.arange(len(every)), size), axis=1)
    return dummies(space, every)


class _Search:
    """Depth-first branch and bound over groups of decisions; a bound takes each pair of groups still open at its best."""

    def __init__(self, matrix: Floats, states: Sequence[Floats]) -> None:
        between = matrix + matrix.T - np.diag(np.diag(matrix))
        self.own = [((state @ matrix) * state).sum(axis=1) for state in states]
        self.joint = [[one @ between @ other.T for other in states] for one in states]
        for j, k in combinations(range(len(states)), 2):
            # What a pair costs on average is moved to its members, by multiples of `STEP`, so that sums stay exact: bounds get close.
            for group, axis in ((j, 1), (k, 0)):
                share = np.rint(self.joint[j][k].mean(axis=axis) / STEP) * STEP
                self.own[group] = self.own[group] + share
                self.joint[j][k] = self.joint[j][k] - np.expand_dims(share, axis)
        self.open = [
            own + sum((self.joint[j][k].min(axis=1) for k in range(j + 1, len(states))), np.zeros(len(own)))
            for j, own in enumerate(self.own)
        ]
        self.nothing = [np.zeros(len(own)) for own in self.own]
        self.best: tuple[int, ...] = ()
        self.least = np.inf

    def branch(self, chosen: tuple[int, ...], cost: float, reach: Sequence[Floats]) -> None:
        """Try all that begins with the chosen states.

        Args:
            chosen: state of each of the first groups.
            cost: what they cost among themselves.
            reach: what each state of each group that is open costs with them.
        """
        at = len(chosen)
        total = cost + self.own[at] + reach[0]
        ahead = [one + joint for one, joint in zip(reach[1:], self.joint[at][at + 1 :], strict=True)]
        bound = total + sum(
            ((one + own).min(axis=1) for one, own in zip(ahead, self.open[at + 1 :], strict=True)), np.zeros(len(total))
        )
        for state in np.argsort(bound, kind="stable"):
            if bound[state] >= self.least:
                return
            grown = (*chosen, int(state))
            if at + 1 == len(self.own):
                self.best, self.least = grown, float(total[state])
            else:
                self.branch(grown, float(total[state]), [one[state] for one in ahead])
