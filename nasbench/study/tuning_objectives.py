"""Tuning metrics: one number per run of an optimizer with given settings, minimised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.benchmarks.catalogue import Searchable
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Floats, Ints
from nasbench.ties import tolerance

METRICS = ("queries-to-top-10", "final-regret")
"""Metrics to minimise: the restricted mean of unique queries until a run has found one of the ten best architectures by
seed mean (the best one where the ten best are unknown; without a table, one as good as the ten best of many random
ones), or the mean final regret of the incumbent (the best architecture that a run observed) by seed mean.
"""


def evaluate(
    optimizer: Lockstep | PerRun,
    benchmark: Searchable,
    protocol: SearchProtocol,
    settings: Mapping[str, Any],
    *,
    runs: Sequence[int],
    seed: int,
    metric: str,
) -> Floats:
    """Return the metric in each run of these numbers, `(R,)`; smaller is better. Linear algebra runs on one thread, as
    in a study.

    A run evaluated by itself ends at the target, which only saves time.
    """
    from threadpoolctl import threadpool_limits

    oracle = benchmark.oracle(protocol)
    threshold = next(rank for count in (10, 1) if (rank := oracle.search_rank(count)) is not None)
    best = oracle.search_rank(1)

    def rows(batch: Observations) -> Ints:
        return oracle.row(np.maximum(batch.architectures, 0))

    def arrived(batch: Observations) -> bool:
        alone = metric == "queries-to-top-10" and len(batch.answered) == 1
        reached = oracle.search_mean(rows(batch)) <= threshold + tolerance(threshold)
        return alone and bool(_hits(batch, reached, protocol.epochs[-1]).any())

    def values(some: Sequence[int]) -> Floats:
        problem = benchmark.problem(protocol, seed, some)
        created = optimizer.create(problem, Streams(seed, some), settings)
        with threadpool_limits(1):
            batches, _ = search(problem, created, arrived)
        found = [rows(batch) for batch in batches]
        means = oracle.search_mean(np.arange(1 + max(int(row.max()) for row in found)))
        if metric == "final-regret":
            return final_regret(batches, found, means, best)
        target = means <= threshold + tolerance(threshold)
        return queries_to_target(batches, found, target, protocol.epochs[-1], protocol.budget.limits["unique_queries"])

    apart = [[run] for run in runs] if isinstance(optimizer, PerRun) else [runs]
    return np.concatenate([values(some) for some in apart])


def _hits(batch: Observations, reached: np.ndarray, longest: int) -> np.ndarray:
    """Return which queries answered a row of the target, `(R, B)`, after the longest training."""
    return np.asarray(reached & batch.answered & (batch.epochs >= longest))


def queries_to_target(
    batches: list[Observations], rows: list[np.ndarray], target: np.ndarray, longest: int, cap: float
) -> Floats:
    """Return the number of unique queries of each run until its first query of a target row, at most `cap`, `(R,)`; their mean is the
    restricted mean.

    Args:
        batches: observations.
        rows: row of each architecture, one `(R, B)` per batch.
        target: mask of target rows, `(N,)`.
        longest: epochs of the longest training; an architecture queried at fewer epochs does not count as found.
        cap: the budget in unique queries, which is the value of an unsuccessful run.
    """
    spent = np.cumsum(np.concatenate([batch.is_new_architecture for batch in batches], axis=1), axis=1)
    hit = np.concatenate([_hits(b, target[r], longest) for b, r in zip(batches, rows, strict=True)], axis=1)
    first = np.take_along_axis(spent, hit.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(hit.any(axis=1), np.minimum(first, cap), cap).astype(np.float64)


def final_regret(
    batches: list[Observations], rows: list[np.ndarray], means: Floats, best: float | None = None
) -> Floats:
    """Return the final regret of each run, `(R,)`: seed mean of its incumbent minus the best seed mean, that of `means` if it is not given.

    The incumbent is the architecture with the smallest observed first objective at the longest training that the run used.
    """
    answered = np.concatenate([batch.answered for batch in batches], axis=1)
    epochs = np.where(answered, np.concatenate([batch.epochs for batch in batches], axis=1), -1)
    observed = np.concatenate([batch.objectives[..., 0] for batch in batches], axis=1)
    longest = epochs == epochs.max(axis=1, keepdims=True)
    incumbent = np.where(answered & longest, observed, np.inf).argmin(axis=1)
    row = np.take_along_axis(np.concatenate(rows, axis=1), incumbent[:, None], axis=1)[:, 0]
    return np.asarray(means[row] - (np.nanmin(means) if best is None else best))
