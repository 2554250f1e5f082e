"""What settings may be, and the sentence for one that is something else; for tables, live searches and command lines alike.

A setting says what it may be beside its default, in the constructor's annotation:

    population: Annotated[int, count(10_000)] = 10
    mutation: Probability | None = None
    encoding: Literal["paths", "one-hot"] = "paths"
    replacement: bool = True

An annotation without a range still gives the type; `allowed_by` reads both. This module needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nasbench.errors import NasbenchError, quoted


@dataclass(frozen=True)
class Range:
    """Numbers that a setting may have; nan and what is no number are in no range, infinity only in one that says so.

    Attributes:
        words: what follows "it should be".
        least, below: least <= number < below.
        positive: whether 0 is left out.
        whole: whether it must be an integer.
        endless: whether infinity, which says "never" or "always", is in it.
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
        number: Any = value  # numbers of every kind are compared exactly; typing knows no order between float and Real
        inside = bool(self.least <= number < self.below) or (self.endless and number == math.inf)
        return inside and not (self.positive and number == 0)


@dataclass(frozen=True)
class OneOf:
    """Values that an option may have; 1 is not true here, nor 1.0 the whole number 1."""

    values: tuple[object, ...]

    @property
    def words(self) -> str:
        """What follows "it should be"."""
        return " or ".join(repr(value) if isinstance(value, str) else str(value).lower() for value in self.values)

    def __contains__(self, value: object) -> bool:
        return any(type(value) is type(known) and value == known for known in self.values)


@dataclass(frozen=True)
class Text:
    """Any text, where what it may say depends on more than the setting."""

    words: str = "a text"

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str)


@dataclass(frozen=True)
class OrNone:
    """What another range allows, or None, which says that the algorithm chooses."""

    other: Allowed

    @property
    def words(self) -> str:
        """What follows "it should be"."""
        return f"{self.other.words}, or left out"

    def __contains__(self, value: object) -> bool:
        return value is None or value in self.other


@dataclass(frozen=True)
class Anything:
    """No range at all: a plug-in's setting of a type of its own."""

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
    """Return what a parameter of that annotation and default may be; the default's type where there is no annotation."""
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


def check_ranges(owner: str, settings: object, ranges: Mapping[str, Allowed]) -> None:
    """Raise NasbenchError for the first attribute of `settings` that is not what it may be; `owner` is whose it is."""
    for name, allowed in ranges.items():
        check_setting(f"{name} of the {owner}", getattr(settings, name), allowed)


def check_setting(what: str, value: object, allowed: Allowed) -> None:
    """Raise NasbenchError unless a setting is what it may be; `what` names it in the error."""
    if value not in allowed:
        raise NasbenchError(f"The {what} is {quoted(value)}; it should be {allowed.words}.")
