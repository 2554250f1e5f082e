"""Bayesian comparisons against baycomp, the Dirichlet's moments and a quadrature of the hierarchical model."""

from __future__ import annotations

import baycomp
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from nasbench.errors import NasbenchError
from nasbench.reports.statistics.bayesian import RopePosterior, signed_rank
from nasbench.reports.statistics.hierarchical import DEGREES, gamma_prior, hierarchical
from nasbench.reports.statistics.result import Undefined


@pytest.mark.parametrize("rope", [0.0, 0.1, 0.5])
def test_signed_rank_matches_baycomp(rope: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=12), rng.normal(0.4, size=12)
    got = signed_rank(x, y, rope, rng, draws=20_000)
    assert isinstance(got, RopePosterior)
    # baycomp's difference is y - x, so its "right" is x being lower.
    sample = baycomp.SignedRankTest.sample(x, y, rope, nsamples=20_000, random_state=1)
    left, middle, right = sample.mean(axis=0)
    assert got.expected == pytest.approx((right, middle, left), abs=0.01)
    if rope:
        assert (got.x_better, got.equivalent, got.y_better) == pytest.approx(
            baycomp.SignedRankTest.probs(x, y, rope, nsamples=20_000, random_state=2)[::-1], abs=0.02
        )


def test_signed_rank_mean_is_the_dirichlet_moment() -> None:
    x, y = np.array([0.0, 1.0, 5.0, 2.0]), np.array([3.0, 1.5, 4.0, 9.0])
    got = signed_rank(x, y, 0.5, np.random.default_rng(3), draws=100_000)
    assert isinstance(got, RopePosterior)
    difference, weight = np.concatenate([[0.0], x - y]), np.array([0.5, 1, 1, 1, 1])
    total = weight.sum()
    moment = (np.outer(weight, weight) + np.diag(weight)) / (total * (total + 1))  # E[w_i w_j]
    walsh = difference[:, None] + difference
    assert got.expected[0] == pytest.approx((moment * ((walsh < -1) + 0.5 * (walsh == -1))).sum(), abs=0.004)
    assert got.draws.sum(axis=1) == pytest.approx(1.0)


def test_gamma_prior_integrates_its_hyperprior() -> None:
    # Weights are per geometric step, so weight / nu-1 is proportional to the density of nu.
    rng = np.random.default_rng(4)
    shape, rate = rng.uniform(1, 2, 400_000), rng.uniform(0.01, 0.1, 400_000)
    nu = 1 + rng.gamma(shape, 1 / rate)
    weight = np.exp(gamma_prior(DEGREES) - logsumexp(gamma_prior(DEGREES)))
    inside = nu[(nu >= DEGREES[0]) & (nu <= DEGREES[-1])]
    edges = 1 + np.sqrt((DEGREES[1:] - 1) * (DEGREES[:-1] - 1))
    assert np.abs(np.cumsum(weight)[:-1] - [(inside < edge).mean() for edge in edges]).max() < 0.01


