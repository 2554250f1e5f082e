"""Conversion between minimised objectives and the values shown to users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from nasbench.spaces.space import Floats

Number = TypeVar("Number", float, Floats)


@dataclass(frozen=True)
class View:
    """Conversion from a minimised value to the one shown to users: the same, or an offset minus it.

    Attributes:
        direction: "max" if higher shown values are better, else "min".
        offset: 100 for percentages, whose complement is minimised, else 0.
    """

    direction: str = "min"
    offset: float = 0.0

    def __call__(self, minimised: Number) -> Number:
        """Return the shown values; the conversion is its own inverse."""
        return minimised if self.direction == "min" else self.offset - minimised

    def difference(self, minimised: float) -> float:
        """Return a difference of minimised numbers as users see it: the other way round where more is better."""
        return minimised if self.direction == "min" else -minimised

    @property
    def better(self) -> str:
        """Which values are better ("lower" or "higher")."""
        return "higher is better" if self.direction == "max" else "lower is better"

    @property
    def best(self) -> str:
        """Name of the best value."""
        return "highest" if self.direction == "max" else "lowest"


AS_IT_IS = View()
"""The view whose shown values are the minimised ones."""


def minimised(values: Floats, view: View) -> Floats:
    """Return the minimised values of shown values, in double precision."""
    numbers = np.asarray(values, dtype=np.float64)
    return numbers if view.direction == "min" else view.offset - numbers
