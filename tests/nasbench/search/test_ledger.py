from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.search.ledger import GUARD, Budget, Ledger


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), "many", True])
def test_budgets_that_make_no_sense_are_refused(limit: object) -> None:
    with pytest.raises(NasbenchError, match="positive number"):
        Budget({"queries": limit})  # type: ignore[dict-item]


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
    assert Budget({"unique_queries": 7}).guarded().limits["queries"] == 7 * GUARD
    assert Budget({"unique_queries": 7, "queries": 9}).guarded().limits["queries"] == 9
    assert "queries" not in Budget({"train_seconds": 7}).guarded().limits
