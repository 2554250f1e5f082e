"""Tuning metrics: one number per run of an optimizer with given settings, minimised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.loop import search
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Floats, Ints

METRICS = ("queries-to-top-10", "final-regret")
"""Metrics to minimise: the restricted mean of unique queries until a run has found one of the ten best architectures by
seed mean, or the mean final regret of the incumbent (the best architecture that a run observed) by seed mean.
"""


def evaluate(
    optimizer: Lockstep | PerRun,
    benchmark: TabularBenchmark,
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
    target = oracle.search_means <= oracle.search_rank(10)

    def rows(batch: Observations) -> Ints:
        return oracle.row(np.maximum(batch.architectures, 0))

    def arrived(batch: Observations) -> bool:
        alone = metric == "queries-to-top-10" and len(batch.answered) == 1
        return alone and bool(_hits(batch, rows(batch), target, protocol.epochs[-1]).any())

    def values(some: Sequence[int]) -> Floats:
        problem = benchmark.problem(protocol, seed, some)
        created = optimizer.create(problem, Streams(seed, some), settings)
        with threadpool_limits(1):
            batches, _ = search(problem, created, arrived)
        found = [rows(batch) for batch in batches]
        if metric == "final-regret":
            return final_regret(batches, found, oracle.search_means)
        return queries_to_target(batches, found, target, protocol.epochs[-1], protocol.budget.limits["unique_queries"])

    apart = [[run] for run in runs] if isinstance(optimizer, PerRun) else [runs]
    return np.concatenate([values(some) for some in apart])


def _hits(batch: Observations, rows: np.ndarray, target: np.ndarray, longest: int) -> np.ndarray:
    """Return which queries answered a target row after the longest training, `(R, B)`."""
    return np.asarray(target[rows] & batch.answered & (batch.epochs >= longest))


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
    hit = np.concatenate([_hits(b, r, target, longest) for b, r in zip(batches, rows, strict=True)], axis=1)
    first = np.take_along_axis(spent, hit.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(hit.any(axis=1), np.minimum(first, cap), cap).astype(np.float64)


def final_regret(batches: list[Observations], rows: list[np.ndarray], means: Floats) -> Floats:
    """Return the final regret of each run, `(R,)`: seed mean of its incumbent minus the best seed mean.

    The incumbent is the architecture with the smallest observed first objective at the longest training that the run used.
    """
    answered = np.concatenate([batch.answered for batch in batches], axis=1)
    epochs = np.where(answered, np.concatenate([batch.epochs for batch in batches], axis=1), -1)
    observed = np.concatenate([batch.objectives[..., 0] for batch in batches], axis=1)
    longest = epochs == epochs.max(axis=1, keepdims=True)
    incumbent = np.where(answered & longest, observed, np.inf).argmin(axis=1)
    row = np.take_along_axis(np.concatenate(rows, axis=1), incumbent[:, None], axis=1)[:, 0]
    return np.asarray(means[row] - np.nanmin(means))
