"""Validation of column values: sentinels for missing values are masked, impossible values rejected."""

from __future__ import annotations

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.tables.column import Measured
from nasbench.tables.units import NOT_NEGATIVE, UNITS

NOT_MEASURED = -1
"""Sentinel of device measurements for networks that could not be measured, e.g. rejected by the Edge TPU's compiler."""
LARGEST = 1e15
"""Upper limit on measurements in any unit."""


def cleaned(table: str, measured: Measured) -> tuple[Measured, tuple[str, ...]]:
    """Return a column with sentinel values replaced by NaN, and a note on each kind found.

    Raises:
        NasbenchError: if a value is infinite, negative where impossible, not a percentage, or too large, or if none is
            left.
    """
    column, values = measured.column, measured.values
    what = f"Table {table!r}: {column.key}"
    missing = np.zeros(values.shape, dtype=bool) if measured.missing is None else measured.missing
    notes: tuple[str, ...] = ()
    not_negative = UNITS[column.unit].dimension in NOT_NEGATIVE
    if not_negative:
        stand_in = ~missing & (values == NOT_MEASURED)
        if stand_in.any():
            count = int(stand_in.sum())
            notes = (
                f"{column.key} has {NOT_MEASURED} in {count} places, which was taken for `not measured` and masked.",
            )
            missing = missing | stand_in
            measured = Measured(column, np.where(stand_in, 0, values), missing)
    present = values if not missing.any() else values[~missing]
    if not present.size:
        raise NasbenchError(f"{what} holds no value; leave the column out.")
    if not np.isfinite(present).all():
        raise NasbenchError(f"{what} has values that are not finite; mask what was not measured.")
    low, high = float(present.min()), float(present.max())
    if column.unit == "%" and (low < 0 or high > 100):
        raise NasbenchError(f"{what} is in % but ranges from {low:g} to {high:g}; percentages lie in 0 to 100.")
    if column.unit == "%" and high <= 1:
        raise NasbenchError(f"{what} is in % but no value exceeds 1; these look like fractions, so multiply by 100.")
    if not_negative and low < 0:
        raise NasbenchError(
            f"{what} goes down to {low:g} {column.unit}; it cannot be negative ({NOT_MEASURED} is masked)."
        )
    if max(-low, high) > LARGEST:
        raise NasbenchError(f"{what} reaches {max(-low, high):g} {column.unit}, which nothing that is measured does.")
    return measured, notes
