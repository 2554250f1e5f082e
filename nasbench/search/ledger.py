"""What a run has spent, in six accounts, and when it must stop: every run stops, whatever its budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.renamed import ACCOUNTS as RENAMED
from nasbench.renamed import with_new_names
from nasbench.spaces.space import Floats

ACCOUNTS = ("queries", "unique_queries", "unique_isomorphic_queries", "epochs", "train_seconds", "optimizer_seconds")
"""Queries answered; of these the first of an architecture; the first up to isomorphism; epochs and simulated (or measured)
seconds of training that were charged; the optimizer's own seconds."""

COUNTED = ("queries", "unique_queries", "unique_isomorphic_queries")
CHARGED = ("epochs", "train_seconds")
LARGEST = {**dict.fromkeys(ACCOUNTS, 1e15), **dict.fromkeys(COUNTED, 1e9)}
"""Largest limit of an account."""

GUARD = 50
"""A budget without a limit on `queries` gets this many times its limit on unique queries, so that a run that only repeats
itself, free of charge, ends."""
MOST_QUERIES = 100_000
"""A budget without any limit on queries, unique or not, ends a run after so many; tables hold fewer architectures or not many more."""

KNOWN, IDLE = "known", "idle"
"""Two counts beside the accounts that end a run which can spend no more: architectures that are known at the longest training, and
queries that added to no limited account."""


@dataclass(frozen=True)
class Budget:
    """Limits on accounts. A query is answered while every limited account is below its limit; the query that crosses counts.

    Attributes:
        limits: account name to limit.

    Raises:
        NasbenchError: if an account is unknown, a limit is not a positive number up to `LARGEST`, or none is given.
    """

    limits: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.limits:
            raise NasbenchError(f"The budget is empty; it should limit one of {', '.join(ACCOUNTS)}.")
        object.__setattr__(self, "limits", with_new_names(self.limits, RENAMED, "account"))
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
        """Queries after which a run ends, whatever it has spent by then."""
        if "queries" in self.limits:
            return self.limits["queries"]
        unique = [self.limits[account] for account in COUNTED if account in self.limits]
        return GUARD * min(unique) if unique else MOST_QUERIES


class Ledger:
    """The accounts of `R` runs.

    Args:
        runs: `R`.
        budget: the limits that the study states.
        reachable: architectures that a run can learn of (functions, where those of one function are one training).
        free: whether a query that repeats one costs neither epochs nor seconds.

    Attributes:
        spent: a float array `(R,)` for each of `ACCOUNTS`, and for `KNOWN` and `IDLE`.
        limits: those of the budget, and the ones that end a run which the budget never would.
        watched: whether `charge` wants `KNOWN` and `IDLE` beside the accounts.
    """

    def __init__(self, runs: int, budget: Budget, *, reachable: int = 2**62, free: bool = False) -> None:
        self.budget = budget
        self.spent: dict[str, Floats] = {account: np.zeros(runs) for account in (*ACCOUNTS, KNOWN, IDLE)}
        self.limits: dict[str, float] = {**budget.limits, "queries": budget.most_queries}
        if not {"queries", "optimizer_seconds"} & set(budget.limits):
            charged = set(CHARGED) & set(budget.limits)
            if free or not charged:
                self.limits[KNOWN] = min(reachable, 2**62)
            if len(charged) == len(budget.limits):
                self.limits[IDLE] = GUARD * min(reachable, 2**62)
        self.watched = KNOWN in self.limits or IDLE in self.limits

    def idle(self, amounts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which queries of a batch `(R, B)` add to no account that the budget limits."""
        return ~np.logical_or.reduce([amounts[account] > 0 for account in self.budget.limits if account in amounts])

    def affordable(self, amounts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return for which queries of a batch every limited account is below its limit, `(R, B)`.

        Args:
            amounts: account to what each query of the batch adds to it, `(R, B)`, in the order of the batch.
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
        """Return the account before, and after each query of a batch `(R, B)`, as `(R, B + 1)`.

        Summed from left to right, as single queries would be, so that batches of any size stop at the same query.
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
        return np.logical_or.reduce(reached)

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
