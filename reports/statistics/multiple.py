"""Many tests at once: Holm's step-down adjustment of p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.multiplicity import adjust_holm
from nasbench.reports.statistics.result import Undefined


def holm(p_values: Sequence[float | Undefined]) -> tuple[float | Undefined, ...]:
    """Return the adjusted p-values of one family, in the order given (Holm 1979).

    A test that is undefined stays undefined and still counts in the family: it was planned, and leaving it out would make
    the others look more significant than they are.

    Raises:
        NasbenchError: a p-value outside 0 to 1.
    """
    known = [i for i, p in enumerate(p_values) if not isinstance(p, Undefined)]
    raw = np.array([p for p in p_values if not isinstance(p, Undefined)], dtype=float)
    if not ((raw >= 0.0) & (raw <= 1.0)).all():
        raise NasbenchError(f"A p-value lies between 0 and 1; got {raw.tolist()}.")
    result = list(p_values)
    for position, value in zip(known, adjust_holm(raw, len(p_values)), strict=True):
        result[position] = float(value)
    return tuple(result)
