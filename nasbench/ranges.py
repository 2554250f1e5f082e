"""Ranges of settings and their error messages, for table-based and live searches and the command line.

The constructor's annotation declares the range of a setting:

    population: Annotated[int, count(10_000)] = 10
    mutation: Probability | None = None
    encoding: Literal["paths", "one-hot"] = "paths"
    replacement: bool = True

An annotation without a range still gives the type; `allowed_by` reads both. This module needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nasbench.errors import NasbenchError, quoted


@dataclass(frozen=True)
class Range:
    """Range of numbers; NaN and non-numbers are in no range, infinity only if stated.

    Attributes:
        words: description that follows "it should be".
        least, below: least <= number < below.
        positive: whether 0 is left out.
        whole: whether it must be an integer.
        endless: whether infinity ("never" or "always") is included.
    """

    words: str
    least: float = 0
    below: float = math.inf
    positive: bool = False
    whole: bool = False
    endless: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Integral if self.whole else Real) or isinstance(value, bool):
            return False
        number: Any = (
            value  # numbers of every kind are compared exactly; typing defines no order between float and Real
        )
        inside = bool(self.least <= number < self.below) or (self.endless and number == math.inf)
        return inside and not (self.positive and number == 0)


@dataclass(frozen=True)
class OneOf:
    """Set of allowed values; types must match, so 1 is not True and 1.0 is not the integer 1."""

    values: tuple[object, ...]

    @property
    def words(self) -> str:
        """Description that follows "it should be"."""
        return " or ".join(repr(value) if isinstance(value, str) else str(value).lower() for value in self.values)

    def __contains__(self, value: object) -> bool:
        return any(type(value) is type(known) and value == known for known in self.values)


@dataclass(frozen=True)
class Text:
    """Any text, validated elsewhere."""

    words: str = "a text"

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str)


@dataclass(frozen=True)
class OrNone:
    """Another range, or None to let the algorithm choose."""

    other: Allowed

    @property
    def words(self) -> str:
        """Description that follows "it should be"."""
        return f"{self.other.words}, or left out"

    def __contains__(self, value: object) -> bool:
        return value is None or value in self.other


@dataclass(frozen=True)
class Anything:
    """Any value: for a plug-in's settings of unknown types."""

    words: str = "anything"

    def __contains__(self, value: object) -> bool:
        return True


Allowed = Range | OneOf | Text | OrNone | Anything

LARGEST_SEED = 2**32 - 1

WHOLE = Range("a whole number", least=-math.inf, whole=True)
FINITE = Range("a finite number", least=-1.7976931348623157e308)
COUNT = Range("a whole number of 1 or more", least=1, whole=True)
SIZE = Range("a whole number of 0 or more", whole=True)
SEED = Range("a whole number from 0 to 2^32 - 1", below=LARGEST_SEED + 1, whole=True)
POSITIVE = Range("a positive number", positive=True)
NOT_NEGATIVE = Range("a number of 0 or more")
FRACTION = Range("a number from 0 to below 1", below=1)
SHARE = Range("a number from 0 to 1", below=math.nextafter(1, 2))
INSIDE = Range("a number between 0 and 1", below=1, positive=True)
SWITCH = OneOf((True, False))


def count(most: int, least: int = 1) -> Range:
    """Return the range of whole numbers from 1 to a maximum, for settings that cost memory or time."""
    return Range(f"a whole number of {least} or more, at most {most:,}", least=least, below=most + 1, whole=True)


def between(least: float, most: float) -> Range:
    """Return the range between two numbers, both included."""
    return Range(f"a number from {least:,g} to {most:,g}", least=least, below=math.nextafter(most, math.inf))


def positive(most: float) -> Range:
    """Return the range of positive numbers up to and including a maximum."""
    return Range(f"a positive number of at most {most:,g}", below=math.nextafter(most, math.inf), positive=True)


SINCE_0_2: Mapping[str, bool] = MappingProxyType({"since 0.2": True})
"""Metadata of a setting that a study of version 0.1 could not name: it is at its default, which is off, where a study does not."""

Probability = Annotated[float, SHARE]


def allowed_by(hint: object, default: object) -> Allowed:
    """Return the range of a parameter with that annotation and default; without an annotation, the default's type."""
    if hint is None or hint is Any:
        hint = type(default)
    if get_origin(hint) is Annotated:
        base, *more = get_args(hint)
        return next((range_ for range_ in more if isinstance(range_, Allowed)), allowed_by(base, default))
    if get_origin(hint) is Literal:
        return OneOf(get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return OrNone(allowed_by(kinds[0], default)) if len(kinds) == 1 else Anything()
    plain: dict[object, Allowed] = {bool: SWITCH, int: WHOLE, float: FINITE, str: Text()}
    return plain.get(hint, Anything())


def as_plain(given: Any) -> Any:
    """Return numbers of numpy as the numbers of Python that they are, also inside mappings, lists and tuples; other values as they are.

    Study files, hashes and comparisons of settings know Python's numbers alone.
    """
    if isinstance(given, Mapping):
        return {name: as_plain(value) for name, value in given.items()}
    if type(given) in (list, tuple):
        return type(given)(as_plain(value) for value in given)
    is_scalar = getattr(given, "shape", None) == () and hasattr(given, "item")
    return given.item() if is_scalar else given


def as_names(what: str, given: str | Iterable[str]) -> tuple[str, ...]:
    """Return names; one alone may stand for a list.

    Args:
        what: what is named, in the plural, for the error.
        given: a name, or names.

    Raises:
        NasbenchError: if it is neither.
    """
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise NasbenchError(f"The {what} are {quoted(given)}; they should be a list of names.")
    return tuple(map(str, names))


def check_ranges(owner: str, settings: object, ranges: Mapping[str, Allowed]) -> None:
    """Raise NasbenchError for the first attribute of `settings` out of range; `owner` names the object in the error."""
    for name, allowed in ranges.items():
        check_setting(f"{name} of the {owner}", getattr(settings, name), allowed)


def check_setting(what: str, value: object, allowed: Allowed) -> None:
    """Raise NasbenchError unless a setting is in range; `what` names it in the error."""
    if value not in allowed:
        raise NasbenchError(f"The {what} is {quoted(value)}; it should be {allowed.words}.")
