"""Accounts in which reports measure cost, and the main one of a study."""

from __future__ import annotations

from nasbench.reports.analysis.traces import TRACED
from nasbench.search.ledger import Budget

AXES = ("queries", "unique_queries", "train_seconds")
"""Accounts that every report measures, where they say something of their own."""

NAMES = {
    "queries": "queries",
    "unique_queries": "unique queries",
    "unique_isomorphic_queries": "unique queries up to isomorphism",
    "epochs": "epochs of training",
    "train_seconds": "simulated hours of training",
}
"""Names for readers; seconds are shown in hours."""

UNITS = {
    account: "simulated training time (s)" if account == "train_seconds" else name for account, name in NAMES.items()
}
"""Labels of axes, which show seconds."""

SCALES = {account: 3600.0 if account == "train_seconds" else 1.0 for account in NAMES}
"""How much of an account is one of its name."""


def main_account(budget: Budget) -> str:
    """Return the account that the budget limits, in which reports measure cost: of several the first that traces record.

    In another one runs are followed to different ends, and those longest that repeat themselves most: censoring would not be
    independent of the time to a target. Where traces record none of them, it is queries.
    """
    return next((account for account in budget.limits if account in TRACED), "queries")
