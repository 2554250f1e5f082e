"""The ask-tell loop: an optimizer proposes, its problem answers, until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from nasbench.search.observations import Observations
from nasbench.search.optimizer import Optimizer, identify_asker, selected_operators
from nasbench.search.problem import Problem


def search(
    problem: Problem,
    optimizer: Optimizer,
    enough: Callable[[Observations], bool] = lambda observations: False,
    processor: Callable[[float], None] = lambda seconds: None,
) -> tuple[list[Observations], float]:
    """Run the ask-tell loop until the budget of every run is spent, nothing is proposed, or a batch is `enough`.

    Args:
        problem: answers the queries.
        optimizer: proposes them.
        enough: called with each answered batch.
        processor: called with the processor seconds of the optimizer for each batch, before `enough`.

    Returns:
        the answered batches, and the seconds of the optimizer itself.
    """
    batches: list[Observations] = []
    own = 0.0
    asker = identify_asker(optimizer)
    while True:
        before, busy = time.perf_counter(), time.process_time()
        proposed = optimizer.ask()
        asked, busy = time.perf_counter(), time.process_time() - busy
        observations = problem.query(proposed, asker)
        answered, busy = time.perf_counter(), time.process_time() - busy
        if not observations.answered.any():
            return batches, own
        operators = selected_operators(optimizer)
        batches.append(observations if operators is None else replace(observations, operators=operators))
        optimizer.tell(observations)
        step = (asked - before) + (time.perf_counter() - answered)
        own += step
        processor(time.process_time() - busy)
        problem.ledger.spent["optimizer_seconds"] += step / problem.runs
        if problem.ledger.exhausted.all() or enough(observations):
            return batches, own
