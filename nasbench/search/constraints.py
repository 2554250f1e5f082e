"""Constraints of a search: limits on quantities of the architecture, known beforehand or measured.

A constraint on a quantity that is known from the architecture free of charge, such as its parameters, is known beforehand: it narrows the
space that is searched (`nasbench.spaces.constrained.restrict`), and so every optimizer keeps it. Any other constraint is measured: it is
known of an architecture once that was queried.

An optimizer needs no rule of its own for measured constraints, since the objectives that it is told follow Deb (2000), "An efficient
constraint handling method for genetic algorithms", equation 4: what it is told of a feasible architecture is what was observed, and of an
infeasible one the worst value of each objective plus the constraint violation. So a feasible architecture comes before an infeasible one,
and of two infeasible ones the one that violates the constraints less. Two things differ from Deb: the worst value is that of the
benchmark, not of a population, so that what was told before stays right; and the violation `v` enters as `v / (1 + v)`, which keeps the
order and the scale.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, quoted
from nasbench.search.evaluator import Evaluator
from nasbench.search.observations import Observations
from nasbench.spaces.space import Architectures, Floats, Ints

DIRECTIONS = ("<=", ">=")
MEASURED = "measured"
ROUNDING = 1e-6
"""Excess, relative to the limit, up to which a constraint holds: tables keep numbers in single precision."""
FEASIBLE = "feasible"
"""Column of a trace that says which queries satisfied every constraint."""

_FORM = re.compile(rf"\s*(\S.*?)\s*(<=|>=|≤|≥)\s*(\S+?)\s*(?:\(?({MEASURED})\)?)?\s*")


@dataclass(frozen=True)
class Constraint:
    """A limit on a quantity of an architecture, in the unit of that objective and as users see it: an accuracy as accuracy.

    Attributes:
        quantity: name of an objective of the benchmark, such as `parameters`, `latency@raspi4` or `accuracy`.
        direction: "<=" or ">=".
        limit: a finite number.
        measured: whether a quantity that is known free of charge counts as measured nevertheless, as a latency does where a device has to
            be asked.

    Raises:
        NasbenchError: if the direction or the limit is neither.
    """

    quantity: str
    direction: str
    limit: float
    measured: bool = False

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS or not self.quantity:
            raise _no_constraint(f"{self.quantity} {self.direction} {self.limit}")
        if isinstance(self.limit, bool) or not isinstance(self.limit, Real) or not math.isfinite(self.limit):
            raise NasbenchError(f"The limit of {self.quantity} is {self.limit!r}; it should be a finite number.")
        object.__setattr__(self, "limit", float(self.limit))

    def __str__(self) -> str:
        suffix = f" ({MEASURED})" if self.measured else ""
        return f"{self.quantity} {self.direction} {self.limit:.12g}{suffix}"

    @property
    def slug(self) -> str:
        """The constraint as part of the name of a folder: `parameters-at-most-0.8`."""
        direction = {"<=": "at-most", ">=": "at-least"}[self.direction]
        suffix = f"-{MEASURED}" if self.measured else ""
        return f"{self.quantity.replace('@', '-at-').replace('/', '-')}-{direction}-{self.limit:.12g}{suffix}"

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Return the constraint of a text such as "parameters <= 0.8" or "latency@fpga <= 5 (measured)".

        Raises:
            NasbenchError: if the text has another form.

        Example:
            >>> Constraint.parse("accuracy >= 70")
            Constraint(quantity='accuracy', direction='>=', limit=70.0, measured=False)
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise _no_constraint(text)
        try:
            limit = float(found[3])
        except ValueError:
            raise _no_constraint(text) from None
        direction = {"≤": "<=", "≥": ">="}.get(found[2], found[2])
        return cls(found[1], direction, limit, found[4] is not None)


def as_constraints(given: str | Constraint | Iterable[str | Constraint]) -> tuple[Constraint, ...]:
    """Return constraints, each given as such or as a text; one alone may stand for a list.

    Raises:
        NasbenchError: if one is neither or is given twice.
    """
    if not isinstance(given, Iterable | Constraint):
        raise _no_constraint(given)
    each = (given,) if isinstance(given, str | Constraint) else tuple(given)
    found = []
    for one in each:
        if not isinstance(one, str | Constraint):
            raise _no_constraint(one)
        found.append(one if isinstance(one, Constraint) else Constraint.parse(one))
    if len(set(found)) != len(found):
        raise NasbenchError(f"The constraints are {', '.join(map(str, found))}; give each once.")
    return tuple(found)


def join(constraints: Iterable[Constraint]) -> str:
    """Return constraints in words: `parameters <= 0.8 and accuracy >= 70`."""
    return " and ".join(map(str, constraints))


class Shown(Protocol):
    """How users see a quantity; `nasbench.benchmarks.views.View` is one."""

    @property
    def direction(self) -> str:
        """Return "max" where what is minimised is an offset minus what is shown."""

    def __call__(self, minimised: float, /) -> float:
        """Return what is shown of a minimised value; its own inverse."""


@dataclass(frozen=True, eq=False)
class Limits:
    """The constraints of a search in terms of what its evaluator returns, where every quantity is minimised.

    Attributes:
        constraints: the constraints, `K`.
        columns: position of the quantity of each among the values that the evaluator returns, `(K,)`.
        signs: 1 where the minimised value is bounded from above, -1 where from below, `(K,)`.
        bounds: bound of each minimised value, `(K,)`.
        is_known: whether each is known beforehand, `(K,)`.
        worst, span: largest value of each objective in the benchmark and its extent, `(M,)`; see the rule of the module.
    """

    constraints: tuple[Constraint, ...]
    columns: Ints
    signs: Floats
    bounds: Floats
    is_known: NDArray[np.bool_]
    worst: Floats
    span: Floats

    @classmethod
    def of(
        cls,
        constraints: Sequence[Constraint],
        values: Mapping[str, Shown],
        cheap: Sequence[bool],
        ranges: Sequence[tuple[float, float]] = (),
    ) -> Limits:
        """Return the limits of constraints on what an evaluator returns.

        Args:
            constraints: the constraints.
            values: what the evaluator returns, by name and in order, with how users see it.
            cheap: for each of these whether it is known free of charge.
            ranges: smallest and largest value of each objective in the benchmark, minimised; needed to `judge`.
        """
        names = list(values)
        columns = np.array([names.index(one.quantity) for one in constraints], dtype=np.int64)
        shown = [values[one.quantity] for one in constraints]
        signs = np.array(
            [
                1.0 if (one.direction == "<=") == (view.direction != "max") else -1.0
                for one, view in zip(constraints, shown, strict=True)
            ]
        )
        bounds = np.array([view(one.limit) for one, view in zip(constraints, shown, strict=True)])
        known = np.array([cheap[c] and not one.measured for one, c in zip(constraints, columns, strict=True)], bool)
        low, high = np.array(ranges, dtype=float).reshape(-1, 2).T
        return cls(tuple(constraints), columns, signs, bounds, known, high, np.where(high > low, high - low, 1.0))

    def __bool__(self) -> bool:
        return bool(self.constraints)

    @cached_property
    def scales(self) -> Floats:
        """What the excess over each limit is relative to: the limit's size, 1 where that is 0, `(K,)`."""
        return np.array([abs(one.limit) or 1.0 for one in self.constraints])

    def values(self, evaluated: Floats) -> Floats:
        """Return the value of the quantity of each constraint, minimised, from all that an evaluator returned: `(..., V)` to `(..., K)`."""
        return evaluated[..., self.columns]

    def excess(self, values: Floats) -> Floats:
        """Return how far each value exceeds its limit, relative to the limit, `(..., K)`; where a constraint holds it is 0 or less."""
        return np.asarray(self.signs * (values - self.bounds) / self.scales)

    def violation(self, values: Floats) -> Floats:
        """Return the sum of the relative excess over the constraints that do not hold, `(..., K)` to `(...)`."""
        excess = self.excess(values)
        return np.asarray(np.where(excess <= ROUNDING, 0.0, excess).sum(axis=-1))

    def judge(self, objectives: Floats, values: Floats) -> Judgement:
        """Return which architectures are feasible, and what is told of them.

        Args:
            objectives: as observed, `(R, B, M)`.
            values: of the quantities of the constraints, `(R, B, K)`.
        """
        violation = self.violation(values)
        v = violation[..., None]
        told = np.where(v == 0.0, objectives, self.worst + self.span * v / (1.0 + v))
        return Judgement(values, violation == 0.0, told)


