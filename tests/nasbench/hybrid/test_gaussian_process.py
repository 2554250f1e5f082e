"""The Gaussian process against dense algebra, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from nasbench.errors import NasbenchError
from nasbench.search.gaussian_process import (
    extend,
    factorise,
    log_marginal_likelihood,
    posterior,
    profile_likelihood,
    weights,
    whiten,
)


def example(seed: int = 0, t: int = 12, m: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs, others = rng.normal(size=(t, 3)), rng.normal(size=(m, 3))
    return inputs, others, rng.normal(size=t)


def rbf(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1))


def test_posterior_is_the_dense_formula() -> None:
    x, z, y = example()
    noise = 0.1
    factor = factorise(rbf(x, x), noise)
    mean, variance = posterior(factor, y, rbf(x, z), np.ones(len(z)))
    inverse = np.linalg.inv(rbf(x, x) + noise * np.eye(len(x)))
    np.testing.assert_allclose(mean, rbf(z, x) @ inverse @ y, rtol=1e-10)
    np.testing.assert_allclose(variance, np.diag(rbf(z, z) - rbf(z, x) @ inverse @ rbf(x, z)), rtol=1e-9)
    np.testing.assert_allclose(weights(factor, y), inverse @ y, rtol=1e-9)


def test_posterior_and_likelihood_agree_with_scikit_learn() -> None:
    x, z, y = example(1)
    kernel = ConstantKernel(1.7) * RBF(1.0) + WhiteKernel(0.3)
    other = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(x, y)
    factor = factorise(1.7 * rbf(x, x), 0.3)
    assert log_marginal_likelihood(factor, y) == pytest.approx(other.log_marginal_likelihood_value_, abs=1e-9)
    mean, variance = posterior(factor, y, 1.7 * rbf(x, z), np.full(len(z), 1.7))
    theirs, deviation = other.predict(z, return_std=True)
    np.testing.assert_allclose(mean, theirs, rtol=1e-9)
    np.testing.assert_allclose(variance + 0.3, deviation**2, rtol=1e-9)


def test_likelihood_is_the_density_of_a_normal_vector() -> None:
    x, _, y = example(2)
    noise = np.linspace(0.1, 0.5, len(x))
    expected = multivariate_normal(np.zeros(len(x)), rbf(x, x) + np.diag(noise)).logpdf(y)
    assert log_marginal_likelihood(factorise(rbf(x, x), noise), y) == pytest.approx(expected)


def test_profile_is_the_maximum_over_the_signal_variance() -> None:
    x, _, y = example(3)
    best, variance = profile_likelihood(factorise(rbf(x, x), 0.2), y)
    at = {s: log_marginal_likelihood(factorise(s * rbf(x, x), s * 0.2), y) for s in variance * np.array([0.9, 1, 1.1])}
    assert at[variance] == pytest.approx(best)
    assert max(at.values()) == at[variance]


@pytest.mark.parametrize("step", [1, 3])
def test_growing_equals_factorising_anew(step: int) -> None:
    x, _, _ = example(4)
    factor = factorise(rbf(x[:3], x[:3]), 0.05)
    for at in range(3, len(x), step):
        old, new = x[:at], x[at : at + step]
        factor = extend(factor, rbf(old, new), rbf(new, new) + 0.05 * np.eye(len(new)))
    np.testing.assert_allclose(factor, factorise(rbf(x, x), 0.05), atol=1e-12)


def test_no_observations_leave_the_prior() -> None:
    empty = np.zeros((0, 0))
    mean, variance = posterior(empty, np.zeros(0), np.zeros((0, 4)), np.full(4, 2.0))
    np.testing.assert_array_equal(mean, 0.0)
    np.testing.assert_array_equal(variance, 2.0)
    np.testing.assert_allclose(extend(empty, np.zeros((0, 1)), 4.0), [[2.0]])
    assert whiten(empty, np.zeros((0, 2))).shape == (0, 2)


def test_indefinite_matrix_is_refused() -> None:
    with pytest.raises(NasbenchError, match="not positive definite"):
        factorise(np.array([[1.0, 2.0], [2.0, 1.0]]), 0.0)
