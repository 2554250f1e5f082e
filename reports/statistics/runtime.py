"""Run time to target as COCO defines it: expected running time, simulated restarts, distributions over targets.

Source: Hansen, Auger, Ros, Mersmann, Tušar and Brockhoff 2021, "COCO: a platform for comparing continuous optimizers", and
"COCO: performance assessment" (arXiv:1605.03560), sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nasbench.reports.statistics.inputs import CensoredTimes, FloatArray, as_array
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import none_of


def expected_running_time(times: CensoredTimes) -> float | Undefined:
    """Return the cost of all runs over the number that reached the target; a failed run is charged its own cost.

    It estimates the cost until the first success of independent restarts of the same method.
    """
    if not times.events:
        return Undefined(f"{none_of(times.runs, 'run')} reached the target")
    return float(times.time.sum()) / times.events


def simulated_restarts(times: CensoredTimes, size: int, rng: np.random.Generator) -> FloatArray | Undefined:
    """Return `(size,)` costs of drawing runs with replacement until one that reached the target.

    Their mean tends to the expected running time.
    """
    if not times.events:
        return Undefined(f"{none_of(times.runs, 'run')} reached the target")
    successes, failures = times.time[times.observed], times.time[~times.observed]
    total = rng.choice(successes, size=size)
    if failures.size:
        attempts = rng.geometric(times.events / times.runs, size=size) - 1
        owner = np.repeat(np.arange(size), attempts)
        total += np.bincount(owner, weights=rng.choice(failures, size=owner.size), minlength=size)
    return total


def run_time_distribution(targets: Sequence[CensoredTimes], budgets: ArrayLike) -> FloatArray | Undefined:
    """Return `(budgets,)`: the fraction of (run, target) pairs solved within each budget.

    All targets have equal weight, regardless of their numbers of runs. A budget beyond where an unsuccessful run stopped would count
    it as a failure it may not be: the distribution is undefined there, so restrict budgets to what every run was given.

    Args:
        targets: the runs' times to each target (or to one target on each data set).
        budgets: in the units of time.
    """
    grid = as_array(budgets, 1, "budgets")
    if not targets or any(target.runs == 0 for target in targets):
        return Undefined("a target has no runs")
    followed = min((float(t.time[~t.observed].min()) for t in targets if t.events < t.runs), default=np.inf)
    if grid.size and grid.max() > followed:
        return Undefined(f"a run that had not reached its target stopped at {followed:g}, before {grid.max():g}")
    solved = [np.searchsorted(np.sort(t.time[t.observed]), grid, side="right") / t.runs for t in targets]
    return np.asarray(np.mean(solved, axis=0))
