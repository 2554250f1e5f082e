"""What the options of searchers may be, and the sentence for one that is something else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nasbench.errors import NasbenchError
from nasbench.live.ranges import Range

SHARE = Range("a number from 0 to 1", below=math.nextafter(1, 2))


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


SWITCH = OneOf((True, False))


def check_options(searcher: str, allowed: Range | OneOf, **options: object) -> None:
    """Raise NasbenchError for the first of `options` of a searcher that is not among what is allowed."""
    for name, value in options.items():
        if value not in allowed:
            raise NasbenchError(f"The option {name} of {searcher} is {value!r}; it should be {allowed.words}.")
