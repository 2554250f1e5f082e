"""What settings may be, and the sentence for one that is something else. This module needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nasbench.errors import NasbenchError


@dataclass(frozen=True)
class Range:
    """Numbers that a setting may have; nan, infinity and what is no number are in no range.

    Attributes:
        words: what follows "it should be".
        least, below: least <= number < below.
        positive: whether 0 is left out.
        whole: whether it must be an `int`.
    """

    words: str
    least: float = 0
    below: float = math.inf
    positive: bool = False
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        kinds = (int,) if self.whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return False
        return self.least <= value < self.below and not (self.positive and value == 0)


@dataclass(frozen=True)
class OneOf:
    """Values that an option may have; 1 is not true here, nor 1.0 the whole number 1."""

    values: tuple[object, ...]

    @property
    def words(self) -> str:
        """What follows "it should be"."""
        return " or ".join(str(value).lower() for value in self.values)

    def __contains__(self, value: object) -> bool:
        return any(type(value) is type(known) and value == known for known in self.values)


LARGEST_SEED = 2**32 - 1

COUNT = Range("a whole number of 1 or more", least=1, whole=True)
SIZE = Range("a whole number of 0 or more", whole=True)
SEED = Range("a whole number from 0 to 2^32 - 1", below=LARGEST_SEED + 1, whole=True)
POSITIVE = Range("a positive number", positive=True)
NOT_NEGATIVE = Range("a number of 0 or more")
FRACTION = Range("a number from 0 to below 1", below=1)
SHARE = Range("a number from 0 to 1", below=math.nextafter(1, 2))
SWITCH = OneOf((True, False))


SINCE_0_2: Mapping[str, bool] = MappingProxyType({"since 0.2": True})
"""Metadata of a setting that a study of version 0.1 could not name: it is at its default, which is off, where a study does not."""


def check_ranges(owner: str, settings: object, ranges: Mapping[str, Range | OneOf]) -> None:
    """Raise NasbenchError for the first attribute of `settings` that is not what it may be; `owner` is whose it is."""
    for name, allowed in ranges.items():
        if getattr(settings, name) not in allowed:
            raise NasbenchError(
                f"The {name} of the {owner} is {getattr(settings, name)!r}; it should be {allowed.words}."
            )


def check_options(searcher: str, allowed: Range | OneOf, **options: object) -> None:
    """Raise NasbenchError for the first of `options` of a searcher that is not among what is allowed."""
    for name, value in options.items():
        if value not in allowed:
            raise NasbenchError(f"The option {name} of {searcher} is {value!r}; it should be {allowed.words}.")
