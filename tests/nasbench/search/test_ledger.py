from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.search.ledger import GUARD, KNOWN, MOST_QUERIES, Budget, Ledger


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), "many", True])
def test_budgets_that_make_no_sense_are_refused(limit: object) -> None:
    with pytest.raises(NasbenchError, match="positive number"):
        Budget({"queries": limit})  # type: ignore[dict-item]


@pytest.mark.parametrize("account", ["queries", "train_seconds"])
def test_budgets_without_end_are_refused(account: str) -> None:
    for limit in (1e300, 10**400):
        with pytest.raises(NasbenchError, match="at most 1e"):
            Budget({account: limit})


def test_unknown_and_missing_accounts_are_refused() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'queries'"):
        Budget({"querys": 3})
    with pytest.raises(NasbenchError, match="empty"):
        Budget({})


def test_the_query_that_crosses_the_limit_counts() -> None:
    ledger = Ledger(1, Budget({"train_seconds": 10}))
    cost = np.array([[4.0, 4.0, 4.0, 4.0]])
    assert ledger.affordable({"train_seconds": cost}).tolist() == [[True, True, True, False]]


def test_batches_of_any_size_spend_the_same_bits() -> None:
    rng = np.random.default_rng(1)
    cost = rng.random((3, 64)) * 1e3
    whole, single = (Ledger(3, Budget({"queries": 1e9})) for _ in range(2))
    whole.charge({"train_seconds": cost})
    for b in range(64):
        single.charge({"train_seconds": cost[:, b : b + 1]})
    assert np.array_equal(whole.spent["train_seconds"], single.spent["train_seconds"])


def test_a_budget_on_unique_queries_ends_a_run_that_repeats_itself() -> None:
    assert Budget({"unique_queries": 7}).most_queries == 7 * GUARD
    assert Budget({"unique_queries": 7, "queries": 9}).most_queries == 9


@pytest.mark.parametrize("account", ["epochs", "train_seconds", "optimizer_seconds"])
def test_a_budget_without_any_limit_on_queries_ends_a_run_as_well(account: str) -> None:
    ledger = Ledger(1, Budget({account: 7}))
    ledger.charge({"queries": np.full((1, 1), MOST_QUERIES - 1)})
    assert not ledger.exhausted[0]
    ledger.charge({"queries": np.ones((1, 1))})
    assert ledger.exhausted[0]
    assert ledger.endings() == [f"it had made {MOST_QUERIES:,} queries without spending its budget"]


def test_what_no_query_can_spend_any_more_ends_a_run() -> None:
    ledger = Ledger(2, Budget({"unique_queries": 40}), reachable=4, free=True)
    learnt = np.array([[True, True, False, True, True, False], [True] * 3 + [False] * 3])
    amounts = {"queries": np.ones((2, 6)), "unique_queries": learnt, KNOWN: learnt}
    assert ledger.affordable(amounts).tolist() == [[True] * 5 + [False], [True] * 6]
    ledger.charge({account: amount[:, :5] for account, amount in amounts.items()})
    assert ledger.exhausted.tolist() == [True, False]
    assert [words.partition(",")[0] for words in ledger.endings()] == [
        "every architecture had been queried",
        "the optimizer proposed nothing more",
    ]


def test_a_limit_on_queries_is_kept_to_the_letter() -> None:
    assert not Ledger(1, Budget({"queries": 40, "train_seconds": 9}), reachable=4, free=True).watched
