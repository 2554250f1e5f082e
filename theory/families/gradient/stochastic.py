"""Stochastic gradient descent on a smooth non-convex function, with both terms of its bound at work.

F(w) = sum_j w_j^2 / (1 + w_j^2) is 2-smooth, not convex, with least value 0. With unbiased gradients of variance s^2 (sum over
coordinates) and a step eta <= 1/L: (1/T) sum_t E |grad F(w_t)|^2 <= 2 (F_0 - F*) / (eta T) + L eta s^2, so O(1/sqrt T) at the best
eta (Ghadimi and Lan 2013).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict
from nasbench.theory.machinery.law_curve import LawCurve
from nasbench.theory.machinery.statistical_checks import means_at_most

Floats = NDArray[np.float64]

SMOOTHNESS = 2.0


def value(w: Floats) -> Floats:
    """Return F of points (..., d)."""
    return np.asarray((w**2 / (1 + w**2)).sum(axis=-1))


def slope(w: Floats) -> Floats:
    """Return the gradient of F at points (..., d)."""
    return 2 * w / (1 + w**2) ** 2


def mean_square_gradients(
    start: Floats, eta: float, steps: int, noise: float, runs: int, rng: np.random.Generator
) -> Floats:
    """Return (1/T) sum_t |grad F(w_t)|^2 of each run, shape (runs,); `noise` is the standard deviation a coordinate."""
    w = np.tile(start, (runs, 1))
    total = np.zeros(runs)
    for _ in range(steps):
        gradient = slope(w)
        total += (gradient**2).sum(axis=1)
        w = w - eta * (gradient + noise * rng.normal(size=w.shape))
    return total / steps


def check_rate(ctx: Context, stretch: float = 1.0, runs: int = 200) -> Verdict:
    """Test the bound at T = 64 ... 4096 with the step that minimises it (at most 1/L); the mutant's step is longer."""
    rng = ctx.rng("gradient.sgd-rate")
    start, noise = np.full(10, 0.8), 0.5
    variance = len(start) * noise**2
    gap = float(value(start))
    samples, bounds = [], []
    for steps in (64, 256, 1024, 4096):
        eta = min(1 / SMOOTHNESS, np.sqrt(2 * gap / (SMOOTHNESS * variance * steps)))
        bounds.append(2 * gap / (eta * steps) + SMOOTHNESS * eta * variance)
        samples.append(mean_square_gradients(start, stretch * eta, steps, noise, runs, rng))
    # At eta = 1/L, where the function is nearly quadratic, the bound is nearly met: a wrong constant shows.
    quiet, steps = noise / 20, 4096
    bounds.append(2 * gap * SMOOTHNESS / steps + len(start) * quiet**2)
    samples.append(mean_square_gradients(start, stretch / SMOOTHNESS, steps, quiet, runs, rng))
    note = "mean squared gradient norm, the tightest of T = 64, 256, 1024, 4096 and of eta = 1/L with little noise"
    verdict = means_at_most(samples, bounds, note=note)
    means = np.array([sample.mean() for sample in samples[:-1]])
    horizons = np.array([64.0, 256.0, 1024.0, 4096.0])
    return replace(
        verdict, curve=LawCurve.of_growth(horizons, np.array(bounds[:-1]), means, "mean squared gradient", "T")
    )


CLAIMS = (
    Claim(
        "gradient.sgd-rate",
        r"\tfrac1T\sum_t\mathbb{E}\|\nabla F(w_t)\|^2\le\frac{2(F_0-F^*)}{\eta T}+L\eta\sigma^2",
        (
            Assumption("$F$ $L$-smooth, bounded below; gradients unbiased with variance at most $\\sigma^2$"),
            Assumption(r"$\eta\le 1/L$"),
        ),
        "Ghadimi, Lan (SIAM J. Optim. 2013), Theorem 2.1",
        check_rate,
        Mutant("the step is 8 times as long as the bound knows", partial(check_rate, stretch=8.0)),
        kind="theorem",
    ),
)
"""Claim about stochastic gradient descent."""
