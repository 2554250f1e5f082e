"""Multiple testing: Holm's step-down procedure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def adjust_holm(p_values: ArrayLike, tests: int | None = None) -> NDArray[np.float64]:
    """Return the p-values of one family adjusted for multiplicity (Holm 1979), `(m,)`; NaN stays NaN.

    Args:
        p_values: p-values, `(m,)`; NaN if undefined.
        tests: size of the family; None counts the tests that have a p-value.
    """
    p = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    ordered = tested[np.argsort(p[tested], kind="stable")]
    factors = (len(tested) if tests is None else tests) - np.arange(len(tested))
    adjusted = np.full(len(p), np.nan)
    adjusted[ordered] = np.minimum(np.maximum.accumulate(factors * p[ordered]), 1.0)
    return adjusted
