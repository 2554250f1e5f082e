"""What a claim states and what was observed, over a size or a time: the data of a figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.machinery.confidence_bands import dkw_radius

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LawCurve:
    """Stated and observed values over an abscissa.

    Attributes:
        x: abscissa, such as queries or a size, ascending, shape (Q,).
        stated: law or bound that the claim predicts, shape (Q,).
        seen: observed values, shape (Q,).
        low, high: confidence band around `seen`, shape (Q,); equal to it where there is none.
        y_label: label of the vertical axis, plain text.
        kind: how `stated` was obtained: "exact", "simulated" or "bound".
        x_label: label of the horizontal axis, plain text.
        band: what `low` and `high` are.
        log_y: whether the vertical axis is logarithmic; the horizontal one always is.
    """

    x: Floats
    stated: Floats
    seen: Floats
    low: Floats
    high: Floats
    y_label: str
    kind: str = "exact"
    x_label: str = "queries"
    log_y: bool = False
    band: str = "95% band"

    @classmethod
    def of_law(cls, times: Floats, cdf: Floats, first: int) -> LawCurve:
        """Return a stated law over the integers from `first`, shape (H,), and the empirical one of times, shape (R,); x begins at 1."""
        at, radius = first + np.arange(len(cdf)), dkw_radius(len(times))
        seen = np.searchsorted(np.sort(times), at, side="right") / len(times)
        low, high = np.maximum(seen - radius, 0.0), np.minimum(seen + radius, 1.0)
        shift = 0 if first > 0 else 1 - first
        return cls(
            (at + shift).astype(float), cdf, seen, low, high, "P(T <= t)", "exact", f"t + {shift}" if shift else "t"
        )

    @classmethod
    def of_growth(cls, x: Floats, stated: Floats, seen: Floats, y_label: str, x_label: str) -> LawCurve:
        """Return a bound over a size and what was observed, without a band, on logarithmic axes; arrays (Q,)."""
        return cls(x, stated, seen, seen, seen, y_label, "bound", x_label, log_y=True)

    @classmethod
    def of_times(cls, times: Floats, stated: Floats, targets: int, kind: str) -> LawCurve:
        """Return the stated and the empirical P(T <= t) for t = 1, 2, ..., with the band of Dvoretzky, Kiefer and Wolfowitz."""
        queries, radius = np.arange(1.0, len(stated) + 1), dkw_radius(len(times))
        seen = np.searchsorted(np.sort(times), queries, side="right") / len(times)
        low, high = np.maximum(seen - radius, 0.0), np.minimum(seen + radius, 1.0)
        return cls(queries, stated, seen, low, high, f"P(T <= t), {targets} best", kind)
