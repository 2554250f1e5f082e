"""Ranges of the numbers among settings, and the sentence for one that is outside. This module needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

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


COUNT = Range("a whole number of 1 or more", least=1, whole=True)
SIZE = Range("a whole number of 0 or more", whole=True)
SEED = Range("a whole number from 0 to 2^32 - 1", below=2**32, whole=True)
POSITIVE = Range("a positive number", positive=True)
NOT_NEGATIVE = Range("a number of 0 or more")
FRACTION = Range("a number from 0 to below 1", below=1)


def check_ranges(owner: str, settings: object, ranges: Mapping[str, Range]) -> None:
    """Raise NasbenchError for the first attribute of `settings` that is outside its range; `owner` is whose it is."""
    for name, allowed in ranges.items():
        if getattr(settings, name) not in allowed:
            raise NasbenchError(
                f"The {name} of the {owner} is {getattr(settings, name)!r}; it should be {allowed.words}."
            )
