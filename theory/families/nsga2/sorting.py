"""Non-dominated sorting and crowding distance of many populations in lockstep, and sorts that count their comparisons.

Objectives are maximised, as in run-time theory. Independent of `nasbench.search.dominance`, which handles one population and counts nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.families.nsga2.problems import Integers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def first_front(objectives: Integers, alive: Mask) -> Mask:
    """Mark the active individuals that no active individual dominates: objectives (R, P, m), alive (R, P) to (R, P)."""
    if objectives.shape[-1] == 2:
        return _first_front_of_two(objectives, alive)
    totals = np.where(alive, objectives.sum(axis=-1), -1)
    lowest = np.where(alive, totals, np.iinfo(np.int64).max).min(axis=-1)
    if np.array_equal(totals.max(axis=-1), lowest):
        return alive.copy()  # who dominates has the greater sum
    ours, theirs = objectives[:, :, None, :], objectives[:, None, :, :]
    dominated = (theirs >= ours).all(axis=-1) & (theirs > ours).any(axis=-1) & alive[:, None, :]
    return alive & ~dominated.any(axis=-1)


def _first_front_of_two(objectives: Integers, alive: Mask) -> Mask:
    """Return the first front of two small integer objectives, which needs no sort: the best second objective for each value of the first decides."""
    runs, top = len(objectives), int(objectives.max(initial=0)) + 2
    first, second = objectives[..., 0], np.where(alive, objectives[..., 1], -1)
    best = np.full((runs, top), -1, dtype=np.int64)
    row = np.broadcast_to(np.arange(runs)[:, None], first.shape)
    np.maximum.at(best, (row, first), second)
    beyond = np.maximum.accumulate(best[:, ::-1], axis=1)[:, ::-1]
    return alive & (beyond[row, first + 1] < second) & (best[row, first] <= second)


def crowding_distance(objectives: Integers, front: Mask) -> Floats:
    """Return the crowding distance within each run's front, -inf outside: (R, P, m), (R, P) to (R, P).

    Deb, Pratap, Agarwal and Meyarivan (2002), III.B. Equal vectors are adjacent, in the order of the population.
    """
    runs, size, m = objectives.shape
    count = front.sum(axis=1)
    distance = np.zeros((runs, size))
    row = np.arange(runs)[:, None]
    last = count - 1
    for column in range(m):
        key = np.where(front, objectives[..., column], np.iinfo(np.int32).max).astype(np.int32)
        order = np.argsort(key, axis=1, kind="stable")
        value = key[row, order].astype(np.float64)
        spread = value[row[:, 0], last] - value[:, 0]
        gap = np.zeros_like(value)
        gap[:, 1:-1] = value[:, 2:] - value[:, :-2]
        gap /= np.where(spread > 0, spread, 1.0)[:, None]
        gap[:, 0] = np.inf
        gap[row[:, 0], last] = np.inf
        distance[row, order] += gap
    return np.where(front, distance, -np.inf)


def ranks(objectives: Integers) -> Integers:
    """Return the number of each individual's front, 0 the best: (R, P, m) to (R, P)."""
    alive = np.ones(objectives.shape[:2], dtype=bool)
    rank = np.zeros(objectives.shape[:2], dtype=np.int64)
    level = 0
    while alive.any():
        front = first_front(objectives, alive)
        rank[front] = level
        alive &= ~front
        level += 1
    return rank


def sort_counting(objectives: Integers | Floats, only_later: bool = False) -> tuple[Integers, int]:
    """Sort one population by Deb's fast non-dominated sort, counting dominance tests: every ordered pair is tested once.

    Args:
        objectives: shape (P, m), maximised.
        only_later: a mutant that tests each pair in one direction.

    Returns:
        The front of each individual, and the number of dominance tests made: P (P - 1).
    """
    size = len(objectives)
    dominates = np.zeros((size, size), dtype=bool)
    tests = 0
    for i in range(size):
        others = np.arange(size) > i if only_later else np.arange(size) != i
        dominates[i, others] = (objectives[i] >= objectives[others]).all(axis=1) & (
            objectives[i] > objectives[others]
        ).any(axis=1)
        tests += int(others.sum())
    waiting = dominates.sum(axis=0)
    rank = np.full(size, -1, dtype=np.int64)
    front, level = np.flatnonzero(waiting == 0), 0
    while front.size:
        rank[front] = level
        waiting = waiting - dominates[front].sum(axis=0)
        front, level = np.flatnonzero((waiting == 0) & (rank < 0)), level + 1
    return rank, tests


def sort_peeling(objectives: Integers) -> tuple[Integers, int]:
    """Sort by looking for each front afresh among all that remain: right, but cubic where there are many fronts."""
    rank = np.full(len(objectives), -1, dtype=np.int64)
    tests, level = 0, 0
    while (rank < 0).any():
        rest = np.flatnonzero(rank < 0)
        ours, theirs = objectives[rest][:, None], objectives[rest][None]
        dominated = np.asarray((theirs >= ours).all(axis=2) & (theirs > ours).any(axis=2))
        tests += len(rest) * (len(rest) - 1)
        rank[rest[~dominated.any(axis=1)]] = level
        level += 1
    return rank, tests
