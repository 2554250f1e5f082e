"""Quantities that are known of an architecture without training it: closed forms, measured latencies, zero-cost scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nasbench.spaces.space import Architectures, Floats


@dataclass(frozen=True)
class KnownQuantity:
    """One quantity.

    Attributes:
        values: architectures `(..., d)` to `(...)`; NaN where it is not known.
        seconds: what it takes to compute it for all architectures; 0 if nothing, or not stated.
    """

    values: Callable[[Architectures], Floats]
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class KnownQuantities:
    """Several of them; called with architectures `(..., d)` it returns `(..., n)`.

    Attributes:
        names: their names.
        values: one function each.
    """

    names: tuple[str, ...]
    values: tuple[Callable[[Architectures], Floats], ...]

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the quantities of architectures, `(..., d)` to `(..., n)`."""
        return np.stack([values(architectures) for values in self.values], axis=-1)
