"""Exact times of local searches with restarts: an absorbing chain a run, Wald's identity over runs.

A run starts at a uniformly drawn architecture and moves to better neighbours (one changed decision) until it
evaluates a target or gives up; then the next run starts. Sorted by fitness the chain of one run is triangular and
sparse. With G the number of the first successful run, T = F_1 + ... + F_{G-1} + S: cost of failed runs plus that of
the successful one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import spsolve_triangular

from nasbench.errors import NasbenchError
from nasbench.search.operation_counter import record
from nasbench.theory.exact.elitist import refuse_large
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.random_search import check_count, time_moments

Floats = NDArray[np.float64]


def solve_triangular(matrix: csr_array, right: Floats) -> Floats:
    """Solve a sparse lower triangular system."""
    record("solve_triangular", matrix.nnz)
    return np.asarray(spsolve_triangular(matrix, right))


@dataclass(frozen=True)
class RestartedTime:
    """Time, in evaluations, until a target is evaluated.

    Attributes:
        success: probability that one run evaluates a target.
        run_cost: expected evaluations of one run.
        mean: E T with restarts; equals run_cost / success (Wald).
        variance: Var T with restarts.
    """

    success: float
    run_cost: float
    mean: float
    variance: float


@dataclass(frozen=True)
class _Scan:
    """What happens at each architecture, shape (N,) each, moments (N, 2) of the evaluations spent there.

    `hit`, `stop`: probability that the scan evaluates a target, or gives up; `moves` (N, N): probability to continue
    from a better neighbour that is no target.
    """

    moves: csr_array
    hit: Floats
    stop: Floats
    hit_cost: Floats
    move_cost: Floats
    stop_cost: Floats


def first_improvement(
    landscape: Landscape, targets: int = 1, solve: Callable[[csr_array, Floats], Floats] = solve_triangular
) -> RestartedTime:
    """Return the time of local search that scans neighbours in random order and takes the first better one.

    A scan that finds nothing costs all neighbours, and the run restarts. `solve` solves the triangular systems.
    """
    better, aims, m = _counts(landscape, targets)
    costs = _first_of(m)[better]
    return _restarted(
        landscape, targets, _scan(landscape, targets, better, aims, np.minimum(better, 1.0), costs, costs, m), solve
    )


def randomised(landscape: Landscape, targets: int = 1, patience: int = 100) -> RestartedTime:
    """Return the time of randomised local search: a uniform neighbour, with replacement, accepted if better.

    It restarts after `patience` evaluations in a row without an improvement; without that rule its expected time is
    infinite on any landscape with a local optimum outside the targets.

    Raises:
        NasbenchError: a patience below one.
    """
    if patience < 1:
        raise NasbenchError(f"The patience must be at least one evaluation, not {patience}.")
    better, aims, m = _counts(landscape, targets)
    tries = np.arange(1, patience + 1)
    chance = np.arange(m + 1) / m
    waiting = chance[:, None] * (1 - chance[:, None]) ** (tries - 1)
    leave = waiting.sum(axis=1)
    moments = np.stack([waiting @ tries, waiting @ tries**2], axis=1) / np.where(leave > 0, leave, 1)[:, None]
    costs = moments[better]
    return _restarted(
        landscape, targets, _scan(landscape, targets, better, aims, leave[better], costs, costs, patience)
    )


def steepest_ascent(landscape: Landscape, targets: int = 1) -> RestartedTime:
    """Return the time of steepest ascent: all neighbours in random order, then the best one if it is better.

    T is counted at the evaluation of a target within the scan, the same clock as everywhere else.
    """
    better, aims, m = _counts(landscape, targets)
    full = np.broadcast_to(np.array([m, m**2], dtype=float), (landscape.size, 2))
    return _restarted(
        landscape,
        targets,
        _scan(landscape, targets, better, aims, np.minimum(better, 1.0), _first_of(m)[aims], full, m, True),
    )


def _counts(landscape: Landscape, targets: int) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Return how many neighbours of each architecture are better, how many are targets, and how many there are."""
    refuse_large(landscape)
    check_count(landscape.size, targets, "targets")
    ranks = landscape.rank[landscape.neighbours]
    return (ranks < landscape.rank[:, None]).sum(axis=1), (ranks < targets).sum(axis=1), ranks.shape[1]


