"""What sympy derives against sums, integrals and differences that are computed."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.stats import nhypergeom

from nasbench.theory.symbolic import drift, gradients
from nasbench.theory.symbolic import waiting_times as waiting


def test_hockey_stick_is_the_sum() -> None:
    derived = waiting.hockey_stick()
    for n, k in ((5, 2), (12, 1), (9, 9)):
        direct = sum(sp.binomial(j, k) for j in range(k, n + 1))
        assert derived.subs({waiting.N: n, waiting.K: k}) == direct


def test_moments_are_those_of_the_negative_hypergeometric() -> None:
    mean, variance = waiting.numeric()
    for n, k in ((20, 3), (157, 16), (50, 50)):
        # scipy counts the non-targets drawn before the first target
        law = nhypergeom(n, n - k, 1)
        assert mean(n, k) == pytest.approx(1 + law.mean())
        assert variance(n, k) == pytest.approx(law.var(), abs=1e-9)


def test_a_sum_that_does_not_telescope_is_refused() -> None:
    with pytest.raises(ArithmeticError, match="telescope"):
        waiting.telescope(sp.binomial(waiting.J, waiting.K), sp.binomial(waiting.J, waiting.K + 2))


@pytest.mark.parametrize("power", [1, 2, 3])
def test_variable_drift_is_its_integral(power: int) -> None:
    c, low, high = 0.3, 0.7, 9.0
    integral = quad(lambda s: 1 / (c * s**power), low, high)[0]
    bound = drift.numeric_variable_drift(power)(c, low, high)
    assert bound == pytest.approx(low / (c * low**power) + integral)


def test_multiplicative_drift_is_the_linear_case() -> None:
    assert sp.simplify(drift.variable_drift(1) - (1 + sp.log(drift.S0 / drift.S_MIN)) / drift.C) == 0


def test_onemax_time_is_the_sum() -> None:
    assert drift.numeric_onemax_time()(7, 4) == pytest.approx(sum(7 * 3 / d for d in range(1, 8)))


@pytest.mark.parametrize("choices", [2, 3])
def test_three_point_identity(choices: int) -> None:
    assert gradients.three_point_gap(choices) == 0


def test_three_point_identity_in_numbers() -> None:
    rng = np.random.default_rng(0)
    theta, g, eta = rng.dirichlet(np.ones(5)), rng.normal(size=5), 0.7
    after = theta * np.exp(eta * g)
    after /= after.sum()
    divergences = np.sum(after * np.log(after / theta)) + np.sum(theta * np.log(theta / after))
    assert g @ (after - theta) == pytest.approx(divergences / eta)


def test_central_difference_error() -> None:
    (eps, v), f3 = sp.symbols("epsilon v", positive=True), sp.Symbol("f3", real=True)
    assert sp.simplify(gradients.central_difference_error() - eps**2 * v**3 * f3 / 6) == 0
    assert gradients.central_difference_error(2) == 0, "exact for quadratics"
