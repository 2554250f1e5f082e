"""Bands and p-values against exhaustive laws and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nasbench.theory.machinery import confidence_bands as bands


def test_dkw_radius_and_p_value_are_inverse() -> None:
    assert bands.dkw_p_value(bands.dkw_radius(250, 0.03), 250) == pytest.approx(0.03)


def test_cdf_distance_is_the_kolmogorov_statistic_on_a_fine_grid() -> None:
    samples = np.random.default_rng(1).geometric(0.2, size=300)
    grid = np.arange(1, 80)
    expected = max(abs((samples <= t).mean() - stats.geom.cdf(t, 0.2)) for t in grid)
    assert bands.cdf_distance(samples, stats.geom.cdf(grid, 0.2), first=1) == pytest.approx(expected)


def test_clopper_pearson_covers_exactly_enough() -> None:
    """Exact coverage of a probability by summation over all outcomes."""
    n, p = 20, 0.3
    covered = sum(stats.binom.pmf(k, n, p) for k in range(n + 1) if (i := bands.clopper_pearson(k, n))[0] <= p <= i[1])
    assert 0.95 <= covered < 1


def test_clopper_pearson_at_the_ends() -> None:
    assert bands.clopper_pearson(0, 10)[0] == 0.0
    assert bands.clopper_pearson(10, 10)[1] == 1.0


def test_mean_p_value_is_the_z_test() -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0])
    z = (values.mean() - 2) / np.sqrt(5 / 4)
    assert bands.mean_p_value(values, 2, 5) == pytest.approx(2 * stats.norm.sf(z))
    assert bands.mean_p_value(values, 2, 5, one_sided=True) == pytest.approx(stats.norm.sf(z))


def test_the_correction_for_skewness_is_monotone_and_calibrated() -> None:
    """Exponential samples of 50: of 4,000 p-values 5% lie below 0.05, give or take four standard errors and a half per cent."""
    rng = np.random.default_rng(3)
    samples = rng.exponential(size=(4_000, 50))
    share = np.mean([bands.mean_p_value(row, 1.0) <= 0.05 for row in samples])
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4_000) + 0.005
    stated = np.linspace(0.2, 30, 200)
    p = [bands.mean_p_value(samples[0], mean, one_sided=True) for mean in stated]
    assert (np.diff(p) >= 0).all() and p[-1] > 0.999


def test_mean_p_value_of_constants() -> None:
    assert bands.mean_p_value([3.0, 3.0], 3.0) == 1.0
    assert bands.mean_p_value([3.0, 3.0], 2.0) == 0.0
    assert bands.mean_p_value([3.0, 3.0], 4.0, one_sided=True) == 1.0


def test_chi_square_without_pooling_is_scipys() -> None:
    counts = np.array([30, 50, 20])
    probabilities = np.array([0.3, 0.45, 0.25])
    expected = stats.chisquare(counts, probabilities * 100).pvalue
    assert bands.chi_square_p_value(counts, probabilities) == pytest.approx(expected)


def test_chi_square_p_values_are_uniform_when_cells_are_pooled() -> None:
    """Kolmogorov test at 0.001: a wrong number of degrees of freedom would shift every p-value."""
    rng = np.random.default_rng(2)
    probabilities = stats.geom.pmf(np.arange(1, 60), 0.15)
    probabilities /= probabilities.sum()
    p = [bands.chi_square_p_value(rng.multinomial(500, probabilities), probabilities) for _ in range(600)]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_chi_square_needs_two_cells() -> None:
    with pytest.raises(ValueError, match="more samples"):
        bands.chi_square_p_value([3, 2], [0.5, 0.5])
