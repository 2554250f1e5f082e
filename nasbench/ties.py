"""Ties: numbers that differ only by rounding are equal.

A mean, a difference or a sum of floating-point numbers depends on the order of its terms in the last bits, so `==`, ranks and `argmin` of
such numbers let rounding decide. Here numbers are equal where they lie within `RELATIVE` of the magnitude of what they were computed
from: far above accumulated rounding errors, far below the precision of any measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

RELATIVE = 1e-11
"""Relative tolerance: the rounding error of a sum of 10^4 terms is about 10^-14."""

SMALLEST = 1e-100
"""Absolute tolerance: squares of smaller differences would underflow."""


def tolerance(*values: ArrayLike) -> float:
    """Return the difference up to which numbers computed from these are equal; non-finite values are ignored."""
    largest = 0.0
    for part in values:
        array = np.abs(np.asarray(part, dtype=float))
        largest = max(largest, float(array.max(initial=0.0, where=np.isfinite(array))))
    return max(RELATIVE * largest, SMALLEST)


def snapped(values: ArrayLike, within: float | None = None) -> FloatArray:
    """Return values of any shape with those within rounding of each other replaced by the lowest of them.

    Values are linked to their neighbours instead of rounded to a grid, so that no equal values fall on two sides of an
    edge.

    Args:
        values: non-finite values are kept unchanged.
        within: the tolerance; None to compute it from the values.
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
    """Return `x - y` with equal differences made identical and those of equal numbers exactly zero."""
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    difference = first - second
    sizes = snapped(np.append(np.abs(difference), 0.0), tolerance(first, second))[:-1]
    return np.asarray(np.sign(difference) * sizes.reshape(difference.shape))


def lowest(values: ArrayLike, within: float | None = None) -> NDArray[np.bool_]:
    """Return which values equal the minimum."""
    array = np.asarray(values, dtype=float)
    return np.asarray(array <= array.min() + (tolerance(array) if within is None else within))


def is_constant(values: ArrayLike, within: float | None = None) -> bool:
    """Return whether all values are equal, along the first axis."""
    array = np.asarray(values, dtype=float)
    reach = array.max(axis=0) - array.min(axis=0)
    return bool((reach <= (tolerance(array) if within is None else within)).all())
