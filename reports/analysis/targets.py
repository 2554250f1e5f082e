"""Targets that a search is to reach, and when each run reached them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.oracle import Oracle
from nasbench.errors import unknown_name
from nasbench.reports.analysis.accounts import TIMES
from nasbench.reports.analysis.traces import Traces
from nasbench.reports.statistics.inputs import BoolArray, CensoredTimes
from nasbench.spaces.space import Floats, Ints
from nasbench.ties import tolerance

Criterion = Literal["queried", "incumbent"]
REGRETS = (0.1, 0.3, 1.0)
"""Regret targets in percentage points, for objectives that are percentages."""


@dataclass(frozen=True)
class Target:
    """A set of architectures: those whose value is at most a threshold.

    Attributes:
        key: short name for files and CSV.
        name: name for readers.
        value: what rows are judged by, `(...)` to `(...)`; NaN for what was not measured, which never belongs.
        threshold: the greatest value that belongs.
        within: how far rounding may put a value beyond it.
        criterion: reached when a member is queried at the study's longest training (and, under constraints, seen to be feasible), or when the
            incumbent is a member. The first
            suits targets that are architectures, the second targets on what the search would return.
    """

    key: str
    name: str
    value: Callable[[Ints], Floats]
    threshold: float
    criterion: Criterion
    within: float = 0.0

    def holds(self, rows: Ints) -> NDArray[np.bool_]:
        """Return which rows belong, `(...)` to `(...)`; one that misses the threshold by rounding alone belongs."""
        return np.asarray(self.value(rows) <= self.threshold + self.within)


def standard_targets(oracle: Oracle, unit: str) -> tuple[Target, ...]:
    """Return the targets of every report, fixed before any trace is read, hardest first.

    The best architecture and the ten best are by seed mean on the search split, where a search looks. Regret targets, for objectives
    in percent, hold the incumbent against the best score; other objectives have the best hundredth of the table instead. A rank that
    the oracle does not know makes no target.
    """
    hundredth = max(1, oracle.size // 100)
    among = f" of {oracle.ranked_among}" if oracle.ranked_among else ""
    ranks = [("best", f"best{among or ' architecture'}", 1), ("ten-best", f"one of the ten best{among}", 10)]
    if unit != "%":
        ranks.append(("top-1-percent", f"best {hundredth} (1%){among}", hundredth))
    # Ties with the last one belong: they are as good.
    thresholds = [(key, name, oracle.search_rank(count)) for key, name, count in ranks]
    targets = [
        Target(key, name, oracle.search_mean, threshold, "queried", tolerance(threshold))
        for key, name, threshold in thresholds
        if threshold is not None
    ]
    if unit == "%":
        best = oracle.best_score
        targets += [
            Target(
                f"regret-{r:g}",
                f"regret ≤ {r:g} point{'s' if r != 1.0 else ''}",
                lambda rows: oracle.score(rows) - best,
                r,
                "incumbent",
                tolerance(best, best + r),
            )
            for r in REGRETS
        ]
    return tuple(targets)


def find_target(oracle: Oracle, key: str) -> Target:
    """Return the target of that key among `standard_targets`; raises NasbenchError where the benchmark has none."""
    targets = {target.key: target for target in standard_targets(oracle, oracle.units[0])}
    if key not in targets:
        raise unknown_name("target", key, targets)
    return targets[key]


def headline(targets: Sequence[Sequence[Target]]) -> Target:
    """Return the target that a sentence or figure with room for one shows, given the targets of each benchmark.

    One of the ten best, or the best where some benchmark does not know its ten best.
    """
    shared = set.intersection(*({target.key for target in own} for own in targets))
    return next(t for key in ("ten-best", "best") if key in shared for t in targets[0] if t.key == key)


def time_to_target(traces: Traces, target: Target, account: str) -> CensoredTimes:
    """Return the cost at which each run reached the target, including that query; censored at the total cost of the run."""
    trained = traces.epochs >= traces.longest
    trained = trained if traces.feasible is None else trained & traces.feasible
    queried = target.criterion == "queried"
    found = target.holds(traces.rows) & trained if queried else target.holds(traces.incumbents)
    reached = np.asarray(found.any(axis=1))
    at = np.where(reached, found.argmax(axis=1), traces.shape[1] - 1)
    spent = np.take_along_axis(traces.spent(account), at[:, None], axis=1)[:, 0]
    return CensoredTimes(spent, reached, "s" if account in TIMES else "")


def common_horizon(
    times: Sequence[CensoredTimes], limit: float | None, ended: Sequence[BoolArray] | None = None
) -> float:
    """Return the cost up to which restricted means of all these methods can be compared.

    It is the study's own limit where there is one and every unsuccessful run was followed to it, else the least cost at which an
    unsuccessful run stopped, else (none was unsuccessful) the greatest time. Runs that ended for good before their budget was spent,
    marked in `ended` (`(runs,)` for each method), limit nothing: no further query would have found the target.
    """
    done = [np.zeros(t.runs, dtype=bool) for t in times] if ended is None else ended
    cut = np.concatenate([t.time[~t.observed & ~over] for t, over in zip(times, done, strict=True)])
    if limit is not None and (cut >= limit - tolerance(limit)).all():
        return float(limit)
    return float(cut.min()) if cut.size else max(float(t.time.max()) for t in times)
