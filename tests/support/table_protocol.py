"""The search protocol that most tests ask a benchmark for."""

from __future__ import annotations

from nasbench.search.constraints import as_constraints
from nasbench.search.ledger import Budget
from nasbench.search.search_protocol import SearchProtocol


def table_protocol(
    budget: Budget,
    *,
    objectives: tuple[str, ...] = ("error",),
    split: str = "validation",
    epochs: tuple[int, ...] = (200,),
    training_seed: str = "mean",
    repeat_policy: str = "cache",
    constraints: tuple[str, ...] = (),
) -> SearchProtocol:
    """Validation error after the 200 epochs of NAS-Bench-201, seed means, repeats answered from the cache, unless told otherwise."""
    return SearchProtocol(
        objectives=objectives,
        split=split,
        epochs=epochs,
        training_seed=training_seed,
        repeat_policy=repeat_policy,
        budget=budget,
        constraints=as_constraints(constraints),
    )
