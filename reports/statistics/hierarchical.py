"""Bayesian hierarchical comparison of two methods over data sets, with a region of practical equivalence.

Source: Corani, Benavoli, Demšar, Mangili and Zaffalon 2017, "Statistical comparison of classifiers through Bayesian
hierarchical modelling", section 3; priors as in its Stan program. Runs are independent seeds here, not overlapping folds, so
the correlation of the source is zero. The degrees of freedom take values on a grid, which makes every step of the Gibbs
sampler exact.

With two or three data sets the posterior of the spread between data sets, so also the answer, depends on the prior: it then
says "not decided" more than anything else, and should be reported so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nasbench.reports.statistics.bayesian import RopePosterior, check_rope, posterior
from nasbench.reports.statistics.inputs import FloatArray, as_array, incomplete
from nasbench.reports.statistics.result import Undefined
from nasbench.ties import is_constant

BOUND = 1000.0  # upper bounds of the standard deviations, in multiples of the observed ones
DEGREES = 1.0 + np.geomspace(0.1, 200.0, 60)  # grid for the degrees of freedom


def hierarchical(
    differences: Sequence[ArrayLike],
    rope: float,
    rng: np.random.Generator,
    *,
    chains: int = 200,
    warm_up: int = 300,
    draws: int = 300,
) -> RopePosterior | Undefined:
    """Return the posterior of a new data set's mean difference falling below, in or above the region.

    Model: difference ~ N(delta_i, sigma_i) within data set i; delta_i ~ t(nu) with location delta_0, scale sigma_0.

    Args:
        differences: for each data set `(runs,)` differences x - y of paired runs; run counts may differ.
        rope: half-width of the region, in the units of the scores.
        rng: the random stream of the sampler.
        chains: independent chains, advanced together.
        warm_up: steps that are thrown away.
        draws: steps that are kept, of each chain.

    Returns:
        `Undefined` under two data sets, under three runs in one, or where a data set shows no variation between runs.

    Raises:
        NasbenchError: a negative half-width.
    """
    check_rope(rope)
    data = [as_array(values, 1, "differences") for values in differences]
    if len(data) < 2:
        return Undefined(f"a hierarchical model needs at least two data sets, and there are {len(data)}")
    for i, values in enumerate(data):
        if problem := incomplete(values, f"data set {i}", 3):
            return problem
        if is_constant(values):
            return Undefined(f"all paired differences on data set {i} are equal, so their variance is unknown")
    means = np.array([values.mean() for values in data])
    if is_constant(means):
        return Undefined("all data sets have exactly one mean, so the spread between them is unknown")
    scale = float(np.mean([values.std() for values in data]))
    location, spread, degrees = _gibbs([values / scale for values in data], rng, chains, warm_up, draws)
    from scipy.special import stdtr

    half = rope / scale
    low = stdtr(degrees, (-half - location) / spread)
    high = stdtr(degrees, (location - half) / spread)
    return posterior(np.column_stack([low, np.maximum(1.0 - low - high, 0.0), high]), rope, len(data))


def gamma_prior(degrees: FloatArray) -> FloatArray:
    """Return the log prior weight on the grid: nu - 1 ~ Gamma(shape, rate), shape ~ U(1, 2), rate ~ U(0.01, 0.1)."""
    from scipy.special import gammaln, logsumexp

    shape = np.linspace(1.0, 2.0, 21)[:, None, None]
    rate = np.linspace(0.01, 0.1, 19)[:, None]
    excess = degrees - 1.0
    density = shape * np.log(rate) - gammaln(shape) + (shape - 1.0) * np.log(excess) - rate * excess
    # On a geometric grid a point stands for a width proportional to its value.
    return np.asarray(logsumexp(density, axis=(0, 1)) + np.log(excess))


def _gibbs(
    data: Sequence[FloatArray], rng: np.random.Generator, chains: int, warm_up: int, draws: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return draws of delta_0, sigma_0 and nu, each `(chains * draws,)`."""
    from scipy.special import gammaln, ndtr, ndtri

    n = np.array([values.size for values in data], dtype=float)
    means = np.array([values.mean() for values in data])
    squares = np.array([((values - values.mean()) ** 2).sum() for values in data])
    limit = max(float(np.abs(values).max()) for values in data)
    top_within = BOUND * float(np.mean([values.std() for values in data]))
    top_among = BOUND * float(means.std())
    half = DEGREES / 2.0
    constant = gamma_prior(DEGREES) + len(data) * (half * np.log(half) - gammaln(half))

    delta = np.tile(means, (chains, 1)) + rng.normal(size=(chains, len(data))) * np.sqrt(squares / n**2)
    mixing = np.ones_like(delta)
    location = rng.choice(means, size=chains)
    kept: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for step in range(warm_up + draws):
        precision = _precision((n - 1.0) / 2.0, (squares + n * (delta - means) ** 2) / 2.0, top_within, rng)
        squared = (mixing * (delta - location[:, None]) ** 2).sum(axis=1)
        among = _precision((len(data) - 1.0) / 2.0, squared / 2.0, top_among, rng)
        own = precision * n
        shared = mixing * among[:, None]
        centre = (own * means + shared * location[:, None]) / (own + shared)
        delta = centre + rng.normal(size=delta.shape) / np.sqrt(own + shared)
        weight = mixing.sum(axis=1)
        middle, error = (mixing * delta).sum(axis=1) / weight, 1.0 / np.sqrt(weight * among)
        low, high = ndtr((-limit - middle) / error), ndtr((limit - middle) / error)
        location = np.clip(middle + error * ndtri(low + (high - low) * rng.random(chains)), -limit, limit)
        logits = constant + (half - 1.0) * np.log(mixing).sum(axis=1)[:, None] - half * mixing.sum(axis=1)[:, None]
        degrees = DEGREES[(logits + rng.gumbel(size=logits.shape)).argmax(axis=1)]
        residual = among[:, None] * (delta - location[:, None]) ** 2
        mixing = rng.gamma((degrees[:, None] + 1.0) / 2.0, 2.0 / (degrees[:, None] + residual))
        if step >= warm_up:
            kept.append((location, 1.0 / np.sqrt(among), degrees))
    location, spread, degrees = (np.concatenate(column) for column in zip(*kept, strict=True))
    return location, spread, degrees


def _precision(shape: FloatArray | float, rate: FloatArray, top: float, rng: np.random.Generator) -> FloatArray:
    """Draw 1 / sigma^2 for a uniform prior of sigma on (0, top): a gamma law cut off below 1 / top^2."""
    from scipy.special import gammainc, gammaincinv

    floor = gammainc(shape, rate / top**2)
    drawn = gammaincinv(shape, floor + (1.0 - floor) * rng.random(rate.shape))
    return np.asarray(np.maximum(drawn / rate, 1.0 / top**2))
