"""Verdicts for two statistical shapes that statements take: a probability beyond a rate, a slope within a band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nasbench.theory.machinery.claim import ALPHA, Outcome, Verdict, by_p_value
from nasbench.theory.machinery.confidence_bands import binomial_p_value, clopper_pearson
from nasbench.ties import tolerance


def fitted_slope(x: ArrayLike, y: ArrayLike) -> tuple[float, float, int]:
    """Fit y = a + b x by least squares; return b, its HC3 standard error, and the residual degrees of freedom.

    MacKinnon and White (1985): HC3 stays valid where the spread of y changes with x, as it does for run times.
    """
    from statsmodels.regression.linear_model import OLS

    abscissa = np.asarray(x, dtype=float)
    fit = OLS(np.asarray(y, dtype=float), np.column_stack([np.ones_like(abscissa), abscissa])).fit(cov_type="HC3")
    return float(fit.params[1]), float(fit.bse[1]), int(fit.df_resid)


def slope_within(x: ArrayLike, y: ArrayLike, low: float, high: float, *, note: str = "") -> Verdict:
    """Judge that the slope of y on x lies in [low, high], low or high may be infinite.

    Holds when the 95 % interval lies inside, violated when a one-sided t test puts the slope outside, else undecided.
    """
    from scipy import stats

    slope, error, degrees = fitted_slope(x, y)
    half = float(stats.t.ppf(0.975, degrees)) * error
    interval = (slope - half, slope + half)
    outside = max(slope - high, low - slope)
    # On points that lie on a line the error is rounding, and so is what it leaves of the slope.
    within = tolerance(y) / max(float(np.ptp(np.asarray(x, dtype=float))), tolerance(x))
    p_value = float(stats.t.sf(outside / error, degrees)) if error > within else float(outside <= within)
    verdict = by_p_value(p_value, slope, high if np.isfinite(high) else low, np.size(x), interval=interval, note=note)
    inside = low <= interval[0] and interval[1] <= high
    return _with(verdict, inside)


def rate_at_least(successes: int, trials: int, rate: float, *, note: str = "") -> Verdict:
    """Judge that a probability is at least `rate`, by the exact binomial law.

    Holds when the one-sided 95 % Clopper-Pearson limit reaches `rate`, violated when the exact test rejects it, else undecided.
    """
    p_value = binomial_p_value(successes, trials, rate, "less")
    lower = clopper_pearson(successes, trials, 2 * ALPHA)[0]
    verdict = by_p_value(p_value, successes / trials, rate, trials, interval=(lower, 1.0), note=note)
    return _with(verdict, lower >= rate)


def rate_at_most(successes: int, trials: int, rate: float, *, note: str = "") -> Verdict:
    """Judge that a probability is at most `rate`: the mirror image of `rate_at_least`."""
    p_value = binomial_p_value(successes, trials, rate, "greater")
    upper = clopper_pearson(successes, trials, 2 * ALPHA)[1]
    verdict = by_p_value(p_value, successes / trials, rate, trials, interval=(0.0, upper), note=note)
    return _with(verdict, upper <= rate)


def _with(verdict: Verdict, shown: bool) -> Verdict:
    """Return the verdict, undecided where the statement is neither shown nor rejected."""
    if verdict.outcome is Outcome.HOLDS and not shown:
        return replace(verdict, outcome=Outcome.UNDECIDED)
    return verdict
