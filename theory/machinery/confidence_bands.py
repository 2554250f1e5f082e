"""Confidence bands and p-values shared by checks; each is exact or conservative at the stated level."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.ties import is_constant, tolerance

Floats = NDArray[np.float64]


def dkw_radius(n: int, alpha: float = 0.05) -> float:
    """Return the half-width of the Dvoretzky-Kiefer-Wolfowitz band around an empirical CDF (Massart 1990)."""
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def dkw_p_value(distance: float, n: float) -> float:
    """Return the p-value of a sup-distance between an empirical and a given CDF; conservative for discrete laws."""
    return min(1.0, 2 * math.exp(-2 * n * distance**2))


def cdf_distance(samples: ArrayLike, cdf: ArrayLike, first: int = 0) -> float:
    """Return sup |F_n - F| over the integers first, first + 1, ..., for which `cdf` is given (times beyond count as
    later).

    Args:
        samples: integer times, shape (R,); infinite or larger ones are simply not reached.
        cdf: P(T <= t) for t = first, first + 1, ..., shape (H,).
        first: the time of the first entry.
    """
    exact = np.asarray(cdf, dtype=float)
    ordered = np.sort(np.asarray(samples, dtype=float))
    empirical = np.searchsorted(ordered, first + np.arange(len(exact)), side="right") / len(ordered)
    return float(np.abs(empirical - exact).max())


def clopper_pearson(successes: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact two-sided confidence interval of a probability (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    low = 0.0 if successes == 0 else float(beta.ppf(alpha / 2, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - alpha / 2, successes + 1, n - successes))
    return low, high


def mean_p_value(samples: ArrayLike, mean: float, variance: float | None = None, *, one_sided: bool = False) -> float:
    """Return the p-value of the z-test that `samples` have this mean (one-sided: at most this mean).

    Where the variance is estimated, a skewed sample makes the plain statistic too large on one side (few large values are
    missing from the mean and from its standard error at once); Hall's monotone transformation corrects for it (1992, JRSS B 54,
    section 2).

    Args:
        samples: independent runs, shape (R,).
        mean: the stated mean, or the bound on it.
        variance: exact variance of one run; estimated from the samples where None (of one sample there is none: it is taken for constant).
        one_sided: reject only where the sample mean is too large.
    """
    values = np.asarray(samples, dtype=float)
    n, excess = len(values), values.mean() - mean
    within = tolerance(values, mean)
    # If runs cannot differ, the mean equals the stated one up to rounding or not.
    constant = is_constant(values, within) if variance is None else variance <= within**2
    if constant:
        return 0.0 if excess > within or (excess < -within and not one_sided) else 1.0
    spread = values.var(ddof=1) if variance is None else variance
    z = excess / math.sqrt(spread / n)
    if variance is None:
        skewness = float(np.mean((values - values.mean()) ** 3)) / spread**1.5
        # U + g U^2 / 3 + g^2 U^3 / 27 + g / (6 n), times the root of n
        cubic = z + skewness * z**2 / (3 * math.sqrt(n)) + skewness**2 * z**3 / (27 * n)
        z = cubic + skewness / (6 * math.sqrt(n))
    return 0.5 * math.erfc(z / math.sqrt(2)) if one_sided else math.erfc(abs(z) / math.sqrt(2))


def mean_interval(samples: ArrayLike, level: float = 0.95) -> tuple[float, float] | None:
    """Return the normal confidence interval of the mean; None for one sample, which shows no variation."""
    from scipy.stats import norm

    values = np.asarray(samples, dtype=float)
    if len(values) < 2:
        return None
    half = float(norm.ppf(0.5 + level / 2)) * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def binomial_p_value(successes: int, n: int, probability: float, alternative: str = "two-sided") -> float:
    """Return the exact binomial p-value; `alternative` as in scipy ("greater" rejects where there are too many)."""
    from scipy.stats import binomtest

    return float(binomtest(successes, n, min(1.0, max(0.0, probability)), alternative=alternative).pvalue)


def chi_square_p_value(counts: ArrayLike, probabilities: ArrayLike, least: float = 10.0) -> float:
    """Return the p-value of Pearson's chi-square test, neighbouring cells pooled until each expects `least` or more.

    Args:
        counts: how often each outcome was seen, shape (m,).
        probabilities: stated probabilities of the outcomes, shape (m,), sum 1.
        least: smallest expected count of a pooled cell.
    """
    from scipy.stats import chi2

    seen, expected = np.asarray(counts, dtype=float), np.asarray(probabilities, dtype=float)
    expected = expected * seen.sum()
    # one pooled cell per unit of `least` in the cumulative expectation, so that every cell but the last is full
    cell = np.floor(np.concatenate([[0.0], np.cumsum(expected)[:-1]]) / least).astype(int)
    _, cell = np.unique(cell, return_inverse=True)
    pooled_seen, pooled_expected = np.bincount(cell, seen), np.bincount(cell, expected)
    if len(pooled_expected) > 1 and pooled_expected[-1] < least:
        pooled_seen[-2] += pooled_seen[-1]
        pooled_expected[-2] += pooled_expected[-1]
        pooled_seen, pooled_expected = pooled_seen[:-1], pooled_expected[:-1]
    if len(pooled_expected) < 2:
        raise ValueError("the chi-square test needs at least two cells: take more samples")
    statistic = float(np.sum((pooled_seen - pooled_expected) ** 2 / pooled_expected))
    return float(chi2.sf(statistic, len(pooled_expected) - 1))
