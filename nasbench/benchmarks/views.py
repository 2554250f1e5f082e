"""How an objective, which is always minimised inside, is shown to users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from nasbench.spaces.space import Floats

Number = TypeVar("Number", float, Floats)


@dataclass(frozen=True)
class View:
    """From a minimised number to the one that users asked for: the same, or an offset minus it.

    Attributes:
        direction: "max" where more of what users see is better, else "min".
        offset: 100 for percentages, of which the rest is minimised, else 0.
    """

    direction: str = "min"
    offset: float = 0.0

    def __call__(self, minimised: Number) -> Number:
        """Return what is shown; a function of its own inverse."""
        return minimised if self.direction == "min" else self.offset - minimised

    @property
    def better(self) -> str:
        """Which values are better, in words."""
        return "higher is better" if self.direction == "max" else "lower is better"

    @property
    def best(self) -> str:
        """What the best value is called."""
        return "highest" if self.direction == "max" else "lowest"


AS_IT_IS = View()
"""What is shown is what is minimised."""


def minimised(values: Floats, view: View) -> Floats:
    """Return the numbers that are minimised for those that are shown, in double precision."""
    numbers = np.asarray(values, dtype=np.float64)
    return numbers if view.direction == "min" else view.offset - numbers
