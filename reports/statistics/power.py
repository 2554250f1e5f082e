"""Power: the smallest effect a study could have detected, and the runs that a given effect needs.

A design maps (effect, runs) to the power of a two-sided test, `runs` being each method's; `minimal_detectable_effect` and
`runs_needed` invert it. Sources: Cohen 1988, chapters 2 and 6; Noether 1987, "Sample size determination for some common
nonparametric tests". Power is computed for an effect stated in advance, never for the one that was observed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.wording import pluralize

Design = Callable[[float, int], float]
MOST_RUNS = 10_000_000


def mean_difference(*, alpha: float = 0.05, paired: bool = False) -> Design:
    """Return the t test's design; the effect is the difference of means in standard deviations (of the differences if paired)."""
    _check_alpha(alpha)

    def power(effect: float, runs: int) -> float:
        from scipy.stats import nct, t

        degrees = runs - 1 if paired else 2 * (runs - 1)
        shift = effect * np.sqrt(runs if paired else runs / 2.0)
        bound = t.isf(alpha / 2.0, degrees)
        # Far out the tail on the wrong side holds nothing, and scipy returns NaN for it.
        lower = nct.cdf(-bound, degrees, shift) if shift < 6.0 else 0.0
        return float(nct.sf(bound, degrees, shift) + lower) if shift < 37.0 else 1.0

    return power


def proportion_difference(base: float, *, alpha: float = 0.05) -> Design:
    """Return the two-proportion design after the arcsine transform; the effect is added to the success rate `base`.

    Raises:
        NasbenchError: base or alpha outside 0 to 1.
    """
    _check_alpha(alpha)
    if not 0.0 <= base <= 1.0:
        raise NasbenchError(f"A success rate lies between 0 and 1; got {base}.")

    def power(effect: float, runs: int) -> float:
        angle = 2.0 * (np.arcsin(np.sqrt(min(base + effect, 1.0))) - np.arcsin(np.sqrt(base)))
        return _normal_power(angle * np.sqrt(runs / 2.0), alpha)

    return power


def rank_sum(*, alpha: float = 0.05) -> Design:
    """Return the rank-sum test's design; the effect is A12 - 1/2, so 0 to 1/2 (Noether 1987, equation 5)."""
    _check_alpha(alpha)

    def power(effect: float, runs: int) -> float:
        return _normal_power(effect * np.sqrt(6.0 * runs), alpha)

    return power


def minimal_detectable_effect(design: Design, runs: int, largest: float, *, power: float = 0.8) -> float | Undefined:
    """Return the smallest effect that the design detects with this power.

    Args:
        design: one of this module.
        runs: runs of each method.
        largest: the largest effect that could be: 1/2 for `rank_sum`, 1 - base for a proportion.
        power: probability to detect it.

    Returns:
        `Undefined` under two runs, or where not even the largest effect is detected with this power.
    """
    _check_power(power)
    if runs < 2:
        return Undefined(f"with {pluralize(runs, 'run')} of each method no test can detect anything")
    if (best := design(largest, runs)) < power:
        return Undefined(f"with {runs} runs even an effect of {largest:g} is detected with probability {best:.2f} only")
    from scipy.optimize import brentq

    return float(brentq(lambda effect: design(effect, runs) - power, 0.0, largest, xtol=1e-12))


def runs_needed(design: Design, effect: float, *, power: float = 0.8) -> int | Undefined:
    """Return the fewest runs of each method with which the design detects `effect` with this power.

    Raises:
        NasbenchError: an effect that is not positive, or power outside 0.5 to 1.
    """
    _check_power(power)
    if not 0.0 < effect < np.inf:
        raise NasbenchError(f"An effect to plan for is positive; got {effect}.")
    high = 2
    while design(effect, high) < power:
        high *= 2
        if high > MOST_RUNS:
            return Undefined(f"an effect of {effect:g} needs more than {MOST_RUNS} runs")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if design(effect, middle) >= power else (middle, high)
    return high


def _normal_power(shift: float, alpha: float) -> float:
    from scipy.special import ndtr, ndtri

    bound = -ndtri(alpha / 2.0)
    return float(ndtr(shift - bound) + ndtr(-shift - bound))


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 0.5:
        raise NasbenchError(f"A significance level lies between 0 and 0.5, as 0.05 does; got {alpha}.")


def _check_power(power: float) -> None:
    if not 0.5 <= power < 1.0:
        raise NasbenchError(f"A power lies between 0.5 and 1, as 0.8 does; got {power}.")