@dataclass(frozen=True, eq=False)
class Judgement:
    """How a batch keeps the constraints.

    Attributes:
        values: value of the quantity of each constraint, minimised, `(R, B, K)`.
        feasible: whether every constraint holds, `(R, B)`.
        told: the objectives by the rule of this module, `(R, B, M)`.
    """

    values: Floats
    feasible: NDArray[np.bool_]
    told: Floats

    def added_to(self, observations: Observations) -> Observations:
        """Return the observations of the batch, whose objectives are those that were observed, with this."""
        answered = observations.answered
        return replace(
            observations,
            objectives=np.where(answered[..., None], self.told, np.nan),
            feasible=self.feasible & answered,
            constraint_values=np.where(answered[..., None], self.values, np.nan),
            unpenalised=observations.objectives,
        )


@dataclass(frozen=True, eq=False)
class KnownLimits:
    """The constraints that are known beforehand, as a condition on architectures.

    Attributes:
        evaluator: provides the values.
        limits: all constraints.
    """

    evaluator: Evaluator
    limits: Limits

    def __call__(self, architectures: Architectures) -> NDArray[np.bool_]:
        """Return which architectures satisfy them, `(..., d)` to `(...)`."""
        limits, known = self.limits, self.limits.is_known
        excess = limits.signs[known] * (self.values(architectures) - limits.bounds[known])
        return np.asarray((excess <= ROUNDING * limits.scales[known]).all(axis=-1))

    def values(self, architectures: Architectures) -> Floats:
        """Return the quantity of each constraint that is known beforehand, minimised, `(..., d)` to `(..., number of these)`."""
        position = np.cumsum(self.evaluator.cheap)[self.limits.columns[self.limits.is_known]] - 1
        return self.evaluator.facts(architectures)[..., position]


NO_LIMITS = Limits.of((), {}, ())
"""The limits of a search without constraints."""


def _no_constraint(given: object) -> NasbenchError:
    return NasbenchError(
        f"{quoted(given)} is no constraint; it should read like 'parameters <= 0.8' or 'accuracy >= 70', or 'latency <= 5 (measured)'."
    )
