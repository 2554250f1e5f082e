"""What a run has spent, in six accounts, and when it must stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.spaces.space import Floats

ACCOUNTS = ("queries", "unique_queries", "nonisomorphic_queries", "epochs", "train_seconds", "own_seconds")
"""Queries answered; of these the first of an architecture; the first up to isomorphism; epochs and simulated (or measured)
seconds of training that were charged; the optimizer's own seconds."""

GUARD = 50
"""A budget without a limit on `queries` gets this many times its limit on unique queries, so that a run that only repeats
itself, free of charge, ends."""


@dataclass(frozen=True)
class Budget:
    """Limits on accounts. A query is answered while every limited account is below its limit; the query that crosses counts.

    Attributes:
        limits: account name to limit.

    Raises:
        NasbenchError: if an account is unknown, a limit is not a positive finite number, or none is given.
    """

    limits: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.limits:
            raise NasbenchError(f"The budget is empty; it should limit one of {', '.join(ACCOUNTS)}.")
        for account, limit in self.limits.items():
            if account not in ACCOUNTS:
                raise unknown_name("account", account, ACCOUNTS)
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < float("inf"):
                raise NasbenchError(f"The budget of {account} is {limit!r}; it should be a positive number.")

    def guarded(self) -> Budget:
        """The same budget with a limit on `queries`, where a limit on unique queries lacks one."""
        unique = [self.limits[a] for a in ("unique_queries", "nonisomorphic_queries") if a in self.limits]
        if "queries" in self.limits or not unique:
            return self
        return Budget({**self.limits, "queries": GUARD * min(unique)})


class Ledger:
    """The accounts of `R` runs; each attribute named in `ACCOUNTS` is a float array `(R,)`."""

    def __init__(self, runs: int, budget: Budget) -> None:
        self.budget = budget
        self.spent: dict[str, Floats] = {account: np.zeros(runs) for account in ACCOUNTS}

    def affordable(self, amounts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Which queries of a batch find every limited account below its limit, `(R, B)`.

        Args:
            amounts: account to what each query of the batch adds to it, `(R, B)`, in the order of the batch.
        """
        shape = next(iter(amounts.values())).shape
        result = np.ones(shape, dtype=bool)
        for account, limit in self.budget.limits.items():
            before = self.spent[account][:, None]
            if account in amounts and shape[1] > 1:
                before = self._running(account, amounts[account][:, :-1])
            result &= before < limit
        return result

    def _running(self, account: str, amount: NDArray[Any]) -> Floats:
        """The account before, and after each query of a batch `(R, B)`, as `(R, B + 1)`.

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
                self.spent[account] = np.cumsum(np.concatenate([self.spent[account][:, None], amount], axis=1), axis=1)[
                    :, -1
                ]

    @property
    def exhausted(self) -> NDArray[np.bool_]:
        """Runs that have reached a limit, `(R,)`."""
        reached = [self.spent[account] >= limit for account, limit in self.budget.limits.items()]
        return np.logical_or.reduce(reached)
