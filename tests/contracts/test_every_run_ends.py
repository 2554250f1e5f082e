"""Every run ends, whatever the optimizer, the table, the budget and the policy for repeats, and says why if the budget was not spent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench.errors import NasbenchError
from nasbench.search.ledger import GUARD
from nasbench.search.loop import search
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer

from registered_optimizers import installed_optimizers
from tiny_tables import settings_of, tiny_tables

RUNS = (0, 1)
QUICK = settings(
    deadline=None, derandomize=True, max_examples=8, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.mark.parametrize("name", installed_optimizers())
@QUICK
@given(data=st.data())
def test_every_run_ends(name: str, data: st.DataObject) -> None:
    table, setting = data.draw(tiny_tables()), data.draw(settings_of(name))
    problem = Problem(table, setting, 3, RUNS)
    try:
        optimizer = get_optimizer(name).create(problem, Streams(3, RUNS))
    except NasbenchError:
        return  # replayed cells are of one space
    batches, _ = search(problem, optimizer)
    queries = sum(batch.answered.sum(axis=1) for batch in batches)
    ((account, limit),) = setting.budget.limits.items()
    if account != "optimizer_seconds":
        # What can be charged, then what only repeats; a query that charges adds 1 at least.
        assert (
            np.asarray(queries) <= limit + GUARD * max(table.space.size, limit if "queries" in account else 0)
        ).all()
    spent = problem.ledger.spent[account] >= limit
    assert [not words for words in problem.ledger.endings()] == spent.tolist()