def quadrature(data: list[np.ndarray], rope: float) -> np.ndarray:
    """Return the expected answers by integrating the model on a grid; sigma_i is integrated in closed form."""
    scale = float(np.mean([values.std() for values in data]))
    data = [values / scale for values in data]
    limit = max(float(np.abs(values).max()) for values in data)
    means = np.array([values.mean() for values in data])
    location = np.linspace(-limit, limit, 41)[:, None, None]
    spread = np.geomspace(1e-3, 1000 * means.std(), 60)[:, None]
    degrees = DEGREES[::6]
    log_weight = gamma_prior(DEGREES)[::6] + np.log(spread) + np.zeros((41, 60, degrees.size))
    for values in data:
        n, mean, square = values.size, values.mean(), ((values - values.mean()) ** 2).sum()
        width = np.sqrt(square / n) / np.sqrt(n)
        delta = mean + width * np.linspace(-8, 8, 121)
        # p(data | delta) with sigma uniform: (SS + n (mean - delta)^2) ^ (-(n - 1) / 2)
        likelihood = -(n - 1) / 2 * np.log(square + n * (mean - delta) ** 2)
        likelihood -= logsumexp(likelihood)
        # The t law is averaged over each cell of the delta grid, so that a narrow one is not missed.
        edges = np.concatenate([delta, [delta[-1] + delta[1] - delta[0]]]) - (delta[1] - delta[0]) / 2
        total = np.zeros(log_weight.shape)
        for j, nu in enumerate(degrees):
            cdf = stats.t.cdf((edges - location) / spread, nu)
            total[:, :, j] = (np.diff(cdf, axis=-1) * np.exp(likelihood)).sum(axis=-1)
        log_weight += np.log(total + 1e-300)
    weight = np.exp(log_weight - logsumexp(log_weight))
    half = rope / scale
    low = stats.t.cdf((-half - location) / spread, degrees)
    high = stats.t.sf((half - location) / spread, degrees)
    return np.array([(weight * low).sum(), (weight * (1 - low - high)).sum(), (weight * high).sum()])


@pytest.mark.parametrize("truth", [(-0.5, -0.3, -0.4), (0.1, -0.2, 0.0, 0.05, 0.1)])
def test_hierarchical_matches_quadrature(truth: tuple[float, ...]) -> None:
    rng = np.random.default_rng(5)
    data = [rng.normal(mean, 1.0, 20 + 5 * i) for i, mean in enumerate(truth)]
    got = hierarchical(data, 0.1, rng)
    assert isinstance(got, RopePosterior)
    assert got.expected == pytest.approx(quadrature(data, 0.1), abs=0.015)


def test_hierarchical_answers_what_the_data_say() -> None:
    rng = np.random.default_rng(6)
    better = hierarchical([rng.normal(-2.0, 0.5, 30) for _ in range(8)], 0.1, rng)
    equal = hierarchical([rng.normal(0.0, 0.05, 30) for _ in range(8)], 0.1, rng)
    assert isinstance(better, RopePosterior)
    assert isinstance(equal, RopePosterior)
    assert better.x_better > 0.99
    assert equal.equivalent > 0.99


def test_hierarchical_is_equivariant() -> None:
    rng = np.random.default_rng(7)
    data = [rng.normal(m, 1.0, 15) for m in (0.3, -0.1, 0.2)]
    got = hierarchical(data, 0.2, np.random.default_rng(8))
    scaled = hierarchical([10 * values for values in data], 2.0, np.random.default_rng(8))
    assert isinstance(got, RopePosterior)
    assert isinstance(scaled, RopePosterior)
    assert got.expected == pytest.approx(scaled.expected)
    flipped = hierarchical([-values for values in data], 0.2, np.random.default_rng(9))
    assert isinstance(flipped, RopePosterior)
    assert flipped.expected == pytest.approx(got.expected[::-1], abs=0.02)


def test_degenerate_comparisons() -> None:
    rng = np.random.default_rng(10)
    run = np.arange(5.0)
    for outcome in (
        signed_rank([1.0], [2.0], 0.1, rng),
        signed_rank(run, run[:4], 0.1, rng),
        signed_rank(run, np.full(5, np.nan), 0.1, rng),
        hierarchical([run], 0.1, rng),
        hierarchical([run, run[:2]], 0.1, rng),
        hierarchical([run, np.ones(5)], 0.1, rng),
        hierarchical([run, run[::-1]], 0.1, rng),
        hierarchical([], 0.1, rng),
    ):
        assert isinstance(outcome, Undefined), outcome
    ties = signed_rank(run, run, 0.1, rng)
    assert isinstance(ties, RopePosterior)
    assert ties.equivalent == 1.0
    with pytest.raises(NasbenchError, match="half-width"):
        signed_rank(run, run, -0.1, rng)
