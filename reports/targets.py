"""Targets that a search is to reach, and when each run reached them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.oracle import Oracle
from reports.statistics.inputs import CensoredTimes
from reports.traces import Traces

Criterion = Literal["queried", "incumbent"]
REGRETS = (0.1, 0.3, 1.0)
"""Regret targets in percentage points, for objectives that are percentages."""


@dataclass(frozen=True)
class Target:
    """A set of architectures.

    Attributes:
        key: short name for files and CSV.
        name: name for readers.
        members: which rows of the table belong to it, `(N,)`.
        criterion: reached when a member is queried, or when the incumbent is a member. The first suits targets that are
            architectures, the second targets on what the search would return.
    """

    key: str
    name: str
    members: NDArray[np.bool_]
    criterion: Criterion


def standard_targets(oracle: Oracle, unit: str) -> tuple[Target, ...]:
    """The targets of every report, fixed before any trace is read, hardest first.

    The best architecture and the ten best are by seed mean on the search split, where a search looks. Regret targets, for objectives
    in percent, hold the incumbent against the best score; other objectives have the best hundredth of the table instead.
    """
    means = oracle.search_means
    finite = np.flatnonzero(np.isfinite(means))
    order = finite[np.argsort(means[finite], kind="stable")]

    def best(count: int) -> NDArray[np.bool_]:
        # Ties with the last one belong: they are as good.
        return np.asarray(means <= means[order[min(count, len(order)) - 1]])

    targets = [
        Target("best", "best architecture", best(1), "queried"),
        Target("ten-best", "one of the ten best", best(10), "queried"),
    ]
    if unit == "%":
        regret = oracle.scores - oracle.best_score
        targets += [
            Target(f"regret-{r:g}", f"regret ≤ {r:g} point{'s' if r != 1.0 else ''}", regret <= r, "incumbent")
            for r in REGRETS
        ]
    else:
        hundredth = max(1, len(order) // 100)
        targets.append(Target("top-1-percent", f"best {hundredth} (1 %)", best(hundredth), "queried"))
    return tuple(targets)


def time_to_target(traces: Traces, target: Target, account: str) -> CensoredTimes:
    """What each run had spent of an account when it reached the target, that query included; censored at what it spent in all."""
    found = target.members[traces.rows if target.criterion == "queried" else traces.incumbents]
    reached = np.asarray(found.any(axis=1))
    at = np.where(reached, found.argmax(axis=1), traces.shape[1] - 1)
    spent = np.take_along_axis(traces.spent(account), at[:, None], axis=1)[:, 0]
    return CensoredTimes(spent, reached)


def common_horizon(times: list[CensoredTimes], limit: float | None) -> float:
    """The cost up to which restricted means of all these methods can be compared.

    It is the study's own limit where there is one and every unsuccessful run was followed to it, else the least cost at which an
    unsuccessful run stopped, else (none was unsuccessful) the greatest time.
    """
    stopped = min((float(t.time[~t.observed].min()) for t in times if t.events < t.runs), default=np.inf)
    if limit is not None and stopped >= limit:
        return float(limit)
    return stopped if np.isfinite(stopped) else max(float(t.time.max()) for t in times)
