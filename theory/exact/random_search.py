"""Exact laws of random search on N architectures of known rank (0 the best), without simulation.

B_n is the rank of the best of n draws, T the number of draws until one of the K best is drawn. Without replacement
these are order statistics and the negative hypergeometric law (Johnson, Kemp and Kotz 2005); all
probabilities come from log-gamma, none from factorials.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from nasbench.errors import NasbenchError

Floats = NDArray[np.float64]


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    n, k = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(k, dtype=float))
    inside = (k >= 0) & (k <= n)
    safe_n, safe_k = np.where(inside, n, 0), np.where(inside, k, 0)
    value = gammaln(safe_n + 1) - gammaln(safe_k + 1) - gammaln(safe_n - safe_k + 1)
    return np.where(inside, value, -np.inf)


def check_count(size: int, count: int, what: str) -> None:
    """Raise NasbenchError unless there are 1 to N of something."""
    if not 1 <= count <= size:
        raise NasbenchError(f"The number of {what} must lie between 1 and {size}, not {count}.")


def best_rank_pmf(size: int, draws: int) -> Floats:
    """Return P(B_n = r) for r = 0..N-1 without replacement: C(N-1-r, n-1) / C(N, n). Shape (N,)."""
    check_count(size, draws, "draws")
    return np.exp(_log_choose(size - 1 - np.arange(size), draws - 1) - _log_choose(size, draws))


def best_rank_pmf_with_replacement(size: int, draws: int) -> Floats:
    """Return P(B_n = r) for r = 0..N-1 with replacement: ((N-r)/N)^n - ((N-r-1)/N)^n. Shape (N,)."""
    check_count(size, max(1, min(draws, size)), "draws")
    beyond = (1 - np.arange(size + 1) / size) ** draws
    return beyond[:-1] - beyond[1:]


def time_cdf(size: int, targets: int, times: ArrayLike) -> Floats:
    """Return P(T <= t) without replacement: 1 - C(N-K, t) / C(N, t), elementwise over `times`."""
    check_count(size, targets, "targets")
    t = np.minimum(np.asarray(times, dtype=float), size)
    return -np.expm1(_log_choose(size - targets, t) - _log_choose(size, t))


def time_moments(size: int, targets: int) -> tuple[float, float]:
    """Return E T and Var T without replacement, evaluated from the sympy derivation in `nasbench.theory.symbolic.waiting_times`."""
    check_count(size, targets, "targets")
    from nasbench.theory.symbolic import waiting_times

    mean, variance = waiting_times.numeric()
    return float(mean(float(size), float(targets))), float(variance(float(size), float(targets)))


def expected_of_incumbent(ranked: ArrayLike, draws: int, replacement: bool = False) -> float:
    """Return the expectation of a quantity of the incumbent after `draws` queries: sum_r P(B_n = r) q_r.

    With the quantity a test score this is the mean of concomitants of the smallest order statistic (Yang
    1977): what the published RANDOM rows estimate by simulation.

    Args:
        ranked: the quantity of each architecture, best validation first, shape (N,).
        draws: number of queries n.
        replacement: whether an architecture may be drawn again.
    """
    values = np.asarray(ranked, dtype=float)
    law = best_rank_pmf_with_replacement if replacement else best_rank_pmf
    return float(law(len(values), draws) @ values)


def variance_of_incumbent(ranked: ArrayLike, draws: int, replacement: bool = False) -> float:
    """Return the variance that belongs to `expected_of_incumbent`."""
    values = np.asarray(ranked, dtype=float)
    mean = expected_of_incumbent(values, draws, replacement)
    return expected_of_incumbent((values - mean) ** 2, draws, replacement)


def expected_regret(ranked: ArrayLike, draws: int, replacement: bool = False) -> float:
    """Return the expected simple regret of the incumbent after `draws` queries; `ranked` holds errors, best first."""
    values = np.asarray(ranked, dtype=float)
    return expected_of_incumbent(values - values[0], draws, replacement)


def seconds_to_target(ranked_costs: ArrayLike, targets: int) -> tuple[float, float]:
    """Return mean and variance of the seconds that random search without replacement spends until a target is
    evaluated.

    Every architecture outside the targets precedes all K of them with probability 1 / (K + 1), two such both do with
    probability 2 / ((K + 1)(K + 2)); the target that comes first is each of the K with equal probability,
    independently of what precedes.

    Args:
        ranked_costs: seconds to evaluate each architecture, best first, shape (N,).
        targets: number K of targets, the first K entries.
    """
    costs = np.asarray(ranked_costs, dtype=float)
    check_count(len(costs), targets, "targets")
    hit, miss = costs[:targets], costs[targets:]
    one, two = 1 / (targets + 1), 2 / ((targets + 1) * (targets + 2))
    mean = one * miss.sum() + hit.mean()
    second = (one - two) * np.sum(miss**2) + two * miss.sum() ** 2
    return float(mean), float(second - (one * miss.sum()) ** 2 + hit.var())
