"""Anytime performance: the area under the incumbent's trajectory."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import FloatArray, as_array, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize


def anytime_area(
    cost: ArrayLike, incumbent: ArrayLike, start: float, stop: float, *, logarithmic: bool = False
) -> FloatArray | Undefined:
    """Return `(runs,)`: the mean of each run's incumbent over the budgets from `start` to `stop`.

    The incumbent is a step function, its value holding from its cost until the next. The mean is per unit of budget, or per
    decade where `logarithmic`, so that it has the units of the score.

    Args:
        cost: `(runs, points)`, ascending along each run.
        incumbent: `(runs, points)`, the score from that cost on; lower is better.
        start: where the area begins; no run may still be without an incumbent there.
        stop: where it ends. A run that stopped before keeps its last incumbent.
        logarithmic: integrate over the logarithm of the budget.

    Raises:
        NasbenchError: shapes differ, costs descend, or the range is empty (or begins at zero on a logarithmic axis).
    """
    at, value = as_array(cost, 2, "cost"), as_array(incumbent, 2, "incumbent")
    if at.shape != value.shape:
        raise NasbenchError(f"cost has shape {at.shape} and incumbent {value.shape}; they must be the same.")
    if not 0.0 <= start < stop < np.inf or (logarithmic and start == 0.0):
        raise NasbenchError(
            f"The area needs a range of budgets, 0 <= start < stop (0 < start if logarithmic); got {start}, {stop}."
        )
    if problem := incomplete(at, "cost") or incomplete(value, "incumbent"):
        return problem
    if (np.diff(at, axis=1) < 0).any():
        raise NasbenchError("The costs of a run must ascend.")
    if late := int((at[:, 0] > start).sum()):
        return Undefined(
            f"{late} of {pluralize(len(at), 'run')} {'has' if late == 1 else 'have'} no incumbent yet at {start:g}"
        )
    edges = np.clip(np.column_stack([at, np.full(len(at), stop)]), start, stop)
    if logarithmic:
        edges = np.log(edges)
        return np.asarray((value * np.diff(edges, axis=1)).sum(axis=1) / np.log(stop / start))
    return np.asarray((value * np.diff(edges, axis=1)).sum(axis=1) / (stop - start))
