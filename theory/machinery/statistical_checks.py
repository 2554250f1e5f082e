"""Statistical checks of means, distributions, tails, rates and slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.theory.machinery.claim import ALPHA, Outcome, Verdict, by_p_value, not_judged, smallest_p_value
from nasbench.theory.machinery.confidence_bands import (
    binomial_p_value,
    cdf_distance,
    chi_square_p_value,
    clopper_pearson,
    dkw_p_value,
    dkw_radius,
    mean_interval,
    mean_p_value,
)
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.ties import tolerance


def mean_equals(
    samples: ArrayLike, mean: float, variance: float | None = None, *, test_variance: bool = False, note: str = ""
) -> Verdict:
    """Test that independent runs have a mean, and with `test_variance` a variance too (Bonferroni).

    Args:
        samples: one number per run, shape (R,).
        mean: the stated mean.
        variance: the exact variance of one run; estimated where None.
        test_variance: whether the variance is tested as well.
        note: one line for the reader.
    """
    values = np.asarray(samples, dtype=float)
    p_values = [mean_p_value(values, mean, variance)]
    if test_variance and variance is not None:
        p_values.append(mean_p_value((values - mean) ** 2, variance))
    p_value = smallest_p_value(p_values)
    verdict = by_p_value(p_value, values.mean(), mean, len(values), interval=mean_interval(values), note=note)
    return replace(verdict, restated=lambda f: mean_equals(values, f * mean, variance, test_variance=test_variance))


def law_equals(times: ArrayLike, cdf: ArrayLike, *, first: int = 0, error: float = 0.0, note: str = "") -> Verdict:
    """Test that integer times follow a distribution, by the Dvoretzky-Kiefer-Wolfowitz inequality.

    Args:
        times: one per run, shape (R,); infinite if never.
        cdf: stated P(T <= t) for t = first, first + 1, ...
        first: the time of the first entry.
        error: largest numerical error of `cdf`.
        note: one line for the reader.
    """
    runs, distance = np.size(times), cdf_distance(times, cdf, first)
    p_value = dkw_p_value(max(0.0, distance - error), runs)
    verdict = by_p_value(
        p_value, distance, dkw_radius(runs), runs, note=f"sup-distance of the CDFs{note and '; '}{note}"
    )
    return replace(verdict, curve=LawCurve.of_law(np.asarray(times, dtype=float), np.asarray(cdf, dtype=float), first))


def tail_p_value(observed: ArrayLike, bounds: ArrayLike, runs: int) -> float:
    """Return the p-value of an empirical tail below its bound at all times, by the one-sided inequality of Massart (1990)."""
    excess = max(0.0, float((np.asarray(observed) - np.asarray(bounds)).max()))
    return float(np.exp(-2 * runs * excess**2))


def tail_at_most(times: ArrayLike, grid: ArrayLike, bounds: ArrayLike, *, note: str = "") -> Verdict:
    """Test P(T > t) <= bound at every t of a grid; show the t that comes nearest to its bound, vacuous where none is near.

    Args:
        times: one per run, shape (R,); infinite if never.
        grid: times t, shape (H,).
        bounds: stated bounds, shape (H,); where one is 0 no run may take longer. Bounds of 0 and of 1 are not shown.
        note: one line for the reader.
    """
    runs, allowed = np.size(times), np.asarray(bounds, dtype=float)
    seen = (np.asarray(times)[:, None] > np.asarray(grid)).mean(axis=0)
    informative = (allowed > 0) & (allowed < 1)
    worst = int(np.divide(seen, allowed, out=np.full(len(seen), -1.0), where=informative).argmax())
    p_value = 0.0 if (seen[allowed <= 0] > 0).any() else tail_p_value(seen, allowed, runs)
    shown = f"P(T > {np.asarray(grid)[worst]}), the nearest to its bound; {note}"
    verdict = by_p_value(p_value, float(seen[worst]), float(allowed[worst]), runs, vacuous_beyond=10.0, note=shown)
    radius, at = dkw_radius(runs), np.asarray(grid, dtype=float)
    low, high = np.maximum(seen - radius, 0.0), np.minimum(seen + radius, 1.0)
    return replace(
        verdict,
        restated=lambda f: tail_at_most(times, grid, np.where(allowed < 1, f * allowed, allowed)),
        curve=LawCurve(at + 1, allowed, seen, low, high, "P(T > t)", "bound", "t + 1"),
    )


def means_at_most(samples: Sequence[ArrayLike], bounds: Sequence[float], *, note: str = "") -> Verdict:
    """Test that each sample has a mean of at most its bound, by one-sided z-tests (Bonferroni); show the tightest.

    Args:
        samples: independent runs in each setting, shape (R,) each.
        bounds: of the means.
        note: one line for the reader.
    """
    p_value = smallest_p_value(
        [mean_p_value(s, bound, one_sided=True) for s, bound in zip(samples, bounds, strict=True)]
    )
    means = [float(np.asarray(sample, dtype=float).mean()) for sample in samples]
    tightest = int(np.argmax(np.array(means) / bounds))
    n = sum(map(np.size, samples))
    verdict = by_p_value(p_value, means[tightest], bounds[tightest], n, vacuous_beyond=10.0, note=note)
    return replace(verdict, restated=lambda f: means_at_most(samples, [f * bound for bound in bounds]))


def fitted_slope(x: ArrayLike, y: ArrayLike) -> tuple[float, float, int]:
    """Fit y = a + b x by least squares; return b, its HC3 standard error, and the residual degrees of freedom.

    MacKinnon and White (1985): HC3 is valid under heteroscedasticity, as for run times.
    """
    abscissa, ordinate = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    design = np.column_stack([np.ones_like(abscissa), abscissa])
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ ordinate
    leverage = np.einsum("ij,ji->i", design, inverse)
    residual = (ordinate - design @ coefficients) / (1 - leverage)
    error = float(np.sqrt((inverse[1] ** 2 * residual**2).sum()))
    return float(coefficients[1]), error, len(abscissa) - int(np.linalg.matrix_rank(design))


def slope_within(x: ArrayLike, y: ArrayLike, low: float, high: float, *, note: str = "") -> Verdict:
    """Test that the slope of y on x lies in [low, high], low or high may be infinite.

    Holds if the 95% interval lies inside, violated if a one-sided t test rejects, else undecided.
    """
    from scipy import stats

    slope, error, degrees = fitted_slope(x, y)
    half = float(stats.t.ppf(0.975, degrees)) * error
    interval = (slope - half, slope + half)
    outside = max(slope - high, low - slope)
    # For points on a line the standard error is only rounding error.
    within = tolerance(y) / max(float(np.ptp(np.asarray(x, dtype=float))), tolerance(x))
    p_value = float(stats.t.sf(outside / error, degrees)) if error > within else float(outside <= within)
    verdict = by_p_value(p_value, slope, high if np.isfinite(high) else low, np.size(x), interval=interval, note=note)
    return verdict.if_shown(low <= interval[0] and interval[1] <= high)


def rate_at_least(successes: int, trials: int, rate: float, *, note: str = "") -> Verdict:
    """Test that a probability is at least `rate`, by the exact binomial law.

    Holds if the one-sided 95% Clopper-Pearson limit reaches `rate`, violated if the exact test rejects, else undecided.
    """
    p_value = binomial_p_value(successes, trials, rate, "less")
    lower = clopper_pearson(successes, trials, 2 * ALPHA)[0]
    verdict = by_p_value(p_value, successes / trials, rate, trials, interval=(lower, 1.0), note=note)
    verdict = replace(verdict, restated=lambda f: rate_at_least(successes, trials, min(f * rate, 1.0)))
    return verdict.if_shown(lower >= rate)


def rate_at_most(successes: int, trials: int, rate: float, *, note: str = "") -> Verdict:
    """Test that a probability is at most `rate`: the mirror image of `rate_at_least`."""
    p_value = binomial_p_value(successes, trials, rate, "greater")
    upper = clopper_pearson(successes, trials, 2 * ALPHA)[1]
    verdict = by_p_value(p_value, successes / trials, rate, trials, interval=(0.0, upper), note=note)
    verdict = replace(verdict, restated=lambda f: rate_at_most(successes, trials, min(f * rate, 1.0)))
    return verdict.if_shown(upper <= rate)


LEAST_EXPECTED = 10
"""Draws that each choice should expect for the chi-square test."""

DRAWS = 200
"""Draws for each choice from which agreement is evidence: shares are then known to a tenth."""


def choices_are_uniform(architectures: NDArray[np.int8], cardinalities: NDArray[np.int64], *, note: str) -> Verdict:
    """Test that the choices of each decision come up equally often, by Pearson's chi-square (Bonferroni over decisions).

    Args:
        architectures: independent draws, shape (n, d).
        cardinalities: number of choices of each decision, shape (d,).
        note: one line for the reader.
    """
    n, widest = len(architectures), int(cardinalities.max())
    if n < 2 * LEAST_EXPECTED * widest:
        needed = 2 * LEAST_EXPECTED * widest
        return not_judged(Outcome.UNDECIDED, f"{note}; number of draws: {n}, too few, as {needed} would be tested", n=n)
    counts = [np.bincount(column, minlength=k) for column, k in zip(architectures.T, cardinalities, strict=True)]
    p_value = smallest_p_value(
        [chi_square_p_value(c, np.full(k, 1 / k)) for c, k in zip(counts, cardinalities, strict=True) if k > 1]
    )
    share = max(float(c.max()) * k / n for c, k in zip(counts, cardinalities, strict=True))
    verdict = by_p_value(p_value, share, 1.0, n, note=f"most frequent choice over its share; {note}")
    return verdict.if_shown(n >= DRAWS * widest)
