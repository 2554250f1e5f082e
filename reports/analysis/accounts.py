"""Accounts in which reports measure cost, and the main one of a study."""

from __future__ import annotations

from nasbench.reports.analysis.traces import TRACED
from nasbench.search.ledger import Budget
from nasbench.study.config import Study

AXES = ("queries", "unique_queries", "train_seconds")
"""Accounts that every report measures, where they say something of their own."""

TIMES = ("train_seconds", "wall_seconds")
"""Accounts in seconds; all others count whole things."""

NAMES = {
    "queries": "queries",
    "unique_queries": "unique queries",
    "unique_isomorphic_queries": "unique queries up to isomorphism",
    "epochs": "epochs of training",
    "train_seconds": "simulated hours of training",
    "wall_seconds": "simulated wall-clock hours",
}
"""Names for readers; seconds are shown in hours."""

UNITS = {
    **NAMES,
    "train_seconds": "simulated training time (s)",
    "wall_seconds": "simulated wall-clock time (s)",
}
"""Labels of axes, which show seconds."""

SCALES = {account: 3600.0 if account in TIMES else 1.0 for account in NAMES}
"""How much of an account is one of its name."""


def main_account(budget: Budget) -> str:
    """Return the account that the budget limits, in which reports measure cost: of several the first that traces record.

    In another one runs are followed to different ends, and those longest that repeat themselves most: censoring would not be
    independent of the time to a target. Where traces record none of them, it is queries.
    """
    return next((account for account in budget.limits if account in TRACED), "queries")


def measured_accounts(study: Study, clocked: bool = False) -> tuple[str, ...]:
    """Return the accounts in which a report on a study measures cost: the clock too where trainings run at once, or traces of unknown
    origin have one.
    """
    clock = ("wall_seconds",) if study.parallelism.is_simulated or clocked else ()
    return tuple(dict.fromkeys((*AXES, *clock, main_account(study.budget))))


def drawn_accounts(study: Study, clocked: bool = False) -> tuple[str, ...]:
    """Return the accounts against which regret is drawn: the main one, and seconds of training or on the clock."""
    clock = "wall_seconds" if study.parallelism.is_simulated or clocked else "train_seconds"
    return tuple(dict.fromkeys((main_account(study.budget), clock)))
