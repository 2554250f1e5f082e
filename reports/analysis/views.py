"""Estimates as users see them: of an objective that is maximised, accuracy in the place of what is minimised."""

from __future__ import annotations

from nasbench.benchmarks.views import View
from nasbench.reports.statistics.result import Estimate, Interval, Undefined


def as_seen(estimate: Estimate | Undefined, view: View) -> Estimate | Undefined:
    """A mean of scores as users see it, its interval with it."""
    if isinstance(estimate, Undefined) or view.direction == "min":
        return estimate
    bounds = estimate.interval
    if isinstance(bounds, Interval):
        bounds = Interval(view(bounds.upper), view(bounds.lower), bounds.level)
    return Estimate(view(estimate.value), bounds, estimate.n)


def difference_as_seen(estimate: Estimate | Undefined, view: View) -> Estimate | Undefined:
    """A difference of scores as users see it: of what is maximised the other way round."""
    return as_seen(estimate, View(view.direction))
