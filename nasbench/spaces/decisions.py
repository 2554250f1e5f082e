"""Decisions of a mixed space: categorical ones, grids of integers and reals, and the conditions under which they are active.

A numeric decision is an ordered grid of at most 127 levels. Reals between two limits are rounded to six significant digits (more where
levels are closer than that), so that what is printed is short, and the value: parsing it gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError, quoted
from nasbench.ranges import Range
from nasbench.spaces.space import Floats

OFF_GRID = 0.01
"""A number within this fraction of a step of a level, on the scale of the grid, is that level."""
MOST_LEVELS = 127
ROUNDING = 0.001
"""Largest part of a step by which a level is rounded."""
NUMBER = Range("a number", least=-1e300, below=1e300)
"""The numbers of a grid, whose differences are finite."""
KEYS = ("name", "choices", "low", "high", "step", "levels", "values", "log", "unit", "when")
"""Keys of a decision in TOML."""
RESERVED = ",=()"
"""Signs that separate decisions in the strings of architectures."""


@dataclass(frozen=True)
class Decision:
    """A decision and when it is active; made by `categorical`, `integer`, `real`, `levels` or `from_mapping`.

    Attributes:
        name: its name.
        choices: names of the choices; those of a numeric decision are its values, printed.
        values: the values of a numeric decision, ascending; None for a categorical one.
        log: whether the steps of the grid are ratios rather than differences.
        unit: unit of the values, or empty.
        when: choices of other decisions, one of which each must have for this one to be active; always active if empty.
    """

    name: str
    choices: tuple[str, ...]
    values: tuple[int | float, ...] | None = None
    log: bool = False
    unit: str = ""
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for text in (self.name, *self.choices):
            if not text or text != text.strip() or set(RESERVED) & set(text):
                raise NasbenchError(
                    f"Decision {quoted(self.name)} has the name or choice {quoted(text)}; it should have none of , = ( ) and no blank at its ends."
                )
        if not 2 <= len(self.choices) <= MOST_LEVELS or len(set(self.choices)) != len(self.choices):
            raise NasbenchError(
                f"Decision {quoted(self.name)} has {len(set(self.choices))} different choices; it should have 2 to {MOST_LEVELS}."
            )
        if any(not allowed for allowed in self.when.values()):
            raise NasbenchError(
                f"Decision {quoted(self.name)} is active for no choice of {quoted(next(iter(self.when)))}; name one at least."
            )

    @property
    def is_numeric(self) -> bool:
        """Whether the choices are numbers in order."""
        return self.values is not None

    def find(self, given: object) -> int | None:
        """Return the position of a choice given by its name or, in a numeric decision, as a number near a level; None if there is none."""
        if self.values is None:
            return self.choices.index(str(given)) if str(given) in self.choices else None
        try:
            number = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return None
        if isinstance(given, bool) or not math.isfinite(number) or (self.log and number <= 0):
            return None
        grid = self._scaled(np.array(self.values, dtype=np.float64))
        distance = np.abs(grid - self._scaled(np.array(number)))
        nearest = int(distance.argmin())
        step = float(np.diff(grid)[max(nearest - 1, 0) : nearest + 1].min())
        return nearest if distance[nearest] <= OFF_GRID * step else None

    def _scaled(self, numbers: Floats) -> Floats:
        return np.log(numbers) if self.log else numbers

    def to_mapping(self) -> dict[str, Any]:
        """Return the decision as `from_mapping` reads it."""
        own: dict[str, Any] = {"name": self.name}
        own |= {"choices": list(self.choices)} if self.values is None else {"values": list(self.values)}
        own |= {"log": True} if self.log else {}
        own |= {"unit": self.unit} if self.unit else {}
        return own | ({"when": {name: list(allowed) for name, allowed in self.when.items()}} if self.when else {})


def categorical(name: str, choices: Sequence[Any], *, when: Mapping[str, Sequence[Any]] | None = None) -> Decision:
    """Return a categorical decision; choices are known by their printed form."""
    return Decision(name, tuple(map(str, choices)), when=_when(when))


def levels(
    name: str,
    values: Sequence[float],
    *,
    log: bool = False,
    unit: str = "",
    when: Mapping[str, Sequence[Any]] | None = None,
) -> Decision:
    """Return a numeric decision of these values; integers if all of them are.

    Raises:
        NasbenchError: unless they are 2 to 127 finite numbers in ascending order, above 0 on a log scale.
    """
    numbers = list(values)
    if not all(one in NUMBER for one in numbers) or not all(a < b for a, b in pairwise(numbers)):
        raise NasbenchError(
            f"The values of {quoted(name)} are {quoted(numbers)}; they should be numbers in ascending order."
        )
    if log and numbers and numbers[0] <= 0:
        raise NasbenchError(
            f"The values of {quoted(name)} begin at {numbers[0]:g}; on a log scale they should be above 0."
        )
    if all(isinstance(one, Integral) for one in numbers):
        texts = tuple(str(int(one)) for one in numbers)
        return Decision(name, texts, tuple(int(one) for one in numbers), log, unit, _when(when))
    reals = tuple(map(float, numbers))
    return Decision(name, tuple(map(_printed, reals)), reals, log, unit, _when(when))


def integer(
    name: str, low: int, high: int, *, step: int = 1, levels: int | None = None, log: bool = False, **more: Any
) -> Decision:
    """Return a decision over integers from `low` to `high`, both included.

    Args:
        name: its name.
        low: the smallest.
        high: the largest; `low` plus a multiple of the step.
        step: difference of levels.
        levels: number of levels, evenly spread and rounded to integers, in place of a step; needed on a log scale.
        log: whether levels are spread geometrically.
        **more: `unit` and `when`, as in `Decision`.

    Raises:
        NasbenchError: if there is no such grid.
    """
    _check_limits(name, low, high, log)
    if levels is None and log:
        raise NasbenchError(f"Decision {quoted(name)} is on a log scale; say how many levels it has.")
    if levels is None:
        return _grid(name, range(low, high + 1, step) if _divides(name, low, high, step) else (), log, more)
    rounded = [round(one) for one in _spread(name, low, high, levels, log).tolist()]
    if len(set(rounded)) < levels:
        raise NasbenchError(
            f"Decision {quoted(name)} has not {levels} different integers from {low} to {high}; say fewer levels, or write {low}.0 for reals."
        )
    return _grid(name, rounded, log, more)


def real(
    name: str,
    low: float,
    high: float,
    *,
    levels: int | None = None,
    step: float | None = None,
    log: bool = False,
    **more: Any,
) -> Decision:
    """Return a decision over reals from `low` to `high`, both included.

    Args:
        name: its name.
        low: the smallest.
        high: the largest.
        levels: number of levels, spread evenly, or geometrically on a log scale.
        step: difference of levels, in place of their number.
        log: whether levels are spread geometrically.
        **more: `unit` and `when`, as in `Decision`.

    Raises:
        NasbenchError: if there is no such grid.
    """
    _check_limits(name, low, high, log)
    if (levels is None) == (step is None) or (log and levels is None):
        raise NasbenchError(
            f"Decision {quoted(name)} is over reals; say either its number of levels or{' (not on a log scale)' if log else ''} its step."
        )
    if step is not None and _divides(name, low, high, step):
        levels = round((high - low) / step) + 1
    assert levels is not None
    return _grid(name, _rounded(_spread(name, low, high, levels, log)), log, more)


def from_mapping(given: Mapping[str, Any]) -> Decision:
    """Return the decision of a TOML table.

    `choices` make it categorical; `low` and `high`, or `values` in ascending order, numeric: integers where both limits are written
    as integers, else reals. `levels` is the number of levels, `step` their difference, `log = true` the geometric scale, `unit` a
    unit, and `when = { optimizer = ["sgd"] }` the condition.

        >>> from_mapping({"name": "learning_rate", "low": 1e-4, "high": 1e-1, "log": True, "levels": 4}).choices
        ('0.0001', '0.001', '0.01', '0.1')

    Raises:
        NasbenchError: if it is none, in one sentence.
    """
    if not isinstance(given, Mapping):
        raise NasbenchError(
            f"A decision is {quoted(given)}; it should be a table with name and choices, or low and high, or values."
        )
    own = dict(given)
    name = own.pop("name", None)
    if not isinstance(name, str) or not name:
        raise NasbenchError(f"A decision is called {quoted(name)}; it should have a name.")
    if unknown := [key for key in own if key not in KEYS]:
        raise NasbenchError(f"Decision {quoted(name)} has the key {quoted(unknown[0])}; known are {', '.join(KEYS)}.")
    kinds = [key for key in ("choices", "values", "low") if key in own]
    if len(kinds) != 1 or ("low" in own) != ("high" in own):
        raise NasbenchError(f"Decision {quoted(name)} should have choices, or values, or low and high.")
    kind = kinds[0]
    allowed = {"choices": ("choices", "when"), "values": ("values", "log", "unit", "when")}.get(
        kind, ("low", "high", "step", "levels", "log", "unit", "when")
    )
    if surplus := [key for key in own if key not in allowed]:
        raise NasbenchError(f"Decision {quoted(name)} has {kind}, and so no {surplus[0]}.")
    _check_types(name, own)
    if kind == "choices":
        return categorical(name, **own)
    if kind == "values":
        return levels(name, **own)
    whole = all(isinstance(own[key], Integral) for key in ("low", "high", "step") if key in own)
    return integer(name, **own) if whole else real(name, **own)


def _rounded(numbers: Floats) -> list[float]:
    """Return ascending numbers to six significant digits, or as many more as it takes to round by little of a step."""
    gaps = np.diff(numbers)
    step = np.minimum(np.append(gaps, gaps[-1]), np.append(gaps[0], gaps))
    for digits in range(6, 18):
        rounded = np.array([f"{one:.{digits}g}" for one in numbers.tolist()], dtype=np.float64)
        if (np.abs(rounded - numbers) <= ROUNDING * step).all():
            return rounded.tolist()
    return numbers.tolist()


def _printed(number: float) -> str:
    """Return the shortest of the forms with six and more significant digits that reads as the same number."""
    return next(text for digits in range(6, 18) if float(text := f"{number:.{digits}g}") == number)


def _when(given: Mapping[str, Sequence[Any]] | None) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(allowed) for name, allowed in (given or {}).items()}


def _grid(name: str, numbers: Sequence[float], log: bool, more: Mapping[str, Any]) -> Decision:
    return levels(name, numbers, log=log, **more)


def _spread(name: str, low: float, high: float, number: int, log: bool) -> Floats:
    if not 2 <= number <= MOST_LEVELS:
        raise NasbenchError(f"Decision {quoted(name)} has {number} levels; it should have 2 to {MOST_LEVELS}.")
    return np.geomspace(low, high, number) if log else np.linspace(low, high, number)


def _divides(name: str, low: float, high: float, step: float) -> bool:
    """Return True; raise unless steps lead from low to high."""
    count = (high - low) / step if step > 0 else 0.0
    if count >= MOST_LEVELS:
        raise NasbenchError(f"Decision {quoted(name)} has more than {MOST_LEVELS} levels; take a larger step.")
    if count < 1 or abs(count - round(count)) > 1e-6:
        raise NasbenchError(
            f"Decision {quoted(name)} goes from {low:g} to {high:g}, which is no multiple of its step, {step:g}."
        )
    return True


def _check_limits(name: str, low: float, high: float, log: bool) -> None:
    if not (low in NUMBER and high in NUMBER and low < high):
        raise NasbenchError(
            f"Decision {quoted(name)} goes from {low} to {high}; the first should be the smaller number."
        )
    if log and low <= 0:
        raise NasbenchError(f"Decision {quoted(name)} begins at {low:g}; on a log scale it should begin above 0.")


def _check_types(name: str, own: Mapping[str, Any]) -> None:
    """Raise unless the values of a table are of the types that the constructors expect."""
    expected: dict[str, tuple[Any, str]] = {
        "choices": (lambda v: _is_list(v) and all(isinstance(one, str | Real) for one in v), "a list of choices"),
        "values": (_is_list, "a list of numbers"),
        "low": (NUMBER.__contains__, "a number"),
        "high": (NUMBER.__contains__, "a number"),
        "step": (NUMBER.__contains__, "a number"),
        "levels": (lambda v: isinstance(v, Integral) and not isinstance(v, bool), "a whole number"),
        "log": (lambda v: isinstance(v, bool), "true or false"),
        "unit": (lambda v: isinstance(v, str), "a unit"),
        "when": (
            lambda v: isinstance(v, Mapping) and all(isinstance(k, str) and _is_list(c) for k, c in v.items()),
            'a table such as { optimizer = ["sgd"] }',
        ),
    }
    for key, value in own.items():
        check, words = expected[key]
        if not check(value):
            raise NasbenchError(f"Decision {quoted(name)} has the {key} {quoted(value)}; it should be {words}.")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