def _first_of(m: int) -> Floats:
    """Return both moments of the place of the first of b marked among m in random order, shape (m + 1, 2)."""
    table = np.zeros((m + 1, 2))
    for marked in range(1, m + 1):
        mean, variance = time_moments(m, marked)
        table[marked] = mean, variance + mean**2
    return table


def _scan(
    landscape: Landscape,
    targets: int,
    better: NDArray[np.intp],
    aims: NDArray[np.intp],
    leave: Floats,
    hit_cost: Floats,
    move_cost: Floats,
    stop_cost: float,
    best_only: bool = False,
) -> _Scan:
    """Assemble a scan: to each better neighbour alike, or (`best_only`) to the best, where a target ends the run."""
    ranks = landscape.rank[landscape.neighbours]
    if best_only:
        allowed = (ranks == ranks.min(axis=1, keepdims=True)) & (ranks < landscape.rank[:, None]) & (aims == 0)[:, None]
        share = np.ones(landscape.size)
        hit = (aims > 0).astype(float)
    else:
        allowed = (ranks < landscape.rank[:, None]) & (ranks >= targets)
        share = leave / np.maximum(better, 1)
        hit = share * aims
    rows, columns = np.nonzero(allowed)
    # SuperLU takes indices of 32 bits alone, to which not every version of scipy narrows them.
    places = (landscape.rank[rows].astype(np.int32), ranks[rows, columns].astype(np.int32))
    moves = csr_array((share[rows], places), shape=(landscape.size,) * 2)
    stop_moments = np.broadcast_to(np.array([stop_cost, stop_cost**2], dtype=float), (landscape.size, 2))
    by_rank = landscape.order
    return _Scan(moves, hit[by_rank], 1 - leave[by_rank], hit_cost[by_rank], move_cost[by_rank], stop_moments)


def _restarted(
    landscape: Landscape, targets: int, scan: _Scan, solve: Callable[[csr_array, Floats], Floats] = solve_triangular
) -> RestartedTime:
    """Solve one run from every start for P, E[C; .], E[C^2; .] of both endings, and join runs."""
    outside = np.arange(landscape.size) >= targets
    # a run that has hit a target does not go on from it
    system = (eye_array(landscape.size, format="csr") - scan.moves).tocsr()

    def endings(chance: Floats, cost: Floats) -> Floats:
        chance = np.where(outside, chance, 0.0)
        probability = solve(system, chance)
        inflow = scan.moves @ probability
        first = solve(system, chance * cost[:, 0] + scan.move_cost[:, 0] * inflow)
        second = solve(
            system,
            chance * cost[:, 1] + scan.move_cost[:, 1] * inflow + 2 * scan.move_cost[:, 0] * (scan.moves @ first),
        )
        # the evaluation of the start counts too
        return np.array(
            [m[outside].sum() for m in (probability, probability + first, probability + 2 * first + second)]
        )

    hit = (endings(scan.hit, scan.hit_cost) + targets) / landscape.size
    fail = endings(scan.stop, scan.stop_cost) / landscape.size
    p = hit[0]
    success_mean = hit[1] / p
    success_variance = hit[2] / p - success_mean**2
    if fail[0] < 1e-15:
        return RestartedTime(1.0, success_mean, success_mean, success_variance)
    fail_mean = fail[1] / fail[0]
    fail_variance = fail[2] / fail[0] - fail_mean**2
    odds = (1 - p) / p
    return RestartedTime(
        success=float(p),
        run_cost=float(hit[1] + fail[1]),
        mean=float(odds * fail_mean + success_mean),
        variance=float(odds * fail_variance + odds / p * fail_mean**2 + success_variance),
    )
