"""Every gradient source against brute-force expectation over all architectures, and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.hybrid.gradients import (
    ConditionalGradient,
    EnumeratedGradient,
    ProductKernelGradient,
    ScoreFunctionGradient,
)
from nasbench.search.simplex import sample, support
from nasbench.spaces.space import Space

SPACE = Space("mixed", ("a", "b", "c", "d"), (("0", "1"), ("0", "1", "2"), ("0", "1", "2", "3"), ("0", "1", "2")))


def random_theta(copies: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    theta = np.where(support(SPACE.cardinalities), rng.random((copies, SPACE.d, 4)) + 0.1, 0.0)
    return np.asarray(theta / theta.sum(axis=-1, keepdims=True))


def probabilities(theta: np.ndarray) -> np.ndarray:
    return np.asarray(theta[np.arange(SPACE.d), SPACE.all].prod(axis=-1))


def brute_force(theta: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`E[f(x) | x_e = o]`, by summing over the whole space."""
    result = np.zeros_like(theta)
    for r, one in enumerate(theta):
        p = probabilities(one)
        for e, k in enumerate(SPACE.cardinalities):
            for o in range(k):
                here = SPACE.all[:, e] == o
                result[r, e, o] = p[here] @ values[here] / p[here].sum()
    return result


def sources() -> dict[str, tuple[EnumeratedGradient | ProductKernelGradient, np.ndarray]]:
    rng = np.random.default_rng(1)
    values = rng.normal(size=SPACE.size)
    centres = SPACE.all[rng.integers(SPACE.size, size=9)]
    weights = rng.normal(size=9)
    kernel = np.where(SPACE.all[:, None] == centres, 1.0, 0.3).prod(axis=-1)
    return {
        "listed": (EnumeratedGradient(values, SPACE.cardinalities), values),
        "product kernel": (ProductKernelGradient(weights, centres, 0.3), kernel @ weights),
    }


@pytest.mark.parametrize("name", ["listed", "product kernel"])
def test_exact_sources_equal_brute_force(name: str) -> None:
    source, values = sources()[name]
    theta = random_theta()
    exists = support(SPACE.cardinalities)
    np.testing.assert_allclose(
        source.gradient(theta)[:, exists], brute_force(theta, values)[:, exists], rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(source.extension(theta), [probabilities(one) @ values for one in theta], rtol=1e-10)


@pytest.mark.parametrize("name", ["listed", "product kernel"])
def test_exact_sources_equal_finite_differences(name: str) -> None:
    source, _ = sources()[name]
    theta = random_theta(1, seed=2)
    gradient = source.gradient(theta)
    step = 1e-6
    for e, k in enumerate(SPACE.cardinalities):
        for o in range(k):
            up, down = theta.copy(), theta.copy()
            up[0, e, o] += step
            down[0, e, o] -= step
            slope = (source.extension(up) - source.extension(down)) / (2 * step)
            assert gradient[0, e, o] == pytest.approx(slope[0], abs=1e-8)


@pytest.mark.parametrize("name", ["listed", "product kernel"])
def test_at_a_vertex_the_gradient_is_the_one_decision_neighbourhood(name: str) -> None:
    source, values = sources()[name]
    x = SPACE.all[17]
    theta = (x[:, None] == np.arange(4)).astype(float)[None]
    gradient = source.gradient(theta)[0]
    for e, k in enumerate(SPACE.cardinalities):
        for o in range(k):
            other = x.copy()
            other[e] = o
            assert gradient[e, o] == pytest.approx(values[SPACE.index(other)])


def test_conditional_source_is_unbiased() -> None:
    """4,000 independent gradients: each coordinate's mean within 4.5 standard errors (twelve of them: error below 1e-4)."""
    _, values = sources()["listed"]
    theta = random_theta(1)
    source = ConditionalGradient(lambda a: values[SPACE.index(a)], SPACE.cardinalities, 2, np.random.default_rng(3))
    drawn = np.stack([source.gradient(theta)[0] for _ in range(4000)])
    exists = support(SPACE.cardinalities)
    error = drawn.mean(axis=0) - brute_force(theta, values)[0]
    assert (np.abs(error) <= 4.5 * drawn.std(axis=0) / np.sqrt(len(drawn)) + 1e-12)[exists].all()


def test_score_function_is_unbiased_by_exact_expectation() -> None:
    """Expectation over all architectures of the one-sample estimator, without chance, with and without a baseline."""
    _, values = sources()["listed"]
    theta = random_theta(1)
    exists = support(SPACE.cardinalities)
    exact = brute_force(theta, values)[0]
    p = probabilities(theta[0])
    for baseline in (0.0, 0.7):
        estimate = sum(
            p[i] * ScoreFunctionGradient(SPACE.all[i : i + 1], values[i : i + 1], baseline).gradient(theta)[0]
            for i in range(SPACE.size)
        )
        np.testing.assert_allclose((estimate - exact + baseline)[exists], 0.0, atol=1e-10)


def test_sampling_follows_theta() -> None:
    """Frequencies of 20,000 draws within 4.5 standard errors."""
    theta = random_theta(1)[0]
    drawn = sample(theta, np.random.default_rng(5).random((20000, SPACE.d)))
    for e, k in enumerate(SPACE.cardinalities):
        share = np.bincount(drawn[:, e], minlength=k) / len(drawn)
        assert (np.abs(share - theta[e, :k]) < 4.5 * np.sqrt(theta[e, :k] / len(drawn))).all()
    assert (sample(theta, np.full((1, SPACE.d), np.nextafter(1, 0))) == SPACE.cardinalities - 1).all()
