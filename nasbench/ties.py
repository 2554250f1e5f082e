"""Equality after arithmetic: numbers that differ by rounding alone are ties.

A mean, a difference or a sum of floating-point numbers depends on the order of its terms in the last bits, so `==`, ranks and `argmin` of
such numbers let rounding decide. Here numbers are equal where they lie within `RELATIVE` of the magnitude of what they were computed
from: far above what rounding adds up to, far below the last digit that anybody measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

RELATIVE = 1e-11
"""Share of the magnitude up to which a difference is taken for rounding: a sum of 10^4 terms errs by some 10^-14 of it."""

SMALLEST = 1e-100
"""No two numbers closer than this are told apart: squares of such differences would vanish."""


def tolerance(*values: ArrayLike) -> float:
    """Return the difference up to which numbers computed from these are equal; what is not finite counts for nothing."""
    largest = 0.0
    for part in values:
        array = np.abs(np.asarray(part, dtype=float))
        largest = max(largest, float(array.max(initial=0.0, where=np.isfinite(array))))
    return max(RELATIVE * largest, SMALLEST)


def snapped(values: ArrayLike, within: float | None = None) -> FloatArray:
    """Return values of any shape in which those within rounding of each other are the same number, the lowest of them.

    Values are joined by neighbours, not laid on a grid, so that no two equal ones fall on two sides of an edge.

    Args:
        values: what is not finite stays as it is.
        within: see `tolerance`, which the values themselves give where this is None.
    """
    array = np.array(values, dtype=float)
    finite = np.isfinite(array)
    known = array[finite]
    if known.size > 1:
        order = np.argsort(known, kind="stable")
        ordered = known[order]
        starts = np.append(True, np.diff(ordered) > (tolerance(known) if within is None else within))
        known[order] = ordered[np.maximum.accumulate(np.where(starts, np.arange(known.size), 0))]
        array[finite] = known
    return array


def differences(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Return `x - y` with differences of one size equal in size and those of equal numbers exactly zero."""
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    difference = first - second
    sizes = snapped(np.append(np.abs(difference), 0.0), tolerance(first, second))[:-1]
    return np.asarray(np.sign(difference) * sizes.reshape(difference.shape))


def lowest(values: ArrayLike, within: float | None = None) -> NDArray[np.bool_]:
    """Return which values are the least one, equal ones included."""
    array = np.asarray(values, dtype=float)
    return np.asarray(array <= array.min() + (tolerance(array) if within is None else within))


def is_constant(values: ArrayLike, within: float | None = None) -> bool:
    """Return whether all values are one number; along the first axis where there are several."""
    array = np.asarray(values, dtype=float)
    reach = array.max(axis=0) - array.min(axis=0)
    return bool((reach <= (tolerance(array) if within is None else within)).all())
