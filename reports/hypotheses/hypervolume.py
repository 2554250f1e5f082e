"""Unique queries to a share of the attainable hypervolume.

Attainable is the front of all architectures within the stated error; its hypervolume is taken as in `nasbench.reports.analysis.pareto_fronts`. A run's front
is that of everything it queried, valued by seed means, so it only grows and noise in what the run saw does not matter.
"""

from __future__ import annotations

import numpy as np

from nasbench.reports.analysis.pareto_fronts import TrueFront, true_front
from nasbench.reports.analysis.traces import Traces
from nasbench.reports.statistics.inputs import CensoredTimes
from nasbench.reports.statistics.multiobjective import hypervolume
from nasbench.reports.statistics.result import Undefined
from nasbench.search.dominance import nondominated
from nasbench.spaces.space import Floats


def queries_to_volume(traces: Traces, objectives: Floats, inside: np.ndarray, fraction: float) -> CensoredTimes:
    """Return unique queries until what a run queried dominates a share of the attainable hypervolume.

    Args:
        traces: the runs.
        objectives: true objectives by row, `(N, M)`, minimised.
        inside: rows that count, `(N,)`.
        fraction: share of the hypervolume that these rows attain together.
    """
    truth = true_front(objectives[inside])
    unique = traces.spent("unique_queries")
    spent = np.empty(len(traces.runs))
    reached = np.zeros(len(traces.runs), dtype=bool)
    for run, length in enumerate(traces.lengths):
        points = np.where(inside[traces.rows[run], None], objectives[traces.rows[run]], np.inf)
        low, high = 0, int(length)
        # The share only grows, so the first query at which it suffices is found by bisection.
        reached[run] = share(points[:high], truth) >= fraction
        while low < high:
            middle = (low + high) // 2
            if share(points[:middle], truth) >= fraction:
                high = middle
            else:
                low = middle + 1
        spent[run] = unique[run, max(low if reached[run] else int(length), 1) - 1]
    return CensoredTimes(spent, reached)


def share(points: Floats, truth: TrueFront) -> float:
    """Return hypervolume of points `(n, M)` as a share of the front's; rows with an infinite value count for nothing."""
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return 0.0
    volume = hypervolume(np.unique(finite[nondominated(finite)], axis=0), truth.reference)
    whole = hypervolume(truth.points, truth.reference)
    assert not isinstance(volume, Undefined) and not isinstance(whole, Undefined)
    return volume / whole
