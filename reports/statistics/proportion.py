"""Success rates and their intervals.

Coverage of nominal 95% intervals at n = 30, exact (a finite sum), for rates from 0.05 to 0.95 in steps of 0.001:

    Clopper-Pearson   never below 95%; 95.4 to 99.4, 97.2 on average
    Wilson            92.2 to 97.9, 95.3 on average

A binomial interval cannot cover 95% at every rate: its coverage is a saw. Use Clopper-Pearson where a guarantee is
wanted, Wilson where the level should hold on average.
"""

from __future__ import annotations

from typing import Literal

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.inputs import check_level
from nasbench.reports.statistics.result import Estimate, Interval, Undefined

Method = Literal["clopper-pearson", "wilson"]


def rate(successes: int, runs: int, *, method: Method = "wilson", level: float = 0.95) -> Estimate | Undefined:
    """Estimate a success rate.

    Args:
        successes: runs that succeeded.
        runs: all runs.
        method: "clopper-pearson" (Clopper and Pearson 1934, guaranteed) or "wilson" (Wilson 1927, on average).
        level: nominal coverage.

    Raises:
        NasbenchError: successes outside 0 to runs, unknown method, level out of range.
    """
    from scipy.stats import binomtest

    check_level(level)
    if method not in ("clopper-pearson", "wilson"):
        raise NasbenchError(f"The interval of a rate is 'clopper-pearson' or 'wilson', not {method!r}.")
    if not 0 <= successes <= runs:
        raise NasbenchError(f"Successes lie between 0 and the number of runs; got {successes} of {runs}.")
    if runs == 0:
        return Undefined("there are no runs")
    kind = "exact" if method == "clopper-pearson" else "wilson"
    bounds = binomtest(successes, runs).proportion_ci(confidence_level=level, method=kind)
    return Estimate(successes / runs, Interval(float(bounds.low), float(bounds.high), level), runs)
