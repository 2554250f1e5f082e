"""Cost accounting of runs in seven accounts, and stopping: every run terminates, whatever its budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.ranges import as_plain
from nasbench.renamed import ACCOUNTS as RENAMED
from nasbench.renamed import with_new_names
from nasbench.spaces.space import Floats

ACCOUNTS = (
    "queries",
    "unique_queries",
    "unique_isomorphic_queries",
    "epochs",
    "train_seconds",
    "wall_seconds",
    "optimizer_seconds",
)
"""All queries; first queries of an architecture; the same up to isomorphism; charged epochs; charged (simulated or
measured) training seconds; the simulated clock, which with one worker shows the charged training seconds; seconds of the
optimizer itself.
"""

INFEASIBLE = "infeasible_queries"
"""Queries of architectures that violate a constraint: reported, never limited."""

COUNTED = ("queries", "unique_queries", "unique_isomorphic_queries")
CHARGED = ("epochs", "train_seconds", "wall_seconds")
LARGEST = {**dict.fromkeys(ACCOUNTS, 1e15), **dict.fromkeys(COUNTED, 1e9)}
"""Largest limit of an account."""

GUARD = 50
"""Safety factor: caps total queries if only unique queries are limited, so that a run that proposes only cached
architectures terminates.
"""
MOST_QUERIES = 100_000
"""Cap on total queries for a budget that limits neither queries nor unique queries."""

KNOWN, IDLE = "known", "idle"
"""Two further counts that end a run which can no longer spend its budget: architectures evaluated at the highest
fidelity, and queries that added to no limited account.
"""


@dataclass(frozen=True)
class Budget:
    """Limits on accounts. Queries are answered while every limited account is below its limit; the query that crosses a
    limit counts.

    Attributes:
        limits: limit by account.

    Raises:
        NasbenchError: if an account is unknown, a limit is not a positive number up to `LARGEST`, or there is no limit.
    """

    limits: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.limits:
            raise NasbenchError(f"The budget is empty; it should limit one of {', '.join(ACCOUNTS)}.")
        object.__setattr__(self, "limits", as_plain(with_new_names(self.limits, RENAMED, "account")))
        for account, limit in self.limits.items():
            if account not in ACCOUNTS:
                raise unknown_name("account", account, ACCOUNTS)
            most = LARGEST[account]
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= most:
                raise NasbenchError(
                    f"The budget of {account} is {limit!r}; it should be a positive number of at most {most:g}."
                )

    @property
    def most_queries(self) -> float:
        """Number of queries after which a run ends in any case."""
        if "queries" in self.limits:
            return self.limits["queries"]
        unique = [self.limits[account] for account in COUNTED if account in self.limits]
        return GUARD * min(unique) if unique else MOST_QUERIES


class Ledger:
    """The accounts of `R` runs.

    Args:
        runs: `R`.
        budget: the budget of the study.
        reachable: number of architectures that a run can evaluate (isomorphism classes, if a class counts as one
            training).
        free: whether repeated queries cost neither epochs nor seconds.

    Attributes:
        spent: a float array `(R,)` for each of `ACCOUNTS`, and for `INFEASIBLE`, `KNOWN` and `IDLE`.
        limits: those of the budget, and further ones that guarantee termination.
        watched: whether `charge` needs `KNOWN` and `IDLE` in addition to the accounts.
    """

    def __init__(self, runs: int, budget: Budget, *, reachable: int = 2**62, free: bool = False) -> None:
        self.budget = budget
        self.spent: dict[str, Floats] = {account: np.zeros(runs) for account in (*ACCOUNTS, INFEASIBLE, KNOWN, IDLE)}
        self.limits: dict[str, float] = {**budget.limits, "queries": budget.most_queries}
        if not {"queries", "optimizer_seconds"} & set(budget.limits):
            charged = set(CHARGED) & set(budget.limits)
            if free or not charged:
                self.limits[KNOWN] = min(reachable, 2**62)
            if len(charged) == len(budget.limits):
                self.limits[IDLE] = GUARD * min(reachable, 2**62)
        self.watched = KNOWN in self.limits or IDLE in self.limits

    def idle(self, amounts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which queries of a batch `(R, B)` add to no limited account."""
        return ~np.logical_or.reduce([amounts[account] > 0 for account in self.budget.limits if account in amounts])

    def affordable(self, amounts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return for which queries of a batch every limited account is below its limit, `(R, B)`.

        Args:
            amounts: by account, the amount that each query of the batch adds, `(R, B)`.
        """
        shape = next(iter(amounts.values())).shape
        result = np.ones(shape, dtype=bool)
        for account, limit in self.limits.items():
            before = self.spent[account][:, None]
            if account in amounts and shape[1] > 1:
                before = self._running(account, amounts[account][:, :-1])
            result &= before < limit
        return result

    def _running(self, account: str, amount: NDArray[Any]) -> Floats:
        """Return the account before the batch and after each of its queries, `(R, B)` to `(R, B + 1)`.

        Sums run from left to right, as for single queries, so that batches of any size stop at the same query.
        """
        steps = np.empty((len(amount), amount.shape[1] + 1))
        steps[:, 0] = self.spent[account]
        steps[:, 1:] = amount
        return np.cumsum(steps, axis=1, out=steps)

    def charge(self, amounts: Mapping[str, NDArray[Any]]) -> None:
        """Add a batch `(R, B)` to the accounts, from left to right."""
        for account, amount in amounts.items():
            if amount.shape[1] == 1:
                self.spent[account] += amount[:, 0]
            else:
                self.spent[account] = self._running(account, amount)[:, -1]

    @property
    def exhausted(self) -> NDArray[np.bool_]:
        """Runs that have reached a limit, `(R,)`."""
        reached = [self.spent[account] >= limit for account, limit in self.limits.items()]
        return reached[0] if len(reached) == 1 else np.logical_or.reduce(reached)

    def endings(self) -> list[str]:
        """Return why each run ended: the reason that completes "The run ended because"; empty where it has spent its
        budget.
        """
        reasons = {
            KNOWN: "every architecture had been queried, and no further query would have counted towards the budget",
            IDLE: "its queries had ceased to count towards the budget",
            "queries": f"it had made {self.budget.most_queries:,g} queries without spending its budget",
        }
        result = []
        for run in range(len(self.spent["queries"])):
            reached = [account for account, limit in self.limits.items() if self.spent[account][run] >= limit]
            own = any(account in self.budget.limits for account in reached)
            words = [words for account, words in reasons.items() if account in reached]
            result.append("" if own else [*words, "the optimizer proposed nothing more"][0])
        return result
