"""The growth of an optimizer's time in the number of queries, from the timings in a results folder."""

from __future__ import annotations

import numpy as np

from nasbench.theory.families.complexity.growth import SHORTEST, TIME_SLACK, Slope, check_slopes
from nasbench.theory.families.complexity.optimizers import ORDERS
from nasbench.theory.machinery.claim import Context, Outcome, Verdict, not_judged
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns
from nasbench.theory.traces.trace_check import TraceCheck, make_check

FEWEST = 4
"""Numbers of queries between which a slope is fitted, at least."""

FROM = 0.1
"""Share of the queries from which growth is looked at: earlier on, constants of the settings rule."""


def growth_of_time(runs: OptimizerRuns, context: Context) -> list[TraceCheck]:
    """Compare the growth of an optimizer's processor seconds with the stated power of T; nothing for one without a stated order."""
    order = ORDERS.get(runs.entry.name)
    if order is None or runs.is_live:
        return []
    return [make_check(f"complexity.{runs.entry.name.replace('_', '-')}", runs, _verdict(runs, order.time))]


def _verdict(runs: OptimizerRuns, power: float) -> Verdict:
    if not runs.seconds:
        return not_judged(
            Outcome.UNDECIDED, "the folder holds no times on the way: an earlier version, or simulated workers, made it"
        )
    queries, seconds = np.array(runs.seconds).T
    # What a run takes in lockstep is small; what is timed is the whole unit.
    late = (queries >= FROM * queries.max()) & (seconds * runs.study.runs_per_file >= SHORTEST)
    sizes = np.unique(queries[late])
    if len(sizes) < FEWEST:
        return not_judged(Outcome.UNDECIDED, f"the times of {len(sizes)} numbers of queries are too few or too short")
    slope = Slope.of("time", queries[late], seconds[late], power, TIME_SLACK)
    return check_slopes([slope], int(late.sum()), f"T = {sizes[0]:.0f} to {sizes[-1]:.0f}")
